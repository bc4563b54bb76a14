import type { LogFields, Logger } from "../base/log.ts";

/** Up to this many entries are logged one by one; more are logged as a number. */
const singlesMax = 8;

/** The words of a {@link SkippedEntries}. */
interface SkippedOptions {
  readonly log: Logger;
  /** One entry, and many: `a node in ZooKeeper that is no instance`. */
  readonly one: string;
  readonly many: string;
  /** Where an entry is, for the log. */
  readonly fields: (name: string) => LogFields;
}

/**
 * Logs entries of a registry that are not instances, each once: a few one by one, many as a number
 * with an example, and again only when there are twice as many. Otherwise whoever can write to a
 * registry could fill every client's log.
 */
export class SkippedEntries {
  readonly #options: SkippedOptions;
  readonly #known = new Set<string>();
  #fresh: { readonly name: string; readonly reason: string }[] = [];
  #toldOf = 0;

  constructor(options: SkippedOptions) {
    this.#options = options;
  }

  /** Adds an entry. If it is new, {@link tell} logs it. */
  add(name: string, reason: string): void {
    if (this.#known.has(name)) return;
    this.#known.add(name);
    this.#fresh.push({ name, reason });
  }

  /** Removes an entry that is gone. */
  forget(name: string): void {
    if (this.#known.delete(name)) this.#toldOf = Math.min(this.#toldOf, this.#known.size);
  }

  /** Removes the entries that are gone. */
  keepOnly(isThere: (name: string) => boolean): void {
    for (const name of this.#known) if (!isThere(name)) this.#known.delete(name);
    this.#toldOf = Math.min(this.#toldOf, this.#known.size);
  }

  /** Logs the new entries. To be called after each reading. */
  tell(): void {
    const { log, one, many, fields } = this.#options;
    const [first, ...others] = this.#fresh;
    if (first === undefined) return;
    // Also those that are not logged: they may be gone by the next time.
    this.#fresh = [];
    const count = this.#known.size;
    if (count <= singlesMax) {
      for (const { name, reason } of [first, ...others]) {
        log.warn(`Skipped ${one}`, { ...fields(name), reason });
      }
    } else if (count >= 2 * this.#toldOf) {
      const { name, reason } = first;
      log.warn(`Skipped ${count} ${many}, for example this`, { ...fields(name), reason });
    } else return;
    this.#toldOf = count;
  }
}
