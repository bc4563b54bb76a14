const slotsAtFirst = 128;

/**
 * The requests that a worker has not answered yet, by id.
 *
 * It is not a `Map`, since outgrown tables of a `Map` keep answered requests alive (see `Bag`). Ids
 * count up, the low bits of an id are its slot, and an id whose slot is taken is skipped. At most
 * half of the slots are taken.
 */
export class PendingRequests<Receiver> {
  #ids: number[] = new Array(slotsAtFirst).fill(0);
  #receivers: (Receiver | undefined)[] = new Array(slotsAtFirst).fill(undefined);
  #size = 0;
  #lastId = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** The id that was given last. */
  get lastId(): number {
    return this.#lastId;
  }

  /** An id that none had before. */
  nextId(): number {
    if ((this.#size + 1) * 2 > this.#ids.length) this.#grow();
    const mask = this.#ids.length - 1;
    do this.#lastId++; while (this.#receivers[this.#lastId & mask] !== undefined);
    return this.#lastId;
  }

  /** Adds a request with an id that was given to it. */
  add(id: number, receiver: Receiver): void {
    // Not where each id is used before the next one is given.
    while (this.#receivers[id & (this.#ids.length - 1)] !== undefined) this.#grow();
    const slot = id & (this.#ids.length - 1);
    this.#ids[slot] = id;
    this.#receivers[slot] = receiver;
    this.#size++;
  }

  /** Who waits for the answer to a request. */
  get(id: number): Receiver | undefined {
    const slot = id & (this.#ids.length - 1);
    return this.#ids[slot] === id ? this.#receivers[slot] : undefined;
  }

  /** Removes a request, if it is there. */
  delete(id: number): void {
    if (this.get(id) === undefined) return;
    this.#receivers[id & (this.#ids.length - 1)] = undefined;
    this.#size--;
  }

  /** All of them, oldest first. */
  all(): (readonly [id: number, receiver: Receiver])[] {
    const all: (readonly [number, Receiver])[] = [];
    for (const [slot, receiver] of this.#receivers.entries()) {
      if (receiver !== undefined) all.push([this.#ids[slot] as number, receiver]);
    }
    return all.sort(([a], [b]) => a - b);
  }

  /** Removes all. */
  clear(): void {
    this.#receivers.fill(undefined);
    this.#size = 0;
  }

  /** Ids with different slots in the small table have different slots in the larger one too. */
  #grow(): void {
    const all = this.all();
    const length = this.#ids.length * 2;
    this.#ids = new Array(length).fill(0);
    this.#receivers = new Array(length).fill(undefined);
    this.#size = 0;
    for (const [id, receiver] of all) this.add(id, receiver);
  }
}
