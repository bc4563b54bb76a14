import type { LogFields, Logger } from "../base/log.ts";

/**
 * Entries that are told of one by one; of more than these, a registry is told to be somebody
 * else's.
 */
const singlesMax = 8;

/** What a {@link SkippedEntries} says. */
interface SkippedOptions {
  readonly log: Logger;
  /** One entry, and many: `a node in ZooKeeper that is no instance`. */
  readonly one: string;
  readonly many: string;
  /** Where an entry is, for the log. */
  readonly fields: (name: string) => LogFields;
}

/**
 * Entries of a registry that are no instances, each told of once: a few by themselves, many as a
 * number and one of them, and again only when they have become twice as many. Whoever can write to
 * a registry could otherwise fill every client's log.
 */
export class SkippedEntries {
  readonly #options: SkippedOptions;
  readonly #known = new Set<string>();
  #fresh: { readonly name: string; readonly reason: string }[] = [];
  #toldOf = 0;

  constructor(options: SkippedOptions) {
    this.#options = options;
  }

  /** Takes an entry, to be told of by {@link tell} if it is new. */
  add(name: string, reason: string): void {
    if (this.#known.has(name)) return;
    this.#known.add(name);
    this.#fresh.push({ name, reason });
  }

  /** Forgets one that is not there any more. */
  forget(name: string): void {
    if (this.#known.delete(name)) this.#toldOf = Math.min(this.#toldOf, this.#known.size);
  }

  /** Forgets those that are not there any more. */
  keepOnly(isThere: (name: string) => boolean): void {
    for (const name of this.#known) if (!isThere(name)) this.#known.delete(name);
    this.#toldOf = Math.min(this.#toldOf, this.#known.size);
  }

  /** Tells of the new ones. To be called after each reading. */
  tell(): void {
    const { log, one, many, fields } = this.#options;
    const [first, ...others] = this.#fresh;
    if (first === undefined) return;
    const count = this.#known.size;
    if (count <= singlesMax) {
      for (const { name, reason } of [first, ...others]) {
        log.warn(`Skipped ${one}`, { ...fields(name), reason });
      }
    } else if (count >= 2 * this.#toldOf) {
      const { name, reason } = first;
      log.warn(`Skipped ${count} ${many}, for example this`, { ...fields(name), reason });
    } else return;
    this.#fresh = [];
    this.#toldOf = count;
  }
}
