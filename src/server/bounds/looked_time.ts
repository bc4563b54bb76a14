/**
 * The time of a periodic look, in which silence may be held against a peer. It stands still while
 * nobody looks: a process that was stopped, or that a busy machine gave no time, has not read what
 * its peers have sent meanwhile.
 */
export class LookedTime {
  readonly #gapMsMax: number;
  #lookedAtMs: number | undefined;
  /** By how much it is behind the clock. */
  #behindMs = 0;

  /** @param periodMs how often is looked. Up to twice as much counts between two looks */
  constructor(periodMs: number) {
    this.#gapMsMax = 2 * periodMs;
  }

  /**
   * The time at this look. To be called at each of them.
   *
   * @param nowMs on the clock's monotonic scale
   */
  look(nowMs: number): number {
    const gapMs = nowMs - (this.#lookedAtMs ?? nowMs);
    this.#lookedAtMs = nowMs;
    this.#behindMs += Math.max(0, gapMs - this.#gapMsMax);
    return nowMs - this.#behindMs;
  }
}
