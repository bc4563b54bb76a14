/**
 * Tells whether something has made no progress for too long. It has to be asked periodically: it
 * has no timer, because ten thousand connections would need ten thousand.
 */
export class StallTimer {
  readonly #timeoutMs: number;
  #mark: number | undefined;
  #sinceMs = 0;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /**
   * @param mark a number that changes with any progress; `undefined` while there is nothing to do
   * @param nowMs on the clock's monotonic scale
   * @param moreMs how much longer than its time it may take
   */
  isStalled(mark: number | undefined, nowMs: number, moreMs = 0): boolean {
    if (mark !== this.#mark) {
      this.#mark = mark;
      this.#sinceMs = nowMs;
    }
    return mark !== undefined && nowMs - this.#sinceMs >= this.#timeoutMs + moreMs;
  }
}
