import { sleep, systemClock } from "../../base/clock.ts";
import { messageOf, RpcError } from "../../base/errors.ts";
import { isExactNumber } from "../../base/values/exact_numbers.ts";
import type { CallReport } from "../../client/call_report.ts";
import type { Client } from "../../client/client.ts";
import { parseExactly } from "../../wire/exact_json.ts";
import type { Params } from "../../wire/message.ts";
import { CallSummary } from "./summary.ts";
import type { FlagValues } from "../syntax/flags.ts";
import type { callFlags } from "./flags.ts";
import { FailedLines } from "./failed_lines.ts";
import { type InputLine, InputLines } from "./input_lines.ts";
import { exitCodes } from "../exit_codes.ts";
import { Progress } from "../../terminal/progress.ts";
import { type Leavings, ResultOrder } from "./result_order.ts";
import { ResultWriter } from "../../terminal/stdout.ts";
import { UsageError } from "../syntax/usage_error.ts";

/** What {@link callInput} takes. */
export interface CallInputOptions {
  readonly client: Client;
  readonly method: string;
  /** Arguments beside the input, of which there may be none. */
  readonly args: readonly string[];
  readonly flags: FlagValues<typeof callFlags>;
  /** Aborts when no further line shall begin. */
  readonly signal: AbortSignal;
}

/** Failures that are told of one by one. The file of failed lines has them all. */
const failuresShownMax = 1_000;

/** How long a line waits for a server, once there were some: as long as a restart of all may take. */
const patienceMs = 30_000;

/** How long it waits before it asks again. */
const pauseMs = 250;

/**
 * `rpc call <method> --input <file>`: a call for each line of the file, or with `-` of stdin. Returns
 * the exit code.
 *
 * @throws {UsageError} flags that do not go together
 * @throws {Error} a file cannot be opened
 */
export async function callInput(options: CallInputOptions): Promise<number> {
  const { flags, args } = options;
  const name = flags.input ?? "-";
  if (args.length > 0 || flags.params !== undefined) {
    throw new UsageError("Cannot take arguments beside --input: its lines hold them");
  }
  const { repeat, duration, rate } = flags;
  if (repeat !== undefined || duration !== undefined || rate !== undefined) {
    throw new UsageError("Cannot take --repeat, --duration or --rate beside --input");
  }
  const file = name === "-" ? undefined : await open(name);
  const failed = await FailedLines.open(flags.failed, name);
  try {
    return await new InputCalls(options, new InputLines(file ?? Deno.stdin), failed).run();
  } finally {
    failed.close();
    file?.close();
  }
}

async function open(name: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(name);
  } catch (error) {
    throw new UsageError(`Cannot read --input ${name}: ${messageOf(error)}`);
  }
}

class InputCalls {
  readonly #options: CallInputOptions;
  readonly #lines: InputLines;
  readonly #failedLines: FailedLines;
  readonly #writer = new ResultWriter();
  readonly #order: ResultOrder;
  readonly #summary = new CallSummary();
  readonly #progress: Progress;
  #lastBegun = 0;
  #running = 0;
  #done = 0;
  #failed = 0;
  #isAnswered = false;
  #stoppedBecause: string | undefined;

  constructor(options: CallInputOptions, lines: InputLines, failedLines: FailedLines) {
    this.#options = options;
    this.#lines = lines;
    this.#failedLines = failedLines;
    this.#order = new ResultOrder(concurrencyOf(options), (leavings) => this.#write(leavings));
    this.#progress = new Progress({
      state: () => ({ done: this.#done, failed: this.#failed }),
    });
  }

  async run(): Promise<number> {
    const { signal, flags } = this.#options;
    const startedAtMs = systemClock.now();
    const interrupted = () => {
      this.#stop("interrupted");
      this.#tell(`finishing ${this.#running} calls; Ctrl-C again ends at once`);
    };
    signal.addEventListener("abort", interrupted);
    if (signal.aborted) interrupted();
    try {
      await Promise.all(Array.from({ length: concurrencyOf(this.#options) }, () => this.#lane()));
      await this.#writer.flushed();
    } finally {
      signal.removeEventListener("abort", interrupted);
      this.#progress.stop();
    }
    if (flags.summary !== "none") {
      const elapsedMs = systemClock.now() - startedAtMs;
      const { stats } = this.#options.client;
      const isInterrupted = signal.aborted;
      console.error(
        this.#summary[flags.summary]({ elapsedMs, stats, rate: undefined, isInterrupted }),
      );
    }
    this.#tellFailed();
    if (this.#stoppedBecause === undefined) {
      return this.#failed > 0 ? exitCodes.failure : exitCodes.success;
    }
    this.#tellStop(this.#stoppedBecause);
    return signal.aborted ? exitCodes.interrupted : exitCodes.failure;
  }

  /** Makes one call after the other. */
  async #lane(): Promise<void> {
    while (!this.#isStopping) {
      const line = this.#order.hasRoom ? this.#lines.take() : undefined;
      if (line !== undefined) {
        await this.#run(line);
        await this.#writer.keepingUp();
      } else if (!this.#order.hasRoom) {
        await this.#order.oneEnds();
      } else if (this.#lines.isEnded) {
        return;
      } else {
        await this.#more();
      }
    }
  }

  get #isStopping(): boolean {
    return this.#stoppedBecause !== undefined || this.#writer.broken;
  }

  async #more(): Promise<void> {
    try {
      await this.#lines.more();
    } catch (error) {
      this.#stop(`cannot read the input: ${messageOf(error)}`);
      this.#failed++;
    }
  }

  /** Begins no further line. */
  #stop(because: string): void {
    this.#stoppedBecause ??= because;
    this.#lines.stop();
  }

