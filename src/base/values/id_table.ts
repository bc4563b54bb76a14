const slotsAtFirst = 16;

/**
 * What waits for an answer, by the ids that it was given.
 *
 * It is not a `Map`, with which most of a client's time went to collecting garbage: V8 links each
 * outgrown table of a `Map` to the next one, so one of them in the old generation keeps all later
 * ones, with their contents, alive. Here ids count up, the low bits of an id are its slot, and an
 * id whose slot is taken is skipped. At most half of the slots are taken.
 */
export class IdTable<Item> {
  #ids: number[] = new Array(slotsAtFirst).fill(0);
  #items: (Item | undefined)[] = new Array(slotsAtFirst).fill(undefined);
  #size = 0;
  #lastId = 0;

  /** How many items are in it. */
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
    do this.#lastId++; while (this.#items[this.#lastId & mask] !== undefined);
    return this.#lastId;
  }

  /** Adds an item with an id that was given to it. */
  add(id: number, item: Item): void {
    // Not where each id is used before the next one is given.
    while (this.#items[id & (this.#ids.length - 1)] !== undefined) this.#grow();
    const slot = id & (this.#ids.length - 1);
    this.#ids[slot] = id;
    this.#items[slot] = item;
    this.#size++;
  }

  /** The item with an id. It stays in the table. */
  get(id: number): Item | undefined {
    const slot = id & (this.#ids.length - 1);
    return this.#ids[slot] === id ? this.#items[slot] : undefined;
  }

  /** Removes and returns an item, or returns `undefined` if none has that id. */
  take(id: number): Item | undefined {
    const slot = id & (this.#ids.length - 1);
    const item = this.#items[slot];
    if (item === undefined || this.#ids[slot] !== id) return undefined;
    this.#items[slot] = undefined;
    this.#size--;
    return item;
  }

  /** All items, oldest first. They stay in the table. */
  all(): (readonly [id: number, item: Item])[] {
    const all: (readonly [number, Item])[] = [];
    for (const [slot, item] of this.#items.entries()) {
      if (item !== undefined) all.push([this.#ids[slot] as number, item]);
    }
    return all.sort(([a], [b]) => a - b);
  }

  /** Removes and returns all items, oldest first. */
  takeAll(): (readonly [id: number, item: Item])[] {
    const all = this.all();
    this.#items.fill(undefined);
    this.#size = 0;
    return all;
  }

  /** Ids with different slots in the small table have different slots in the larger one too. */
  #grow(): void {
    const all = this.all();
    const length = this.#ids.length * 2;
    this.#ids = new Array(length).fill(0);
    this.#items = new Array(length).fill(undefined);
    this.#size = 0;
    for (const [id, item] of all) this.add(id, item);
  }
}
