import { systemClock } from "../../base/clock.ts";
import type { RpcError } from "../../base/errors.ts";
import type { CallStream, StreamReport } from "../../client/call_stream.ts";
import type { CallReport } from "../../client/call_report.ts";
import { Client } from "../../client/client.ts";
import type { Params } from "../../wire/message.ts";
import { makeCalls } from "./load.ts";
import { briefClock } from "./brief_clock.ts";
import { paramsMaker } from "./params.ts";
import type { CallSummary } from "./summary.ts";
import type { CommandInput } from "../syntax/command.ts";
import type { callFlags } from "./flags.ts";
import { onInterrupt } from "../../terminal/interrupt.ts";
import { exitCodes } from "../exit_codes.ts";
import { plainLogger } from "../process/plain_logger.ts";
import type { Progress } from "../../terminal/progress.ts";
import { openRegistry, openTransport } from "../registry.ts";
import { ResultWriter } from "../../terminal/stdout.ts";
import { openTracer } from "../process/tracing.ts";
import { UsageError } from "../syntax/usage_error.ts";

/** Failed calls that are told of one by one; the summary counts the rest. */
const errorsShownMax = 10;

type Input = CommandInput<typeof callFlags>;

/** `rpc call <method> [args...]` */
export async function run({ flags, positionals }: Input): Promise<number> {
  const [method = "", ...args] = positionals;
  const isBulk = flags.input !== undefined;
  if (!isBulk && (flags.unordered || flags.failed !== undefined)) {
    throw new UsageError("--unordered and --failed need --input <file>");
  }
  const paramsOf = isBulk ? () => [] : paramsMaker(args, flags.params);
  const log = plainLogger(flags.verbose);
  const isMany = flags.repeat !== undefined || flags.duration !== undefined ||
    flags.rate !== undefined;
  const clock = isMany || isBulk ? systemClock : briefClock;
  const interrupt = onInterrupt();
  const transport = await openTransport(flags, log);
  const discovery = await openRegistry(flags, log, clock);
  const client = new Client({
    discovery,
    service: flags.service,
    transport,
    balance: flags.balance,
    timeoutMs: flags.timeout,
    clock,
    log,
    tracer: await openTracer(log),
    exactNumbers: true,
  });
  const summary = isMany ? await newSummary() : undefined;
  const progress = summary === undefined ? undefined : await newProgress(summary, flags);
  const output = new CallOutput(method, paramsOf, flags, () => progress?.hide());
  try {
    if (isBulk) {
      const { callInput } = await import("./input.ts");
      return await callInput({ client, method, args, flags, signal: interrupt.signal });
    }
    const startedAtMs = systemClock.now();
    await callAll(client, method, paramsOf, flags, interrupt.signal, (i, report, lateMs) => {
      // A call that Ctrl-C ended has neither succeeded nor failed.
      // Neither has a stream whose reader has gone.
      const isGivenUp = interrupt.signal.aborted || output.broken;
      if (report.error?.name === "Cancelled" && isGivenUp) return;
      summary?.add(report, lateMs);
      output.take(i, report);
    }, output);
    const elapsedMs = systemClock.now() - startedAtMs;
    await output.flushed();
    progress?.stop();
    if (summary !== undefined && flags.summary !== "none") {
      const { stats } = client;
      const isInterrupted = interrupt.signal.aborted;
      console.error(summary[flags.summary]({ elapsedMs, stats, rate: flags.rate, isInterrupted }));
    }
  } finally {
    progress?.stop();
    client.close();
    await discovery.close();
    // The last, because it is what keeps the process alive.
    interrupt.release();
  }
  if (interrupt.signal.aborted) return exitCodes.interrupted;
  return output.failed > 0 ? exitCodes.failure : exitCodes.success;
}

async function newSummary(): Promise<CallSummary> {
  const { CallSummary } = await import("./summary.ts");
  return new CallSummary();
}

/** A bar on stderr, if that is a terminal. */
async function newProgress(
  summary: CallSummary,
  { repeat, duration }: Input["flags"],
): Promise<Progress | undefined> {
  if (!Deno.stderr.isTerminal()) return undefined;
  const { Progress } = await import("../../terminal/progress.ts");
  return new Progress({
    state: () => ({ done: summary.calls, failed: summary.failed }),
    total: repeat,
    durationMs: duration,
  });
}

/** Makes the calls, as many and as fast as the flags say, until all are made or the signal aborts. */
async function callAll(
  client: Client,
  method: string,
  paramsOf: (i: number) => Params,
  { repeat, duration, rate, concurrency }: Input["flags"],
  signal: AbortSignal,
  ended: (i: number, report: CallReport, lateMs: number) => void,
  output: CallOutput,
): Promise<void> {
  // Every call asks for a stream until an answer has told that the procedure is none.
  let isPlain = false;
  const callOne = async (i: number): Promise<CallReport> => {
    if (isPlain) return await client.report(method, paramsOf(i), { signal });
    const report = await output.stream(i, client.stream(method, paramsOf(i), { signal }), signal);
    isPlain ||= report.error === undefined && report.items === undefined;
    return report;
  };
  // Where nobody ever was, another call would wait in vain too. Servers that were there may come back.
  let isInVain = false;
  const isOne = repeat === undefined && duration === undefined && rate === undefined;
  await makeCalls({
    repeat: isOne ? 1 : repeat,
    durationMs: duration,
    rate,
    concurrency,
    signal,
    isOver: () => output.broken || isInVain,
    clock: systemClock,
  }, async (i, lateMs) => {
    const report = await callOne(i);
    ended(i, report, lateMs);
    isInVain ||= report.error?.name === "Unavailable" && !client.stats.reached;
    await output.keepingUp(i);
  });
  if (isInVain && !isOne) console.error("rpc: stopped: there was never a server to call");
}

