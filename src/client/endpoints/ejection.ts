import type { Clock, Timer } from "../../base/clock.ts";

/** A server is suspect when this many calls in a row have ended at their deadlines. */
const timeoutsMax = 5;

/** The length of the first ejection; the n-th is n times as long. As in Envoy by default. */
const ejectionMs = 30_000;
const ejectionMsMax = 300_000;

/**
 * Decides when one server is ejected, because calls in a row ended at their deadlines, and for how
 * long.
 */
export class Ejection {
  readonly #clock: Clock;
  readonly #over: () => void;
  #timeoutsInARow = 0;
  #times = 0;
  #timer: Timer | undefined;

  /**
   * @param over called when an ejection ends by itself, and not by {@link forget}
   */
  constructor(clock: Clock, over: () => void) {
    this.#clock = clock;
    this.#over = over;
  }

  /** Whether the server is ejected now. */
  get isActive(): boolean {
    return this.#timer !== undefined;
  }

  /** The server has answered a call, even if only by saying that it has too many. */
  answered(): void {
    this.#timeoutsInARow = 0;
    if (this.#timer === undefined) this.#times = 0;
  }

  /** A call has ended at its deadline. Returns whether the server is suspect now. */
  timedOut(): boolean {
    return ++this.#timeoutsInARow >= timeoutsMax;
  }

  /**
   * Begins an ejection, and returns its length in milliseconds. Must not be called while one
   * {@link isActive}.
   */
  start(): number {
    this.#times++;
    const durationMs = Math.min(ejectionMs * this.#times, ejectionMsMax);
    this.#timer = this.#clock.after(durationMs, () => {
      this.#timer = undefined;
      // On probation: one more call that ends at its deadline makes it suspect again.
      this.#timeoutsInARow = timeoutsMax - 1;
      this.#over();
    });
    return durationMs;
  }

  /** Forgets everything, because the server has gone or was replaced. */
  forget(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timeoutsInARow = 0;
    this.#times = 0;
  }
}