  async #run({ number, content }: InputLine): Promise<void> {
    const place = this.#order.begin();
    this.#lastBegun = number;
    this.#running++;
    const text = "text" in content ? content.text : undefined;
    let result: string | undefined;
    let isFailed = true;
    try {
      if ("fault" in content) throw new RpcError("InvalidParams", `it ${content.fault}`);
      const report = await this.#call(paramsOf(content.text));
      this.#summary.add(report);
      isFailed = report.error !== undefined;
      result = this.#lineOf(number, report);
      if (report.error !== undefined) this.#failedCall(number, report.error, report.server);
    } catch (error) {
      // It was no call: the line cannot be one.
      const fault = error as RpcError;
      this.#failedCall(number, fault, undefined);
      if (this.#options.flags.json) result = JSON.stringify({ line: number, error: shown(fault) });
    }
    this.#running--;
    this.#done++;
    const leavings = { result, failed: isFailed ? text : undefined };
    if (this.#options.flags.unordered) this.#write(leavings);
    // In any case, because its place must not hold up those behind it.
    this.#order.end(place, this.#options.flags.unordered ? nothing : leavings);
  }

  /** Makes the call, and waits a while for a server when all have gone. */
  async #call(params: Params): Promise<CallReport> {
    const { client, method } = this.#options;
    const untilMs = systemClock.now() + patienceMs;
    while (true) {
      const report = await client.report(method, params);
      const { error } = report;
      const isHopeless = this.#isStopping || systemClock.now() >= untilMs;
      if (error === undefined || !isPassing(error) || !this.#isAnswered || isHopeless) {
        this.#judge(error);
        return report;
      }
      await sleep(systemClock, pauseMs);
    }
  }

  /** Stops if all other lines would fail for the same reason. */
  #judge(error: RpcError | undefined): void {
    if (error?.name === "Unavailable") this.#stop("there is no server");
    else if (error?.name === "MethodNotFound") this.#stop("no server offers the method");
    else this.#isAnswered = true;
  }

  #failedCall(number: number, error: RpcError, server: string | undefined): void {
    this.#failed++;
    if (this.#failed > failuresShownMax) return;
    const where = server === undefined || error.message.includes(server) ? "" : ` at ${server}`;
    this.#tell(`line ${number} failed${where}: ${error.name}: ${error.message}`);
    if (this.#failed === failuresShownMax) this.#tell("further failures are only counted");
  }

  #lineOf(number: number, { result, error, server, durationMs }: CallReport): string | undefined {
    if (!this.#options.flags.json) return error === undefined ? JSON.stringify(result) : undefined;
    return JSON.stringify({
      line: number,
      ...(error === undefined ? { result } : { error: shown(error) }),
      server: server ?? null,
      ms: Number(durationMs.toFixed(3)),
    });
  }

  #write({ result, failed }: Leavings): void {
    if (result !== undefined) this.#writer.line(result);
    if (failed === undefined) return;
    try {
      this.#failedLines.add(failed);
    } catch (error) {
      this.#stop(`cannot write --failed ${this.#options.flags.failed}: ${messageOf(error)}`);
    }
  }

  #tell(text: string): void {
    this.#progress.hide();
    console.error(`rpc: ${text}`);
  }

  #tellFailed(): void {
    if (this.#failed === 0) return;
    const { failed } = this.#options.flags;
    const { count } = this.#failedLines;
    const where = failed === undefined ? "" : `; ${count} of them are in ${failed}`;
    console.error(`rpc: ${this.#failed} of ${this.#done} lines failed${where}`);
  }

  #tellStop(because: string): void {
    const { method, flags: { input = "-" } } = this.#options;
    const next = this.#lastBegun + 1;
    const where = this.#lastBegun === 0
      ? "before the first line"
      : `after line ${this.#lastBegun}: all up to it have ended, none behind it has begun`;
    const goOn = this.#lastBegun === 0 || input === "-"
      ? ""
      : `; go on with: tail -n +${next} ${input} | rpc call ${method} --input -`;
    console.error(`rpc: stopped (${because}) ${where}${goOn}`);
  }
}

function concurrencyOf({ flags }: CallInputOptions): number {
  return flags.concurrency ?? 1;
}

const nothing: Leavings = { result: undefined, failed: undefined };

/**
 * What may be gone in a moment. None of these has run; where an earlier attempt may have, the client
 * has tried again only because running twice does no harm.
 */
function isPassing({ name, executed }: RpcError): boolean {
  const isRefusal = name === "Unavailable" || name === "Overloaded" || name === "Draining";
  return isRefusal && executed !== "yes";
}

function shown({ name, code, message, executed, issues }: RpcError): Record<string, unknown> {
  return { name, code, message, executed, issues };
}

/**
 * An array is parameters by position, an object is parameters by name, anything else is one parameter.
 *
 * @throws {RpcError} InvalidParams: the line is not JSON
 */
function paramsOf(text: string): Params {
  let value: unknown;
  try {
    value = parseExactly(text);
  } catch (cause) {
    throw new RpcError("InvalidParams", `it is not JSON: ${messageOf(cause)}`, { cause });
  }
  if (Array.isArray(value)) return value;
  if (isExactNumber(value)) return [value];
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : [value];
}
