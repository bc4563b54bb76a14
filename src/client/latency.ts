/** How long a past answer goes on to count, in milliseconds: after this time its weight is 1/e. */
const decayMs = 10_000;

/** The shortest latency there is: 0 means that nothing is known. */
const latencyMsMin = 0.001;

/** Failures alone make nobody slower than this, so that one that mends is back within a minute. */
const penaltyMsMax = 5_000;

/**
 * A server's recent latency: a moving average whose weights fall off with time, not with the number of
 * answers ("EWMA", as Finagle's balancer keeps it). One that is not used forgets, so that a server
 * which was slow for a while is tried again.
 */
export class LatencyAverage {
  #valueMs = 0;
  #updatedAtMs = 0;

  /** Takes in one answer's latency. */
  observe(measuredMs: number, nowMs: number): void {
    const latencyMs = Math.max(measuredMs, latencyMsMin);
    if (this.#valueMs === 0) {
      this.#valueMs = latencyMs;
    } else {
      const weight = Math.exp((this.#updatedAtMs - nowMs) / decayMs);
      // Answers that come close together would hardly count by time alone.
      const kept = Math.min(weight, 0.9);
      this.#valueMs = this.#valueMs * kept + latencyMs * (1 - kept);
    }
    this.#updatedAtMs = nowMs;
  }

  /**
   * The server failed a call that another one might have carried out. It counts as twice as slow as it was:
   * one that fails at once has nothing in flight, and would draw ever more calls.
   */
  penalize(nowMs: number): void {
    const valueMs = Math.max(this.valueAt(nowMs), 1);
    this.#valueMs = Math.max(valueMs, Math.min(valueMs * 2, penaltyMsMax));
    this.#updatedAtMs = nowMs;
  }

  /** The average in milliseconds; 0 if nothing is known. */
  valueAt(nowMs: number): number {
    const idleMs = nowMs - this.#updatedAtMs;
    // Up to a second without answers is nothing to forget for, and spares the exponential.
    return idleMs < 1_000 ? this.#valueMs : this.#valueMs * Math.exp((1_000 - idleMs) / decayMs);
  }
}

/** Methods that one server's latency is kept of. Past it all are forgotten, and learned again. */
const methodsMax = 256;

/** A server's recent latency, method by method: how long `ping` takes says nothing of `fib`. */
export class MethodLatencies {
  readonly #averages = new Map<string, LatencyAverage>();

  /** The average of a method, to be told of an answer. */
  of(method: string): LatencyAverage {
    let average = this.#averages.get(method);
    if (average === undefined) {
      if (this.#averages.size >= methodsMax) this.#averages.clear();
      average = new LatencyAverage();
      this.#averages.set(method, average);
    }
    return average;
  }

  /** The average of a method in milliseconds; 0 if nothing is known. */
  valueAt(method: string, nowMs: number): number {
    return this.#averages.get(method)?.valueAt(nowMs) ?? 0;
  }
}
