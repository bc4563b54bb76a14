/**
 * What waits, in a queue for each key. One of each key is taken in a round, and those of a key in
 * the order in which they came. A key that had its turn is the last.
 */
export class RoundRobin<Key, Item> {
  readonly #queues = new Map<Key, Item[]>();

  /** Keys that something waits under. */
  get size(): number {
    return this.#queues.size;
  }

  add(key: Key, item: Item): void {
    const queue = this.#queues.get(key);
    if (queue === undefined) this.#queues.set(key, [item]);
    else queue.push(item);
  }

  /** Removes and returns the next one; `undefined` if nothing waits. */
  take(): Item | undefined {
    for (const [key, queue] of this.#queues) {
      this.#queues.delete(key);
      const item = queue.shift();
      if (queue.length > 0) this.#queues.set(key, queue);
      return item;
    }
    return undefined;
  }
}
