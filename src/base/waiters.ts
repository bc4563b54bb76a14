/**
 * Promises that wait for the next wake-up. A wake-up carries no value: whoever is woken looks again
 * at what it waits for (a condition variable).
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
