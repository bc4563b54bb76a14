/**
 * What waits, in a queue for each key. One of each key is taken in a round, and those of a key in
 * the order in which they came. A key that had its turn is the last.
 */
export class RoundRobin<Key, Item> {
  readonly #queues = new Map<Key, Item[]>();
  /** Keys that go without a turn in this round, or went without one in the last. */
  readonly #skips = new Map<Key, "owed" | "paid">();

  /** Keys that something waits under. */
  get size(): number {
    return this.#queues.size;
  }

  add(key: Key, item: Item): void {
    const queue = this.#queues.get(key);
    if (queue === undefined) this.#queues.set(key, [item]);
    else queue.push(item);
  }

  /**
   * Notes that a key had a turn elsewhere: if anything waits under it and others wait, too, it goes
   * without one here, but never twice in a row.
   */
  owes(key: Key): void {
    if (this.#queues.has(key) && !this.#skips.has(key)) this.#skips.set(key, "owed");
  }

  /** Removes and returns the next one; `undefined` if nothing waits. */
  take(): Item | undefined {
    for (const [key, queue] of this.#queues) {
      this.#queues.delete(key);
      if (this.#queues.size > 0 && this.#skips.get(key) === "owed") {
        this.#skips.set(key, "paid");
        this.#queues.set(key, queue);
        continue;
      }
      this.#skips.delete(key);
      const item = queue.shift();
      if (queue.length > 0) this.#queues.set(key, queue);
      return item;
    }
    return undefined;
  }
}
