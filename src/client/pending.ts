import type { Call } from "./call.ts";

const slotsAtFirst = 16;

/**
 * The calls of one connection that were written and not answered, by id.
 *
 * This is a table of its own, because with a `Map` most of a client's time went to collecting
 * garbage: V8 links each outgrown table of a `Map` to the next one, so one of them in the old
 * generation keeps all later ones, with their contents, alive. Here ids count up, the low bits of
 * an id are its slot, and an id whose slot is taken is skipped. At most half of the slots are
 * taken.
 */
export class PendingCalls {
  #slots: (Call | undefined)[] = new Array(slotsAtFirst).fill(undefined);
  #size = 0;
  #lastId = 0;

  /** Calls in it. */
  get size(): number {
    return this.#size;
  }

  /** Adds a call, and sets and returns its id, which is unique for this connection. */
  add(call: Call): number {
    if (++this.#size * 2 > this.#slots.length) this.#grow();
    const mask = this.#slots.length - 1;
    do this.#lastId++; while (this.#slots[this.#lastId & mask] !== undefined);
    const id = this.#lastId;
    call.id = id;
    this.#slots[id & mask] = call;
    return id;
  }

  /** The call with an id. It stays in the table. */
  get(id: number): Call | undefined {
    const call = this.#slots[id & (this.#slots.length - 1)];
    return call?.id === id ? call : undefined;
  }

  /** Removes and returns a call, or returns `undefined` if none has that id. */
  take(id: number): Call | undefined {
    const slot = id & (this.#slots.length - 1);
    const call = this.#slots[slot];
    if (call === undefined || call.id !== id) return undefined;
    this.#slots[slot] = undefined;
    this.#size--;
    return call;
  }

  /** All calls, oldest first. They stay in the table. */
  all(): Call[] {
    return this.#slots.filter((call) => call !== undefined).sort((a, b) => a.id - b.id);
  }

  /** Removes and returns all calls, oldest first. */
  takeAll(): Call[] {
    const all = this.all();
    this.#slots = new Array(slotsAtFirst).fill(undefined);
    this.#size = 0;
    return all;
  }

  /** Ids with different slots in the small table have different slots in the larger one too. */
  #grow(): void {
    const slots: (Call | undefined)[] = new Array(this.#slots.length * 2).fill(undefined);
    for (const call of this.#slots) {
      if (call !== undefined) slots[call.id & (slots.length - 1)] = call;
    }
    this.#slots = slots;
  }
}
