/**
 * Those who wait until something happens here: a wake-up, which tells nothing. Whoever wakes looks
 * again at what it waits for.
 */
export class Waiters {
  #resolves: (() => void)[] = [];

  /** Resolves at the next {@link wake}. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#resolves.push(resolve));
  }

  /** Wakes all that wait now. Costs next to nothing if none does. */
  wake(): void {
    if (this.#resolves.length === 0) return;
    const resolves = this.#resolves;
    this.#resolves = [];
    for (const resolve of resolves) resolve();
  }
}
