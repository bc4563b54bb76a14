import { percentagesOf } from "../../base/percentages.ts";
import type { CallReport } from "../../client/call_report.ts";
import type { ClientStats } from "../../client/client_options.ts";
import { plainLine, withoutSecrets } from "../../base/values/plain_text.ts";
import { columnLines } from "../../terminal/table.ts";
import { counted, milliseconds, perSecond, rounded, seconds } from "../../terminal/figure_text.ts";
import { LatencyHistogram } from "../../terminal/histogram.ts";
import { terminalSize } from "../../terminal/size.ts";

/** What a summary tells besides the calls. */
export interface SummaryFacts {
  readonly elapsedMs: number;
  readonly stats: ClientStats;
  /** The rate that was asked for: latencies then count from the due time of each call. */
  readonly rate: number | undefined;
  /** Whether Ctrl-C came before all calls were made. */
  readonly isInterrupted: boolean;
}

/** The percentiles in a summary. */
export const percentiles = [10, 25, 50, 75, 90, 95, 99, 99.9] as const;

const binCount = 10;
const barWidthMax = 40;

/** Most errors whose first message is kept. Their list is closed, so this is only a bound. */
const messagesMax = 32;
const messageLengthMax = 160;

/** Counts the outcomes of many calls, in constant memory. */
export class CallSummary {
  readonly #latency = new LatencyHistogram();
  /** By the error's name: how often, and the message of the first. */
  readonly #errors = new Map<string, { count: number; readonly message: string }>();
  readonly #servers = new Map<string, number>();
  #calls = 0;
  #failed = 0;

  get calls(): number {
    return this.#calls;
  }

  get failed(): number {
    return this.#failed;
  }

  get latency(): LatencyHistogram {
    return this.#latency;
  }

  /** By the error's name: how often, and the message of the first. */
  get errors(): ReadonlyMap<string, { readonly count: number; readonly message: string }> {
    return this.#errors;
  }

  /** Successful calls by server. */
  get servers(): ReadonlyMap<string, number> {
    return this.#servers;
  }

  /**
   * Counts a call.
   *
   * @param lateMs how long after its due time the call was sent
   */
  add({ error, server, durationMs }: CallReport, lateMs = 0): void {
    this.#calls++;
    this.#latency.add(durationMs + lateMs);
    if (error !== undefined) {
      this.#failed++;
      const known = this.#errors.get(error.name);
      if (known !== undefined) known.count++;
      else if (this.#errors.size < messagesMax) {
        // Before it is cut: half of a secret does not look like one.
        this.#errors.set(error.name, { count: 1, message: withoutSecrets(error.message) });
      }
    } else if (server !== undefined) {
      this.#servers.set(server, (this.#servers.get(server) ?? 0) + 1);
    }
  }

  /** The summary for people, without a last LF. Its bars fit the columns. */
  text(
    { elapsedMs, stats, rate, isInterrupted }: SummaryFacts,
    columns = terminalSize().columns,
  ): string {
    const names = [...this.#errors].map(([name, { count }]) => `${name} ${count}`).join(", ");
    const lines = [
      `${counted(this.#calls, "call")}, ${counted(this.#failed, "error")}${
        names === "" ? "" : ` (${names})`
      }, ` +
      `${seconds(elapsedMs)} s, ${rounded(perSecond(this.#calls, elapsedMs))} calls/s` +
      (isInterrupted ? ", interrupted" : ""),
    ];
    if (this.#calls > 0) lines.push(...this.#latencyLines(rate, columns));
    if (this.#servers.size > 0) lines.push("calls per server:", ...this.#serverLines());
    if (this.#failed > 0) lines.push("failures:", ...this.#errorLines());
    lines.push(`${counted(stats.retries, "retry")}, ${counted(stats.ejections, "ejection")}`);
    return lines.join("\n");
  }

  /** The summary for programs: one JSON object. Latencies are in milliseconds. */
  json({ elapsedMs, stats, rate, isInterrupted }: SummaryFacts): string {
    const latency = this.#latency;
    return JSON.stringify({
      calls: this.#calls,
      errors: this.#failed,
      seconds: digits(elapsedMs / 1_000),
      callsPerSecond: digits(perSecond(this.#calls, elapsedMs)),
      interrupted: isInterrupted,
      rate: rate ?? null,
      latencyMs: {
        min: digits(latency.minMs),
        mean: digits(latency.meanMs),
        max: digits(latency.maxMs),
        ...Object.fromEntries(
          percentiles.map((percent) => [`p${percent}`, digits(latency.quantileMs(percent / 100))]),
        ),
      },
      histogram: latency.bins(binCount).map(({ fromMs, toMs, count }) => ({
        fromMs: digits(fromMs),
        toMs: digits(toMs),
        count,
      })),
      failures: Object.fromEntries([...this.#errors].map(([name, { count }]) => [name, count])),
      servers: Object.fromEntries([...this.#servers].sort()),
      retries: stats.retries,
      ejections: stats.ejections,
    });
  }

  #latencyLines(rate: number | undefined, columns: number): string[] {
    const latency = this.#latency;
    const at = (percent: number) =>
      `p${percent} ${milliseconds(latency.quantileMs(percent / 100))}`;
    const lines = [
      `latency ${[50, 90, 99, 99.9].map(at).join(", ")}`,
      `  fastest ${milliseconds(latency.minMs)}, average ${milliseconds(latency.meanMs)}, ` +
      `slowest ${milliseconds(latency.maxMs)}`,
      ...(rate === undefined ? [] : ["  measured from when each call was due"]),
    ];
    if (latency.count < binCount || latency.minMs === latency.maxMs) return lines;
    const bins = latency.bins(binCount);
    const most = Math.max(...bins.map(({ count }) => count));
    const labels = bins.map(({ toMs }) => milliseconds(toMs));
    const labelWidth = Math.max(...labels.map((label) => label.length));
    const countWidth = String(most).length;
    const room = columns - "  ≤ ".length - labelWidth - 2 - countWidth - 1;
    const barWidth = Math.max(1, Math.min(barWidthMax, room));
    for (const [i, { count }] of bins.entries()) {
      const bar = "■".repeat(Math.ceil(barWidth * count / most));
      const label = (labels[i] ?? "").padStart(labelWidth);
      lines.push(`  ≤ ${label}  ${String(count).padStart(countWidth)} ${bar}`.trimEnd());
    }
    return lines;
  }

  #serverLines(): string[] {
    const servers = [...this.#servers].sort();
    const answered = servers.reduce((sum, [, calls]) => sum + calls, 0);
    const percentages = percentagesOf(servers.map(([, calls]) => calls / answered));
    const rows = servers.map(([server, calls], i) => [server, `${calls} (${percentages[i]} %)`]);
    return columnLines(rows, "  ");
  }

  #errorLines(): string[] {
    const rows = [...this.#errors].map(([name, { count, message }]) => {
      const first = message.length > messageLengthMax
        ? `${message.slice(0, messageLengthMax - 3)}...`
        : message;
      return [name, plainLine(`${count}, the first: ${first}`)];
    });
    return columnLines(rows, "  ");
  }
}

function digits(value: number): number {
  return Number(value.toPrecision(6));
}