/** What `rpc call` prints: results on stdout in the order of the calls, all else on stderr. */
class CallOutput {
  readonly #method: string;
  readonly #paramsOf: (i: number) => Params;
  readonly #flags: Input["flags"];
  readonly #writer: ResultWriter;
  readonly #beforePrint: () => void;
  /** Lines of calls that ended before an earlier one; `undefined` for a call that has none. */
  readonly #early = new Map<number, string | undefined>();
  #next = 1;
  #waiting: (() => void)[] = [];
  #failed = 0;

  /** @param beforePrint called before anything is printed, on stdout or stderr */
  constructor(
    method: string,
    paramsOf: (i: number) => Params,
    flags: Input["flags"],
    beforePrint: () => void,
  ) {
    this.#writer = new ResultWriter(beforePrint);
    this.#beforePrint = beforePrint;
    this.#method = method;
    this.#paramsOf = paramsOf;
    this.#flags = flags;
  }

  get failed(): number {
    return this.#failed;
  }

  /** Nobody reads the results any more. */
  get broken(): boolean {
    return this.#writer.broken;
  }

  /**
   * Prints the items of call `i` as they come, once all calls before it have ended: till then the
   * server waits. Resolves to how the call ended.
   */
  async stream(i: number, stream: CallStream, signal: AbortSignal): Promise<StreamReport> {
    try {
      for await (const item of stream) {
        if (!stream.isStream) break;
        while (this.#next !== i && !signal.aborted) await this.#oneEnds(signal);
        if (signal.aborted || this.broken) break;
        this.#writer.line(JSON.stringify(this.#flags.json ? { i, item } : item));
        await this.#writer.keepingUp();
      }
    } catch {
      // The report tells it.
    }
    return await stream.report;
  }

  #oneEnds(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Takes the end of call `i`. */
  take(i: number, report: CallReport): void {
    const { error } = report;
    if (error !== undefined) {
      this.#failed++;
      this.#beforePrint();
      if (this.#failed <= errorsShownMax) this.#tell(i, report, error);
      if (this.#failed === errorsShownMax) console.error("rpc: further errors are only counted");
    } else if (this.#flags.verbose) {
      this.#beforePrint();
      console.error(`rpc: call ${i}: ${report.server}, ${milliseconds(report.durationMs)} ms`);
    }
    this.#early.set(i, this.#lineOf(i, report));
    while (this.#early.has(this.#next)) {
      const line = this.#early.get(this.#next);
      this.#early.delete(this.#next++);
      if (line !== undefined) this.#writer.line(line);
    }
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** Resolves when call `i`'s lane may go on: when neither the reader nor a slow call is left far behind. */
  async keepingUp(i: number): Promise<void> {
    const aheadMax = 1_024 + 16 * (this.#flags.concurrency ?? 1);
    while (i - this.#next > aheadMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    await this.#writer.keepingUp();
  }

  flushed(): Promise<void> {
    return this.#writer.flushed();
  }

  #lineOf(i: number, report: CallReport | StreamReport): string | undefined {
    const { result, error, server, durationMs } = report;
    const items = "items" in report ? report.items : undefined;
    if (!this.#flags.json) {
      return error === undefined && items === undefined ? JSON.stringify(result) : undefined;
    }
    const success = items === undefined ? { result } : { items };
    const outcome = error === undefined ? success : {
      error: {
        name: error.name,
        code: error.code,
        message: error.message,
        executed: error.executed,
        issues: error.issues,
      },
    };
    return JSON.stringify({
      i,
      ...outcome,
      server: server ?? null,
      ms: Number(milliseconds(durationMs)),
    });
  }

  #tell(i: number, report: CallReport, error: RpcError): void {
    const params = this.#paramsOf(i);
    const json = JSON.stringify(params);
    const args = Array.isArray(params) ? json.slice(1, -1) : json;
    const shown = args.length > 60 ? `${args.slice(0, 57)}...` : args;
    const { repeat, duration, rate } = this.#flags;
    const number = repeat === undefined && duration === undefined && rate === undefined
      ? ""
      : ` ${i}`;
    const { server } = report;
    const where = server === undefined || error.message.includes(server) ? "" : ` at ${server}`;
    const hint = hintFor(error, this.#method);
    console.error(
      `rpc: call${number} ${this.#method}(${shown})${where} failed: ${error.name}: ${error.message}` +
        (hint === undefined ? "" : `; ${hint}`),
    );
    if (this.#flags.verbose) console.error(error.stack);
  }
}

/** What the caller can do, where the message does not say it already. */
function hintFor(error: RpcError, method: string): string | undefined {
  switch (error.name) {
    case "DeadlineExceeded":
      return "allow it more time with --timeout <ms>";
    case "MethodNotFound":
      return error.message.includes("did you mean") ? undefined : "see: rpc methods";
    case "InvalidParams":
      return `see: rpc methods ${method}`;
    case "Overloaded":
      return "lower --concurrency, or start another server";
    default:
      return undefined;
  }
}

function milliseconds(ms: number): string {
  return ms.toFixed(3);
}
