import { addressOf } from "../../base/names/host_port.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { oneStringBytesMax } from "../../base/limits.ts";
import { isSameFile } from "../../base/paths.ts";
import type { Client } from "../../client/client.ts";
import type { Discovery, InstanceSource } from "../../discovery/discovery.ts";
import { isScreen, printOnStderr, problemLine } from "../../terminal/stdout.ts";
import { jsonLine } from "../../base/values/plain_text.ts";
import { type Listening, onInterrupt } from "../../terminal/interrupt.ts";
import { exitCodes, UsageError } from "../../base/command_error.ts";
import { plainLogger } from "../process/plain_logger.ts";
import { openTracer } from "../process/tracing.ts";
import { openForLong } from "../registry.ts";
import type { CommandInput } from "../syntax/command.ts";
import type { Begun } from "./brief/begun.ts";
import { briefClock } from "./brief_clock.ts";
import { isMany } from "./failures.ts";
import type { FailedLines } from "./input/failed_lines.ts";
import { type CallFlags, callFlags } from "./flags.ts";
import type { LoadReport } from "./html/load_report.ts";
import type { JobSource } from "./job.ts";
import { NumberedJobs } from "./numbered_jobs.ts";
import { paramsMaker } from "../syntax/params.ts";
import {
  CallRun,
  type CallRunOptions,
  nobodyReads,
  noneTakesUs,
  noServer,
  type RunEnd,
} from "./run.ts";
import type { CallSummary } from "./summary.ts";

/**
 * How long a connection to the registry is waited for before the client is loaded all the same, in
 * milliseconds: many times what it takes in one network.
 */
const reachMsMax = 50;

/**
 * `rpc call <method> [args...]`
 *
 * @param begun what was begun already of a single call
 * @param listening what has listened to Ctrl-C so far
 */
export async function run(
  { flags, given, positionals: [method = "", ...args] }: CommandInput<typeof callFlags>,
  begun?: Begun,
  listening?: Listening,
): Promise<number> {
  assertServersAsked(flags);
  assertPageAsked(flags);
  using calls = await openCalls(flags, args);
  using report = flags.html === undefined ? undefined : await openReport(flags.html, flags);
  const log = plainLogger(flags.verbose);
  const clock = isOnce(flags) ? briefClock : systemClock;
  const interrupt = onInterrupt();
  const { signal } = interrupt;
  listening?.release();
  const { transport, discovery } = await openForLong(flags, log, clock);
  // The process ends after its only call, so the system closes everything. Closing by hand is
  // slower: the code for it would have to be compiled first.
  const endsAnyway = isOnce(flags) && discovery.watchesEndWithProcess === true;
  try {
    if (flags.each) {
      const { callEach } = await import("./each/each.ts");
      const paramsOf = paramsMaker(args, flags.params);
      return await callEach({ method, paramsOf, flags, discovery, transport, log, signal });
    }
    await reachSoon(discovery, clock);
    const { Client } = await import("../../client/client.ts");
    const source = await sourceOf(discovery, flags, signal);
    if (source === undefined) return exitCodes.interrupted;
    const client = new Client({
      discovery: begun?.source(source) ?? source,
      service: flags.service,
      transport: begun?.transport(transport) ?? transport,
      balance: flags.balance,
      subset: flags.subset,
      zone: flags.zone,
      timeoutMs: flags.timeout,
      unavailableAfterMs: flags.wait,
      messageMax: flags.messageMax,
      clock,
      log,
      tracer: await openTracer(log),
      exactNumbers: true,
      serverChanged: report && ((server, change) => {
        if (change !== "described") report.record.changed(server, change);
      }),
    });
    try {
      const begunAtMs = begun && clock.now() - begun.takenMs;
      return await makeCalls({ client, method, flags, given, calls, report, signal, begunAtMs });
    } finally {
      if (!endsAnyway) client.close();
    }
  } finally {
    if (!endsAnyway) {
      await discovery.close();
      // Last, because the listener keeps the process alive.
      interrupt.release();
    }
  }
}

/**
 * Has the registry make its session while the client is loaded, which takes as long. One that does
 * not take a connection at once is not waited for here: the time of a call has not begun yet.
 */
async function reachSoon(discovery: Discovery, clock: Clock): Promise<void> {
  if (discovery.reach === undefined) return;
  const late = Promise.withResolvers<void>();
  const timer = clock.after(reachMsMax, late.resolve);
  await Promise.race([discovery.reach(), late.promise]);
  timer.cancel();
}

