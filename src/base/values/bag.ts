/** What a {@link Bag} needs of its items: the place belongs to the bag that it is in. */
export interface Bagged {
  at: number | undefined;
}

/**
 * Items in no order, each of which knows its place.
 *
 * For what comes and goes all the time. V8 links each outgrown table of a `Set` or `Map` to the
 * next one, so one of them in the old generation keeps all later ones alive, with their contents.
 * With such tables a third of a server's time for a call to a worker was the collector's.
 */
export class Bag<Item extends Bagged> {
  readonly #items: Item[] = [];

  /** How many they are. */
  get size(): number {
    return this.#items.length;
  }

  /** A copy: an item that is told of something may leave meanwhile. */
  all(): Item[] {
    return this.#items.slice();
  }

  /** Adds an item that is in no bag. */
  add(item: Item): void {
    item.at = this.#items.push(item) - 1;
  }

  /** Takes out an item that is in this bag, or in none. Returns whether it was in it. */
  delete(item: Item): boolean {
    const { at } = item;
    if (at === undefined) return false;
    item.at = undefined;
    const last = this.#items.pop() as Item;
    if (last !== item) {
      this.#items[at] = last;
      last.at = at;
    }
    return true;
  }
}
