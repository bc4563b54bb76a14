/** What a {@link CallQueue} needs of its items: the links belong to the queue alone. */
export interface Queued<Item> {
  previous: Item | undefined;
  next: Item | undefined;
}

/**
 * A queue from whose middle items leave too, cancelled or expired: a doubly linked list through the
 * items themselves. Everything takes constant time.
 */
export class CallQueue<Item extends Queued<Item>> {
  #first: Item | undefined;
  #last: Item | undefined;
  #size = 0;

  /** Items that wait. */
  get size(): number {
    return this.#size;
  }

  /** The item that has been in it for the longest. */
  get first(): Item | undefined {
    return this.#first;
  }

  /** The item that was appended last. */
  get last(): Item | undefined {
    return this.#last;
  }

  /** Appends an item that is in no queue. */
  push(item: Item): void {
    item.previous = this.#last;
    if (this.#last === undefined) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
    this.#size++;
  }

  /** Puts an item that is in no queue before all others. */
  unshift(item: Item): void {
    item.next = this.#first;
    if (this.#first === undefined) this.#last = item;
    else this.#first.previous = item;
    this.#first = item;
    this.#size++;
  }

  /** Takes the first item out. */
  shift(): Item | undefined {
    const item = this.#first;
    if (item !== undefined) this.remove(item);
    return item;
  }

  /** Takes out an item that is in this queue. */
  remove(item: Item): void {
    if (item.previous === undefined) this.#first = item.next;
    else item.previous.next = item.next;
    if (item.next === undefined) this.#last = item.previous;
    else item.next.previous = item.previous;
    item.previous = item.next = undefined;
    this.#size--;
  }
}
