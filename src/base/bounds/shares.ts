/** Counts what each caller has under way. */
export class Shares<Caller = string> {
  readonly #counts = new Map<Caller, number>();

  /** How many the caller has. */
  of(caller: Caller): number {
    return this.#counts.get(caller) ?? 0;
  }

  /** Counts one more, and returns how many the caller has. */
  add(caller: Caller): number {
    const count = (this.#counts.get(caller) ?? 0) + 1;
    this.#counts.set(caller, count);
    return count;
  }

  /** Counts one less. */
  remove(caller: Caller): void {
    const count = (this.#counts.get(caller) ?? 0) - 1;
    if (count > 0) this.#counts.set(caller, count);
    else this.#counts.delete(caller);
  }
}
