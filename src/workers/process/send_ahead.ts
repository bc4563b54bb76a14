/** A call that has run for this long is long: nothing stands behind it any more. */
export const longCallMs = 5;

/**
 * Calls of this length on the average are short: the way to the worker and back counts beside them.
 */
const shortCallMs = 1;

/** Most calls that a worker of short ones has at once. More of them are no faster. */
export const sendAheadMax = 64;

/**
 * How many calls a worker may be given at once, of which one runs and the others wait in its pipe,
 * so that it need not wait for the next: twice as many after each read of short ones, and no more
 * than one after a long one.
 */
export class SendAhead {
  #capacity = 1;

  /** Calls that it may have, the running one included. */
  get capacity(): number {
    return this.#capacity;
  }

  /** So many answers came after so long. */
  answered(count: number, elapsedMs: number): void {
    if (elapsedMs >= longCallMs || elapsedMs / count >= shortCallMs) this.#capacity = 1;
    else this.#capacity = Math.min(this.#capacity * 2, sendAheadMax);
  }

  /** A call turned out to be long. */
  stop(): void {
    this.#capacity = 1;
  }
}
