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
 * need not wait for the next one. The number doubles after each read with short calls, and falls to
 * one after a long call.
 */
export class SendAhead {
  #capacity = 1;

  /** Most calls at once, including the running one. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Adapts to a number of answers that took this long. */
  answered(count: number, elapsedMs: number): void {
    if (elapsedMs >= longCallMs || elapsedMs / count >= shortCallMs) this.#capacity = 1;
    else this.#capacity = Math.min(this.#capacity * 2, sendAheadMax);
  }

  /** Falls back to one call, because one turned out to be long. */
  stop(): void {
    this.#capacity = 1;
  }
}
