import { createHistogram } from "node:perf_hooks";
import type { CallReport } from "../client/client.ts";

/** Counts what many calls came to, in constant memory. */
export class CallSummary {
  // Microseconds: the histogram counts whole numbers from 1 up.
  readonly #latency = createHistogram();
  readonly #errors = new Map<string, number>();
  readonly #servers = new Map<string, number>();
  #calls = 0;
  #failed = 0;

  get failed(): number {
    return this.#failed;
  }

  /** Takes in one call's end. */
  add(report: CallReport): void {
    this.#calls++;
    this.#latency.record(Math.max(1, Math.round(report.durationMs * 1_000)));
    if (report.error !== undefined) {
      this.#failed++;
      count(this.#errors, report.error.name);
    } else if (report.server !== undefined) {
      count(this.#servers, report.server);
    }
  }

  /** The summary for people: a few lines without a last LF. */
  text(elapsedMs: number): string {
    const perSecond = elapsedMs > 0 ? this.#calls * 1_000 / elapsedMs : 0;
    const errors = this.#failed === 0 ? "" : ` (${list(this.#errors)})`;
    const lines = [
      `${this.#calls} calls, ${this.#failed} errors${errors}, ${seconds(elapsedMs)} s, ` +
      `${rounded(perSecond)} calls/s`,
    ];
    if (this.#calls > 0) {
      const percentiles = [50, 90, 99].map((percent) =>
        `p${percent} ${rounded(this.#latency.percentile(percent) / 1_000)} ms`
      );
      lines.push(`latency ${percentiles.join(", ")}`);
    }
    if (this.#servers.size > 0) {
      lines.push("calls per server:");
      const width = Math.max(...[...this.#servers.keys()].map((server) => server.length));
      for (const [server, calls] of [...this.#servers].sort()) {
        const percent = 100 * calls / (this.#calls - this.#failed);
        lines.push(`  ${server.padEnd(width)}  ${calls} (${percent.toFixed(0)} %)`);
      }
    }
    return lines.join("\n");
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function list(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, times]) => `${name} ${times}`).join(", ");
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(ms < 10_000 ? 3 : 1);
}

/** Three digits that count. */
function rounded(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value.toPrecision(3);
}
