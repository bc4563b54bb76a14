import type { Random } from "./random.ts";

/** Bounds of a {@link Backoff}. */
interface BackoffOptions {
  /** The longest first delay, in milliseconds. */
  readonly baseMs: number;
  /** The longest delay ever, in milliseconds. */
  readonly maxMs: number;
}

/**
 * Delays that double with each failure, each drawn from the upper half of its range, so that many
 * clients which lost the same server do not come back in step ("equal jitter" in Marc Brooker's
 * "Exponential Backoff And Jitter", 2015).
 */
export class Backoff {
  readonly #random: Random;
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(random: Random, options: BackoffOptions) {
    this.#random = random;
    this.#options = options;
  }

  /** Failures in a row since the last {@link reset}. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts one more failure and says how long to wait before the next attempt, in milliseconds. */
  next(): number {
    const { baseMs, maxMs } = this.#options;
    // 2^30 times any base is past any maximum; the bound keeps the power finite.
    const ceilingMs = Math.min(maxMs, baseMs * 2 ** Math.min(this.#failures, 30));
    this.#failures++;
    return ceilingMs * (0.5 + this.#random() / 2);
  }

  /** An attempt succeeded: the next failure starts from the base again. */
  reset(): void {
    this.#failures = 0;
  }
}
