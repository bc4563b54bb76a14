import { messageOf } from "../../base/errors.ts";
import { messageMaxMost, nestingMax } from "../../base/limits.ts";
import type { CallReport } from "../../client/call_report.ts";
import type { CallStream, StreamReport } from "../../client/call_stream.ts";
import type { ResultWriter } from "../../terminal/result_writer.ts";
import { jsonLine, plainText } from "../../base/values/plain_text.ts";
import { longestMessages } from "../../wire/json.ts";
import type { FailedLines } from "./input/failed_lines.ts";
import { errorJson } from "./failures.ts";
import type { CallFlags } from "./flags.ts";
import type { Job } from "./job.ts";
import { ResultOrder } from "./result_order.ts";

/** The output of one call. */
export interface Leavings {
  readonly job: Job;
  /** A line for stdout, in bytes if no text can be so long. */
  readonly result: string | Uint8Array | undefined;
  /** Whether its line of the input goes to the file of failed lines. */
  readonly isFailed: boolean;
}

/** Most bytes of such a line: escapes may make it longer than its message. */
const printedBytesMax = 4 * messageMaxMost;

/** What {@link CallResults} need. */
interface CallResultsOptions {
  readonly flags: CallFlags;
  readonly writer: ResultWriter<Leavings>;
  readonly failedLines: FailedLines | undefined;
  /** Aborts when no call may go on. */
  readonly signal: AbortSignal;
  /** A result as text. */
  readonly textOf: (result: unknown) => string;
  /** Called when failed lines cannot be written any more. */
  readonly onLost: (problem: string) => void;
}

/**
 * Results on stdout, failed lines in their file: in the order of the calls unless told otherwise.
 */
export class CallResults {
  readonly #options: CallResultsOptions;
  readonly #order: ResultOrder<Leavings>;
  /** Programs get exactly what a server sent, but a terminal would obey control characters. */
  readonly #printable = Deno.stdout.isTerminal() ? plainText : (text: string) => text;
  /** Failed lines that could not be written to their file. */
  readonly #unkept: Job[] = [];

  constructor(options: CallResultsOptions) {
    this.#options = options;
    this.#order = new ResultOrder(options.flags.concurrency ?? 1, (leavings) => {
      this.#write(leavings);
    });
    options.signal.addEventListener("abort", () => this.#order.release(), { once: true });
  }

  /** Whether another call may begin: neither the reader nor a slow call is far behind. */
  get hasRoom(): boolean {
    return this.#order.hasRoom;
  }

  /** Counts a call, and returns its place. */
  begin(): number {
    return this.#order.begin();
  }

  /**
   * Prints the items of a call as they come, once all calls before it have ended; until then the
   * server waits. Resolves to the call's report.
   */
  async stream(place: number, job: Job, stream: CallStream): Promise<StreamReport> {
    const { flags, writer, signal, textOf } = this.#options;
    try {
      for await (const item of stream) {
        if (!stream.isStream) break;
        await this.#order.turnOf(place);
        if (signal.aborted || writer.isOver) break;
        if (flags.quiet) continue;
        const result = flags.json ? jsonLine({ i: job.number, item }) : textOf(item);
        writer.line(this.#printable(result), { job, result, isFailed: false });
        await writer.keepingUp();
      }
    } catch {
      // The report tells it.
    }
    return await stream.report;
  }

  /** Takes the end of a call; without a report it was cancelled, and has no output. */
  end(place: number, job: Job, report: CallReport | StreamReport | undefined): void {
    const isFailed = report?.error !== undefined;
    const leavings = {
      job,
      result: report === undefined ? undefined : this.#lineOf(job, report),
      isFailed,
    };
    if (this.#options.flags.unordered) {
      this.#write(leavings);
      // Its place must not hold up later calls.
      this.#order.end(place, { job, result: undefined, isFailed: false }, 0);
    } else {
      const size = (leavings.result?.length ?? 0) + (job.line?.length ?? 0);
      this.#order.end(place, leavings, size);
    }
  }

  /** Resolves when the reader is not far behind. */
  keepingUp(): Promise<void> {
    return this.#options.writer.keepingUp();
  }

  /** Resolves to the jobs that are neither written nor kept in the file of failed lines. */
  async flushed(): Promise<readonly Job[]> {
    const { writer, failedLines } = this.#options;
    await writer.flushed();
    const unwritten = failedLines === undefined
      ? writer.unwritten
      // A failed line is in its file already, even if its JSON was not written.
      : writer.unwritten.filter(({ job, isFailed }) => !isFailed && !this.#keep(job));
    return [...unwritten.map(({ job }) => job), ...this.#unkept];
  }

  #write(leavings: Leavings): void {
    const { job, result, isFailed } = leavings;
    if (result !== undefined) {
      const shown = typeof result === "string" ? this.#printable(result) : result;
      this.#options.writer.line(shown, leavings);
    }
    if (isFailed && this.#options.failedLines !== undefined && !this.#keep(job)) {
      this.#unkept.push(job);
    }
  }

  /** Writes a line to the file of failed lines. Returns `true` also if there is no line. */
  #keep({ line }: Job): boolean {
    if (line === undefined) return true;
    try {
      this.#options.failedLines?.add(line);
      return true;
    } catch (error) {
      this.#options.onLost(messageOf(error));
      return false;
    }
  }

  #lineOf(job: Job, report: CallReport | StreamReport): Leavings["result"] {
    const { result, error, server, durationMs } = report;
    const items = "items" in report ? report.items : undefined;
    const { flags, textOf } = this.#options;
    if (flags.quiet) return undefined;
    if (!flags.json) {
      return error === undefined && items === undefined ? printed(textOf, result) : undefined;
    }
    const success = items === undefined ? { result } : { items };
    return printed(jsonLine, {
      [flags.input === undefined ? "i" : "line"]: job.number,
      ...(error === undefined ? success : { error: errorJson(error) }),
      server: server ?? null,
      ms: Number(durationMs.toFixed(3)),
    });
  }
}

/** A value as a line, in bytes if no text can be so long. */
function printed(textOf: (value: unknown) => string, value: unknown): string | Uint8Array {
  try {
    return textOf(value);
  } catch (error) {
    const longest = error instanceof RangeError ? longestMessages() : undefined;
    const line = longest?.print(value, nestingMax, printedBytesMax, plainText);
    if (line === undefined || "unprinted" in line) throw error;
    return line.bytes;
  }
}