/** Whether the flags ask for a single call, which needs no summary. */
function isOnce(flags: CallFlags): boolean {
  return flags.input === undefined && !isMany(flags);
}

/** @throws {UsageError} the flags that choose servers do not go with the others */
function assertServersAsked(flags: CallFlags): void {
  if (!flags.each) return;
  if (flags.server !== undefined) {
    throw new UsageError("Cannot use --each and --server together: choose one");
  }
  if (!isOnce(flags)) {
    throw new UsageError(
      "Cannot use --repeat, --duration, --rate or --input with --each, which calls each server once",
    );
  }
}

/**
 * The registry, maybe restricted to one server; `undefined` if Ctrl-C came first.
 *
 * @throws {RpcError} Unavailable: there is no such server
 */
async function sourceOf(
  discovery: Discovery,
  { server, service }: CallFlags,
  signal: AbortSignal,
): Promise<InstanceSource | undefined> {
  if (server === undefined) return discovery;
  const { snapshots } = await import("../../discovery/snapshots.ts");
  const { pickServer } = await import("../pick_server.ts");
  const { onlyAt } = await import("../../discovery/narrowed.ts");
  for await (const list of snapshots(discovery, service, signal)) {
    return onlyAt(addressOf(pickServer(server, list)), discovery);
  }
  return undefined;
}

/** @throws {UsageError} a page is asked for with a single call */
function assertPageAsked(flags: CallFlags): void {
  if (flags.html !== undefined && (flags.each || isOnce(flags))) {
    throw new UsageError(
      "Cannot use --html for a single call: it needs --repeat, --duration, --rate or --input",
    );
  }
}

/**
 * @throws {CommandError} the file cannot be written
 * @throws {UsageError} it is one that holds what the page would overwrite
 */
async function openReport(path: string, { input, failed }: CallFlags): Promise<LoadReport> {
  for (const [flag, other] of Object.entries({ input, failed })) {
    if (other === undefined || other === "-" || !isSameFile(path, other)) continue;
    throw new UsageError(`Cannot write the page to ${path}: that is the file of --${flag}`);
  }
  const { LoadReport } = await import("./html/load_report.ts");
  return new LoadReport(path);
}

/** Makes all calls, reports on them, and returns the exit code. */
async function makeCalls(
  { client, method, flags, given, calls, report, signal, begunAtMs }: {
    readonly client: Client;
    readonly method: string;
    readonly flags: CallFlags;
    readonly given: ReadonlyMap<string, string>;
    readonly calls: Calls;
    readonly report: LoadReport | undefined;
    readonly signal: AbortSignal;
    readonly begunAtMs: number | undefined;
  },
): Promise<number> {
  const isOne = isOnce(flags);
  const summary = isOne ? undefined : await newSummary();
  const newProgress = isOne ? undefined : await progressMaker(flags);
  const textOf = Deno.stdout.isTerminal() && isOne && !flags.raw
    ? (await import("./pretty.ts")).prettyText
    : jsonLine;
  const callRun = new CallRun({
    ...{ client, method, flags, signal, begunAtMs, summary, newProgress, textOf },
    source: calls.source(),
    record: report?.record,
    failedLines: calls.failedLines,
  });
  const startedAtMs = systemClock.now();
  const end = await callRun.run();
  const elapsedMs = systemClock.now() - startedAtMs;
  if (isMany(flags)) tellStop(end);
  const facts = { elapsedMs, stats: client.stats, rate: flags.rate, isInterrupted: signal.aborted };
  const isTold = summary === undefined || flags.summary === "none" ||
    printOnStderr(summary[flags.summary](facts));
  tellEnd(end, flags, calls.failedLines);
  if (isToGoOn(end, flags)) {
    const { stopText } = await import("./input/go_on.ts");
    const { input = "", skip } = flags;
    printOnStderr(stopText(end, { method, flags: callFlags, given, input, skip }));
  }
  if (summary !== undefined) report?.write(method, summary, facts);
  if (end.writeProblem !== undefined || !isTold) return exitCodes.failure;
  if (signal.aborted) return exitCodes.interrupted;
  return hasFailed(end, flags) ? exitCodes.failure : exitCodes.success;
}

