import { aheadPatienceMs, mediumCallMs } from "../limits.ts";

/** A call that has run for this long is long: no calls are left behind it. */
export const longCallMs = 5;

/**
 * Calls are short up to this average: sending them one by one would cost as much as running them.
 */
const shortCallMs = 1;

/** Most short calls that a worker has at once. More would not be faster. */
export const sendAheadMax = 64;

/**
 * How many calls a worker may have at once: one runs, and the others wait in its pipe, so that it
 * need not wait for the next one. The number doubles after each read with short calls; after a
 * medium one it is two, and after a long one one.
 */
export class SendAhead {
  #capacity = 1;
  #isMedium = false;

  /** Most calls at once, including the running one. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Whether the last calls were so long that one more is worth it only if all workers are busy. */
  get isMedium(): boolean {
    return this.#isMedium;
  }

  /** For how long a call may run before so many others are taken back from behind it. */
  patienceMs(others: number): number {
    return this.#isMedium && others <= 1 ? aheadPatienceMs : longCallMs;
  }

  /** Adapts to a number of answers that took this long. */
  answered(count: number, elapsedMs: number): void {
    const eachMs = elapsedMs / count;
    if (eachMs >= mediumCallMs) return this.stop();
    this.#isMedium = elapsedMs >= longCallMs || eachMs >= shortCallMs;
    this.#capacity = this.#isMedium ? 2 : Math.min(this.#capacity * 2, sendAheadMax);
  }

  /** Falls back to one call, because one turned out to be long. */
  stop(): void {
    this.#capacity = 1;
    this.#isMedium = false;
  }
}
