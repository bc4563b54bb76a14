/**
 * Tells whether something has stood still for too long, when asked now and then. It has no timer of
 * its own: ten thousand connections would have ten thousand timers.
 */
export class StallTimer {
  readonly #timeoutMs: number;
  #mark: number | undefined;
  #sinceMs = 0;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /**
   * @param mark a number that changes with any progress; `undefined` while nothing is to be done
   * @param nowMs on the clock's monotonic scale
   */
  isStalled(mark: number | undefined, nowMs: number): boolean {
    if (mark !== this.#mark) {
      this.#mark = mark;
      this.#sinceMs = nowMs;
    }
    return mark !== undefined && nowMs - this.#sinceMs >= this.#timeoutMs;
  }
}