/** Says why further calls were not made. */
function tellStop({ stoppedBecause }: RunEnd): void {
  if (stoppedBecause === noServer) {
    printOnStderr(problemLine("stopped: there is no server to call"));
  } else if (stoppedBecause === noneTakesUs) {
    printOnStderr(problemLine(`stopped: ${noneTakesUs}`));
  }
}

/** The calls to make, and what has to be closed afterwards. */
interface Calls extends Disposable {
  /** Starts the source: its time counts from here. */
  source(): JobSource;
  readonly failedLines: FailedLines | undefined;
}

/**
 * Checks everything on the command line that can be wrong, before anything else begins.
 *
 * @throws {UsageError} what is wrong
 */
async function openCalls(flags: CallFlags, args: readonly string[]): Promise<Calls> {
  const { input, failed, skip, repeat, duration, rate } = flags;
  if (input === undefined) {
    if (flags.unordered || failed !== undefined || skip > 0) {
      throw new UsageError("--unordered, --failed and --skip need --input <file>");
    }
    const paramsOf = paramsMaker(args, flags.params);
    return {
      source: () =>
        new NumberedJobs({
          repeat: isMany(flags) ? repeat : 1,
          durationMs: duration,
          rate,
          paramsOf,
          clock: systemClock,
        }),
      failedLines: undefined,
      [Symbol.dispose]() {},
    };
  }
  if (args.length > 0 || flags.params !== undefined) {
    throw new UsageError("Cannot use arguments with --input: its lines hold them");
  }
  if (isMany(flags)) {
    throw new UsageError("Cannot use --repeat, --duration or --rate with --input");
  }
  const { InputJobs } = await import("./input/input_jobs.ts");
  const { FailedLines } = await import("./input/failed_lines.ts");
  const source = await InputJobs.open(input, Math.min(flags.messageMax, oneStringBytesMax), skip);
  const failedLines = failed === undefined ? undefined : FailedLines.open(failed, input, skip > 0);
  return {
    source: () => source,
    failedLines,
    [Symbol.dispose]() {
      failedLines?.close();
      source.close();
    },
  };
}

async function newSummary(): Promise<CallSummary> {
  const { CallSummary } = await import("./summary.ts");
  return new CallSummary();
}

/** A bar on stderr, if that is a terminal. */
async function progressMaker(
  { repeat, duration, quiet }: CallFlags,
): Promise<CallRunOptions["newProgress"]> {
  if (!isScreen(Deno.stderr)) return undefined;
  const { Progress } = await import("../../terminal/progress.ts");
  const isBesideOutput = !quiet && Deno.stdout.isTerminal();
  return (state) => new Progress({ state, total: repeat, durationMs: duration, isBesideOutput });
}

/** Reports what is not in the summary: results that were not written, and failed lines. */
function tellEnd(
  end: RunEnd,
  { input, failed, skip }: CallFlags,
  failedLines: FailedLines | undefined,
): void {
  if (end.writeProblem !== undefined) printOnStderr(problemLine(end.writeProblem));
  if (input === undefined) return;
  if (end.done === 0 && end.stoppedBecause === undefined) {
    const name = input === "-" ? "stdin" : input;
    const why = skip === 0 ? `${name} is empty` : `--skip ${skip} leaves out all lines of ${name}`;
    printOnStderr(problemLine(`no call was made: ${why}`, "yellow"));
  }
  const kept = failedLines?.count ?? 0;
  if (end.failed > 0 || kept > 0) {
    const which = kept > end.failed ? "with those whose results were not written" : "of them";
    const where = failed === undefined
      ? "; --failed <file> keeps such lines, to run them again"
      : `; ${kept} ${which} ${kept === 1 ? "is" : "are"} in ${failed}`;
    printOnStderr(problemLine(`${end.failed} of ${end.done} lines failed${where}`));
  }
}

/** Whether the user should be told how to go on with the remaining lines. */
function isToGoOn({ stoppedBecause }: RunEnd, { input, failed }: CallFlags): boolean {
  if (input === undefined || stoppedBecause === undefined) return false;
  // A reader such as `head` has what it wants, unless failed lines are to be collected.
  return stoppedBecause !== nobodyReads || failed !== undefined;
}

function hasFailed(end: RunEnd, { input }: CallFlags): boolean {
  if (end.failed > 0) return true;
  return input !== undefined && end.stoppedBecause !== undefined &&
    end.stoppedBecause !== nobodyReads;
}
