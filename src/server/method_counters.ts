import type { ErrorName } from "../base/errors.ts";
import { quantileOf } from "../base/quantile.ts";
import type { MethodStats } from "../wire/reports/stats.ts";

/** Latencies that are kept for each procedure: enough for a 99th percentile, in 4 KiB. */
const windowSize = 1_024;

/** Counts one procedure's calls, and keeps the latest latencies in a ring. */
export class MethodCounters {
  readonly #errors = new Map<ErrorName, number>();
  readonly #latenciesMs = new Float32Array(windowSize);
  #calls = 0;
  #measured = 0;

  /** Calls counted. */
  get calls(): number {
    return this.#calls;
  }

  /** Counts a call. */
  count(): void {
    this.#calls++;
  }

  /** Counts the failure of a call that was counted. */
  countError(name: ErrorName): void {
    this.#errors.set(name, (this.#errors.get(name) ?? 0) + 1);
  }

  /** Remembers a latency in place of the oldest one. */
  measure(latencyMs: number): void {
    this.#latenciesMs[this.#measured++ % windowSize] = latencyMs;
  }

  /** The counters. It sorts the latencies, so it must not be called for every call. */
  stats(): MethodStats {
    const sorted = this.#latenciesMs.slice(0, Math.min(this.#measured, windowSize)).sort();
    return {
      calls: this.#calls,
      errors: Object.fromEntries(this.#errors),
      latency: sorted.length === 0 ? null : {
        p50Ms: microseconds(quantileOf(sorted, 0.5)),
        p99Ms: microseconds(quantileOf(sorted, 0.99)),
      },
    };
  }
}

/** The number to a microsecond. */
function microseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
