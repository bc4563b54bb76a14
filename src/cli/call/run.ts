import { sleep, systemClock } from "../../base/clock.ts";
import { messageOf, RpcError } from "../../base/errors.ts";
import type { CallReport } from "../../client/call_report.ts";
import type { Client } from "../../client/client.ts";
import type { Params } from "../../wire/message.ts";
import type { Progress, ProgressState } from "../../terminal/progress.ts";
import { ResultWriter } from "../../terminal/result_writer.ts";
import { Failures } from "./failures.ts";
import type { FailedLines } from "./input/failed_lines.ts";
import { lastResultsMs } from "../limits.ts";
import type { CallFlags } from "./flags.ts";
import type { LoadRecord } from "./html/load_record.ts";
import type { Job, JobSource } from "./job.ts";
import { makeCalls } from "./load.ts";
import { CallResults, type Leavings } from "./results.ts";
import type { CallSummary } from "./summary.ts";
import { printOnStderr } from "../../terminal/stdout.ts";

/** What a {@link CallRun} takes. */
export interface CallRunOptions {
  readonly client: Client;
  readonly method: string;
  readonly flags: CallFlags;
  readonly source: JobSource;
  readonly failedLines: FailedLines | undefined;
  readonly summary: CallSummary | undefined;
  /** Records the calls over time, for a page. */
  readonly record: LoadRecord | undefined;
  /** Makes the progress bar. */
  readonly newProgress: ((state: () => ProgressState) => Progress) | undefined;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
  /** When the only call was begun, if that was before there was a client. */
  readonly begunAtMs?: number | undefined;
  /** A result as text. */
  readonly textOf: (result: unknown) => string;
}

/** How a run ended. */
export interface RunEnd {
  /** Calls that have ended. */
  readonly done: number;
  readonly failed: number;
  /** Why no further call was begun, if more were left. */
  readonly stoppedBecause: string | undefined;
  /** Why results could not be written, as a sentence for the user. */
  readonly writeProblem: string | undefined;
  /**
   * The number of the last call that may have run, or whose line is in the file of failed lines; 0
   * if there is none. The next run may begin after it.
   */
  readonly lastRun: number;
  /** Jobs that have run, but are neither written nor in the file of failed lines. */
  readonly lost: readonly Job[];
}

/** Most calls under way with a rate, by default: with more, the servers cannot keep up. */
const rateConcurrencyDefault = 10_000;

/** Why a run stops: its output was closed, as by `head`. */
export const nobodyReads = "nobody reads the results";

/** Why a run stops: all other calls would fail too. */
export const noServer = "there is no server";

/** Why a run stops: each server asks for keys of its cluster, and this machine has not got them. */
export const noneTakesUs = "no server takes calls of this machine";

/** How long a line waits for a server after all have gone: as long as a restart may take. */
const patienceMs = 30_000;

/** How long it waits between attempts. */
const pauseMs = 250;

/** A line that has not run, since the run stopped. */
interface PutBack {
  readonly place: number;
  readonly job: Job;
  readonly report: CallReport;
}

/** The calls of one `rpc call`, from whatever source they come. */
export class CallRun {
  readonly #options: CallRunOptions;
  readonly #writer: ResultWriter<Leavings>;
  readonly #results: CallResults;
  readonly #failures: Failures;
  readonly #progress: Progress | undefined;
  readonly #putBack: PutBack[] = [];
  #underWay = 0;
  #done = 0;
  #lastRun = 0;
  /** Whether calls ask for no stream: set once an answer shows that the procedure is none. */
  #isPlain: boolean;
  #isAnswered = false;
  #stoppedBecause: string | undefined;

