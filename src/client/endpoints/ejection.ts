import type { Clock, Timer } from "../../base/clock.ts";

/** So many calls in a row must end at their deadlines before a server is suspected. */
const timeoutsMax = 5;

/**
 * An ejection's length for the first time, multiplied by how often it happened: Envoy's defaults.
 */
const ejectionMs = 30_000;
const ejectionMsMax = 300_000;

/**
 * What speaks against one server: calls that end at their deadlines one after the other, and how
 * long it is left alone for that.
 */
export class Ejection {
  readonly #clock: Clock;
  readonly #over: () => void;
  #timeoutsInARow = 0;
  #times = 0;
  #timer: Timer | undefined;

  /**
   * @param over called when an ejection has run its time; not when it is {@link forget forgotten}
   */
  constructor(clock: Clock, over: () => void) {
    this.#clock = clock;
    this.#over = over;
  }

  /** Whether the server is ejected now. */
  get isActive(): boolean {
    return this.#timer !== undefined;
  }

  /** The server has carried a call out, or said that it has too many of them. */
  answered(): void {
    this.#timeoutsInARow = 0;
    if (this.#timer === undefined) this.#times = 0;
  }

  /** A call has ended at its deadline. Returns whether the server is suspect by now. */
  timedOut(): boolean {
    return ++this.#timeoutsInARow >= timeoutsMax;
  }

  /**
   * Begins an ejection, and returns its length in milliseconds. Not while one
   * {@link isActive is active}.
   */
  start(): number {
    this.#times++;
    const durationMs = Math.min(ejectionMs * this.#times, ejectionMsMax);
    this.#timer = this.#clock.after(durationMs, () => {
      this.#timer = undefined;
      // On probation: one more call that ends at its deadline, and it is suspect again.
      this.#timeoutsInARow = timeoutsMax - 1;
      this.#over();
    });
    return durationMs;
  }

  /** Forgets everything: the server has gone, or another one has taken its place. */
  forget(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timeoutsInARow = 0;
    this.#times = 0;
  }
}
