/** Counts what each caller has under way. */
export class Shares {
  readonly #counts = new Map<string, number>();

  /** How many the caller has. */
  of(caller: string): number {
    return this.#counts.get(caller) ?? 0;
  }

  /** Counts one more, and returns how many the caller has. */
  add(caller: string): number {
    const count = (this.#counts.get(caller) ?? 0) + 1;
    this.#counts.set(caller, count);
    return count;
  }

  /** Counts one less. */
  remove(caller: string): void {
    const count = (this.#counts.get(caller) ?? 0) - 1;
    if (count > 0) this.#counts.set(caller, count);
    else this.#counts.delete(caller);
  }
}
