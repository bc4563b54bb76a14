import { rankOf } from "../base/quantile.ts";

/** Steps between a power of two and the next: a value is known to within a 256th of itself. */
const stepsPerOctave = 128;

/** 2 to this power, in microseconds, is a day and a half. */
const octaves = 37;

/** A microsecond: bins by logarithm cannot begin at 0. */
const shortestMs = 0.001;

/** How many calls took from `fromMs` up to `toMs`. */
interface LatencyBin {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

/**
 * Counts latencies in constant memory, in steps that are fine for short ones and coarse for long
 * ones, as HdrHistogram does.
 */
export class LatencyHistogram {
  readonly #counts = new Float64Array(stepsPerOctave * octaves);
  #count = 0;
  #sumMs = 0;
  #minMs = Infinity;
  #maxMs = 0;

  get count(): number {
    return this.#count;
  }

  /** The shortest latency; 0 if there are none. */
  get minMs(): number {
    return this.#count === 0 ? 0 : this.#minMs;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count;
  }

  add(latencyMs: number): void {
    const index = indexOf(latencyMs);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count++;
    this.#sumMs += latencyMs;
    this.#minMs = Math.min(this.#minMs, latencyMs);
    this.#maxMs = Math.max(this.#maxMs, latencyMs);
  }

  /** The latency that a share of the calls, from 0 to 1, did not exceed; 0 if there are none. */
  quantileMs(share: number): number {
    const rank = rankOf(share, this.#count);
    if (rank >= this.#count) return this.#maxMs;
    let seen = 0;
    for (let index = 0; index < this.#counts.length; index++) {
      seen += this.#counts[index] ?? 0;
      if (seen >= rank) return this.#clamped(middleMsOf(index));
    }
    return this.#maxMs;
  }

  /**
   * The latencies in bins whose widths grow by a constant factor, from the shortest latency to the
   * 99.9th percentile. Slower calls are in the last bin, so that an outlier does not squeeze all
   * others into one.
   */
  bins(count: number): LatencyBin[] {
    const edges = this.#edgesMs(count);
    const counts = new Array<number>(count).fill(0);
    let bin = 0;
    this.#counts.forEach((calls, index) => {
      if (calls === 0) return;
      const ms = this.#clamped(middleMsOf(index));
      while (bin < count - 1 && ms > (edges[bin + 1] ?? Infinity)) bin++;
      counts[bin] = (counts[bin] ?? 0) + calls;
    });
    return counts.map((calls, at) => ({
      fromMs: edges[at] ?? 0,
      toMs: edges[at + 1] ?? 0,
      count: calls,
    }));
  }

  /** The edges of the bins: one more than there are bins. */
  #edgesMs(count: number): number[] {
    const cutMs = this.quantileMs(0.999);
    const hasTail = cutMs < this.#maxMs;
    const steps = hasTail ? count - 1 : count;
    const leastMs = Math.max(this.minMs, shortestMs);
    const factor = (Math.max(cutMs, leastMs) / leastMs) ** (1 / steps);
    const edges = Array.from({ length: steps }, (_, step) => leastMs * factor ** step);
    return [this.minMs, ...edges.slice(1), cutMs, ...(hasTail ? [this.#maxMs] : [])];
  }

  #clamped(ms: number): number {
    return Math.min(this.#maxMs, Math.max(this.minMs, ms));
  }
}

/** The counter of a latency. Up to `stepsPerOctave`, each microsecond has its own. */
function indexOf(latencyMs: number): number {
  const micros = Math.max(0, Math.floor(latencyMs * 1_000));
  if (micros < stepsPerOctave) return micros;
  const octave = Math.floor(Math.log2(micros / stepsPerOctave));
  const step = Math.floor(micros / 2 ** octave) - stepsPerOctave;
  return Math.min(stepsPerOctave * octaves - 1, stepsPerOctave * (octave + 1) + step);
}

function middleMsOf(index: number): number {
  if (index < stepsPerOctave) return (index + 0.5) / 1_000;
  const octave = Math.floor(index / stepsPerOctave) - 1;
  const step = index % stepsPerOctave;
  return (stepsPerOctave + step + 0.5) * 2 ** octave / 1_000;
}
