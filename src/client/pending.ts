import type { Call } from "./call.ts";

const slotsAtFirst = 16;

/**
 * The calls of one connection that were written and not answered, by the id that each gets here.
 *
 * A table of its own, because with a `Map` most of a client's time went to collecting garbage: V8
 * links each outgrown table of a `Map` to the next one, so that one of them in the old generation
 * keeps all later ones, and what they held, alive. Here an id counts up, its low bits are its slot,
 * and an id whose slot is taken is passed over; at most half of the slots are.
 */
export class PendingCalls {
  #slots: (Call | undefined)[] = new Array(slotsAtFirst).fill(undefined);
  #size = 0;
  #lastId = 0;

  /** Calls in it. */
  get size(): number {
    return this.#size;
  }

  /** Keeps a call, sets its id, which no other call of this connection gets, and returns that. */
  add(call: Call): number {
    if (++this.#size * 2 > this.#slots.length) this.#grow();
    const mask = this.#slots.length - 1;
    do this.#lastId++; while (this.#slots[this.#lastId & mask] !== undefined);
    const id = this.#lastId;
    call.id = id;
    this.#slots[id & mask] = call;
    return id;
  }

  /** The call that has an id, which stays. */
  get(id: number): Call | undefined {
    const call = this.#slots[id & (this.#slots.length - 1)];
    return call?.id === id ? call : undefined;
  }

  /** Takes a call out, or returns `undefined` if none has that id (any more). */
  take(id: number): Call | undefined {
    const slot = id & (this.#slots.length - 1);
    const call = this.#slots[slot];
    if (call === undefined || call.id !== id) return undefined;
    this.#slots[slot] = undefined;
    this.#size--;
    return call;
  }

  /** Takes all out, oldest first. */
  takeAll(): Call[] {
    const all = this.#slots.filter((call) => call !== undefined);
    this.#slots = new Array(slotsAtFirst).fill(undefined);
    this.#size = 0;
    return all.sort((a, b) => a.id - b.id);
  }

  /**
   * Ids that differ in their low bits differ in more of them too, so no two want the same new slot.
   */
  #grow(): void {
    const slots: (Call | undefined)[] = new Array(this.#slots.length * 2).fill(undefined);
    for (const call of this.#slots) {
      if (call !== undefined) slots[call.id & (slots.length - 1)] = call;
    }
    this.#slots = slots;
  }
}
