/** The links of a {@link CallQueue}'s items. Only the queue that an item is in uses them. */
export interface Queued<Item> {
  previous: Item | undefined;
  next: Item | undefined;
}

/**
 * A queue whose items may also leave from the middle, when they are cancelled or expire: a doubly
 * linked list through the items. All operations take constant time.
 */
export class CallQueue<Item extends Queued<Item>> {
  #first: Item | undefined;
  #last: Item | undefined;
  #size = 0;

  /** Number of items. */
  get size(): number {
    return this.#size;
  }

  /** The item that has waited longest. */
  get first(): Item | undefined {
    return this.#first;
  }

  /** The item that was appended last. */
  get last(): Item | undefined {
    return this.#last;
  }

  /** Appends an item, which must not be in any queue. */
  push(item: Item): void {
    item.previous = this.#last;
    if (this.#last === undefined) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
    this.#size++;
  }

  /** Puts an item, which must not be in any queue, before all others. */
  unshift(item: Item): void {
    item.next = this.#first;
    if (this.#first === undefined) this.#last = item;
    else this.#first.previous = item;
    this.#first = item;
    this.#size++;
  }

  /** Removes and returns the first item. */
  shift(): Item | undefined {
    const item = this.#first;
    if (item !== undefined) this.remove(item);
    return item;
  }

  /** Removes an item, which must be in this queue. */
  remove(item: Item): void {
    if (item.previous === undefined) this.#first = item.next;
    else item.previous.next = item.next;
    if (item.next === undefined) this.#last = item.previous;
    else item.next.previous = item.previous;
    item.previous = item.next = undefined;
    this.#size--;
  }
}
