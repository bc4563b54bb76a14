import type { Call, Done } from "./call.ts";

/** A call that was written and not answered. */
export interface Pending {
  readonly id: number;
  readonly call: Call;
  readonly done: Done;
}

const slotsAtFirst = 16;

/**
 * The calls of one connection that were written and not answered, by the id that each gets here.
 *
 * A table of its own, because with a `Map` most of a client's time went to collecting garbage: V8 links
 * each outgrown table of a `Map` to the next one, so that one of them in the old generation keeps all
 * later ones, and what they held, alive. Here an id counts up, its low bits are its slot, and an id whose
 * slot is taken is passed over; at most half of the slots are.
 */
export class PendingCalls {
  #slots: (Pending | undefined)[] = new Array(slotsAtFirst).fill(undefined);
  #size = 0;
  #lastId = 0;

  /** Calls in it. */
  get size(): number {
    return this.#size;
  }

  /** Keeps a call and returns its id, which no other call of this connection gets. */
  add(call: Call, done: Done): number {
    if (++this.#size * 2 > this.#slots.length) this.#grow();
    const mask = this.#slots.length - 1;
    do this.#lastId++; while (this.#slots[this.#lastId & mask] !== undefined);
    const id = this.#lastId;
    this.#slots[id & mask] = { id, call, done };
    return id;
  }

  /** The call that has an id, which stays. */
  get(id: number): Pending | undefined {
    const pending = this.#slots[id & (this.#slots.length - 1)];
    return pending?.id === id ? pending : undefined;
  }

  /** Takes a call out, or returns `undefined` if none has that id (any more). */
  take(id: number): Pending | undefined {
    const slot = id & (this.#slots.length - 1);
    const pending = this.#slots[slot];
    if (pending === undefined || pending.id !== id) return undefined;
    this.#slots[slot] = undefined;
    this.#size--;
    return pending;
  }

  /** Takes all out, oldest first. */
  takeAll(): Pending[] {
    const all = this.#slots.filter((pending) => pending !== undefined);
    this.#slots = new Array(slotsAtFirst).fill(undefined);
    this.#size = 0;
    return all.sort((a, b) => a.id - b.id);
  }

  /** Ids that differ in their low bits differ in more of them too, so no two want the same new slot. */
  #grow(): void {
    const slots: (Pending | undefined)[] = new Array(this.#slots.length * 2).fill(undefined);
    for (const pending of this.#slots) {
      if (pending !== undefined) slots[pending.id & (slots.length - 1)] = pending;
    }
    this.#slots = slots;
  }
}