  constructor(options: CallRunOptions) {
    const { flags, failedLines, signal, textOf, method } = options;
    this.#options = options;
    this.#progress = options.newProgress?.(() => ({
      done: this.#done,
      failed: this.#failures.count,
    }));
    // With an input, each line's result is a single line, so that they correspond.
    this.#isPlain = flags.input !== undefined;
    this.#writer = new ResultWriter({
      dressed: (lines) => this.#progress?.above(lines) ?? lines,
      afterWrite: () => this.#progress?.written(),
      onOver: () => this.#stop(this.#writer.isBroken ? nobodyReads : "cannot write results"),
    });
    this.#results = new CallResults({
      flags,
      writer: this.#writer,
      failedLines,
      signal,
      textOf,
      onLost: (problem) => this.#stop(`cannot write --failed ${flags.failed}: ${problem}`),
    });
    this.#failures = new Failures({ method, flags, tell: (line) => this.#tell(line) });
  }

  /** Makes all calls, unless it has to stop before. */
  async run(): Promise<RunEnd> {
    const { signal, source, flags } = this.#options;
    const interrupted = () => this.#interrupted();
    signal.addEventListener("abort", interrupted);
    if (signal.aborted) interrupted();
    try {
      await makeCalls({
        source,
        concurrency: flags.concurrency ?? (flags.rate === undefined ? 1 : rateConcurrencyDefault),
        hasRoom: () => this.#results.hasRoom,
        isOver: () => this.#isStopping,
      }, (job) => this.#run(job));
    } catch (error) {
      this.#stop(`cannot read the input: ${messageOf(error)}`);
    } finally {
      signal.removeEventListener("abort", interrupted);
    }
    this.#settlePutBack();
    // With a reader that takes nothing any more, who asks once to end would wait for ever.
    const unlessStuck = () => void this.#writer.flushedUnlessStuck(lastResultsMs);
    signal.addEventListener("abort", unlessStuck);
    if (signal.aborted) unlessStuck();
    const lost = await this.#results.flushed();
    signal.removeEventListener("abort", unlessStuck);
    this.#progress?.stop();
    return {
      done: this.#done,
      failed: this.#failures.count,
      stoppedBecause: this.#stoppedBecause,
      writeProblem: this.#writer.problem,
      lastRun: this.#lastRun,
      lost,
    };
  }

  get #isStopping(): boolean {
    return this.#stoppedBecause !== undefined;
  }

  /** Begins no further call. */
  #stop(because: string): void {
    this.#stoppedBecause ??= because;
    this.#options.source.stop();
  }

  #interrupted(): void {
    this.#stop("interrupted");
    void this.#writer.flushedUnlessStuck(lastResultsMs);
    if (this.#options.flags.input === undefined) return;
    this.#tell(`rpc: finishing ${this.#underWay} calls; press Ctrl-C again to stop at once`);
  }

  async #run(job: Job): Promise<void> {
    const place = this.#results.begin();
    this.#underWay++;
    const report = job.params instanceof RpcError
      ? notCalled(job.params)
      : await this.#call(place, job, job.params);
    this.#underWay--;
    if (this.#isDone(report)) this.#lastRun = Math.max(this.#lastRun, job.number);
    if (this.#isPutBack(job, report)) this.#putBack.push({ place, job, report });
    else if (this.#isGivenUp(report)) this.#results.end(place, job, undefined);
    else this.#ended(place, job, report);
    await this.#results.keepingUp();
  }

  /** Whether Ctrl-C or a closed output ended the call: it has neither succeeded nor failed. */
  #isGivenUp({ error }: CallReport): boolean {
    const { signal } = this.#options;
    return error?.name === "Cancelled" && (signal.aborted || this.#writer.isOver);
  }

  /** Whether it must not run again: it may have run, or its line is in the file of failed ones. */
  #isDone({ error }: CallReport): boolean {
    return error?.executed !== "no" || this.#options.failedLines !== undefined;
  }

  /** Whether a line has not run because the run stops: it has not failed, and is left over. */
  #isPutBack({ params }: Job, report: CallReport): boolean {
    return this.#options.flags.input !== undefined && this.#isStopping && !this.#isDone(report) &&
      !(params instanceof RpcError) && report.error?.name !== "InvalidParams";
  }

  /**
   * Ends the lines that were put back. The next run can only begin after the last line that has
   * run, which must not run twice. So lines before that one have failed after all.
   */
  #settlePutBack(): void {
    const putBack = this.#putBack.sort((one, other) => one.job.number - other.job.number);
    for (const { place, job, report } of putBack) {
      if (job.number < this.#lastRun) this.#ended(place, job, report);
      else this.#results.end(place, job, undefined);
    }
    const left = putBack.filter(({ job }) => job.number > this.#lastRun);
    const [first, last] = [left[0], left.at(-1)];
    if (first?.report.error === undefined || last === undefined) return;
    this.#failures.notRun(first.job, last.job, first.report.error);
  }

  #ended(place: number, job: Job, report: CallReport): void {
    const { summary, record, flags, failedLines } = this.#options;
    const { error, server, durationMs } = report;
    this.#done++;
    if (!(job.params instanceof RpcError)) {
      summary?.add(report, job.lateMs);
      record?.add(report);
    }
    if (error !== undefined) {
      const isKept = flags.input === undefined || failedLines !== undefined;
      this.#failures.add(job, error, server, isKept && this.#isStopping);
    } else if (flags.verbose && flags.input === undefined) {
      this.#tell(`rpc: call ${job.number}: ${server}, ${durationMs.toFixed(3)} ms`);
    }
    this.#results.end(place, job, report);
  }

  async #call(place: number, job: Job, params: Params): Promise<CallReport> {
    const { client, method, signal, flags, begunAtMs } = this.#options;
    if (flags.input !== undefined) return await this.#callPatiently(params);
    if (this.#isPlain) return this.#judged(await client.report(method, params, { signal }));
    const stream = client.stream(method, params, { signal, begunAtMs });
    const report = await this.#results.stream(place, job, stream);
    this.#isPlain ||= report.error === undefined && report.items === undefined;
    return this.#judged(report);
  }

  /** Makes the call, and waits a while for a server when all have gone. */
  async #callPatiently(params: Params): Promise<CallReport> {
    const { client, method } = this.#options;
    const untilMs = systemClock.now() + patienceMs;
    while (true) {
      // Ctrl-C lets lines end that have begun.
      const report = await client.report(method, params);
      const { error } = report;
      const isHopeless = this.#isStopping || systemClock.now() >= untilMs;
      if (error === undefined || !isPassing(error) || !this.#isAnswered || isHopeless) {
        return this.#judged(report);
      }
      await sleep(systemClock, pauseMs);
    }
  }

  /** Stops if all other calls would fail for the same reason. */
  #judged(report: CallReport): CallReport {
    const name = report.error?.name;
    const isInput = this.#options.flags.input !== undefined;
    if (name === "Unavailable") {
      if (isInput || !this.#options.client.stats.reached) this.#stop(noServer);
    } else if (name === "Unauthenticated" && !this.#options.client.stats.reached) {
      this.#stop(noneTakesUs);
    } else if (name === "MethodNotFound" && isInput) this.#stop("no server offers the method");
    else this.#isAnswered = true;
    return report;
  }

  #tell(line: string): void {
    const print = () => printOnStderr(line);
    if (this.#progress === undefined) print();
    else this.#progress.beside(print);
  }
}

function notCalled(error: RpcError): CallReport {
  return { result: undefined, error, server: undefined, attempts: 0, durationMs: 0 };
}

/**
 * Whether an error may pass in a moment. The call has not run; if an earlier attempt may have, the
 * client has tried again only because the call is idempotent.
 */
function isPassing({ name, executed }: RpcError): boolean {
  const isRefusal = name === "Unavailable" || name === "Overloaded" || name === "Draining";
  return isRefusal && executed !== "yes";
}
