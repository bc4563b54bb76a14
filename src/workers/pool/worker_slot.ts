import type { Backoff } from "../../base/backoff.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { messageOf, RpcError } from "../../base/errors.ts";
import { methodLengthMax } from "../../base/limits.ts";
import { inLines, type Logger } from "../../base/log.ts";
import { processorTimeOf } from "../../base/system/processor_time.ts";
import { readDocument } from "../../procedures/documents/read_document.ts";
import type { OpenRpcDocument } from "../../procedures/openrpc.ts";
import { reservedMethods, reservedPrefix } from "../../wire/reserved.ts";
import { isTooLongDescription, tooLongDescription } from "../description.ts";
import type { WorkerCommand } from "../process/worker_command.ts";
import type { Outcome } from "../process/receiver.ts";
import { WorkerProcess } from "../process/worker_process.ts";
import type { WorkerEnd } from "../process/worker_end.ts";
import { Heartbeat } from "./heartbeat.ts";

/** What a {@link WorkerSlot} needs. */
interface WorkerSlotOptions {
  /** Its number among the workers of its server, from 1. */
  readonly number: number;
  readonly command: WorkerCommand;
  readonly inOrder: boolean;
  readonly callsMax: number | undefined;
  readonly spawnTimeoutMs: number;
  /** Delays between starts when workers die without a call. */
  readonly backoff: Backoff;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether calls wait for a worker. */
  isWanted(): boolean;
  /** Called when a worker is ready for calls. */
  ready(): void;
}

type State =
  | { readonly name: "resting" }
  | { readonly name: "starting"; readonly process: WorkerProcess }
  | { readonly name: "ready"; readonly process: WorkerProcess; readonly sinceMs: number }
  | { readonly name: "waiting"; readonly timer: Timer }
  | { readonly name: "closed" };

/** A worker that lived for this long does not count as a failed start. */
const steadyMs = 10_000;

const noDocument = `it did not answer ${reservedMethods.discover} with an OpenRPC document`;
const noMethods = "it offers no procedure";

/** How much of a name that is too long is shown. */
const nameShownMax = 32;
const unknowing = `Cannot start a worker: it does not know ${reservedMethods.discover}`;

/**
 * A slot for one worker, kept filled:
 *
 *     starting ── answers rpc.discover ──▶ ready
 *        ▲ └────────── dies ──────────┐      │ dies, or is killed
 *        │                            ▼      │
 *        └──────────────────────── waiting ◀─┘
 *
 * Before its first start it rests, and at the end it is closed. It rests again while its worker is
 * not needed.
 *
 * There is no wait after a kill, or after a death during a call: the call was the reason, and
 * others should not suffer for it. Only after a worker that died by itself does the next one wait.
 */
export class WorkerSlot {
  readonly #options: WorkerSlotOptions;
  readonly #processes = new Set<WorkerProcess>();
  readonly #firstStart = Promise.withResolvers<OpenRpcDocument>();
  #state: State = { name: "resting" };
  #restarts = 0;
  #isFailing = false;
  /** Whether somebody waits for the outcome of {@link start}. */
  #isAwaited = false;
  /** The heartbeat of the ready worker. */
  #heartbeat: Heartbeat | undefined;

  constructor(options: WorkerSlotOptions) {
    this.#options = options;
    // Only the caller of start() handles this rejection.
    this.#firstStart.promise.catch(() => {});
  }

  /** The worker, if it takes calls. */
  get worker(): WorkerProcess | undefined {
    if (this.#state.name !== "ready" || !this.#state.process.isAlive) return undefined;
    return this.#state.process;
  }

  /** Whether its worker was pinged and has not answered yet. */
  get isProbed(): boolean {
    return this.#heartbeat?.isAwaited === true;
  }

  /** Number of workers that were started to replace one. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Whether it has no worker, not even a starting one, because none is needed. */
  get isResting(): boolean {
    return this.#state.name === "resting";
  }

  /** Whether its worker could not be started, and none could since. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** When its worker last began or ended a call, or got ready, by the clock. */
  get usedAtMs(): number {
    if (this.#state.name !== "ready") return this.#options.clock.now();
    return Math.max(this.#state.sinceMs, this.#state.process.owed.busySinceMs);
  }

  /**
   * Starts the first worker, and resolves with its procedures.
   *
   * @throws {Error} it does not get ready, with the last lines that it printed. The slot goes on
   * trying until it is closed
   */
  start(): Promise<OpenRpcDocument> {
    this.#isAwaited = true;
    this.#begin();
    return this.#firstStart.promise;
  }

  /** Starts a worker, if it rests. */
  wake(): void {
    if (this.isResting) this.#begin();
  }

  /** Ends its idle worker, and starts no other until {@link wake}. */
  rest(): void {
    const process = this.worker;
    if (process === undefined) return;
    this.#options.log.debug("Ended a worker that nobody needed", { workerPid: process.pid });
    this.#heartbeat?.stop();
    this.#heartbeat = undefined;
    this.#state = { name: "resting" };
    process.kill("nobody needed it");
  }

  /** Kills the worker, if one is ready, and starts the next at once. */
  kill(because: string): void {
    const process = this.worker;
    if (process === undefined) return;
    this.#options.log.info("Killed a worker", { workerPid: process.pid, because });
    process.kill(because);
    this.#beginAnew();
  }

  /** Kills the worker unless it soon answers `rpc.ping`, since a call has overrun its deadline. */
  probe(): void {
    if (this.worker !== undefined) this.#heartbeat?.ask();
  }

  /** Kills the worker and starts no other. Resolves when every process has ended. */
  async close(): Promise<void> {
    if (this.#state.name === "waiting") this.#state.timer.cancel();
    this.#heartbeat?.stop();
    this.#state = { name: "closed" };
    for (const process of this.#processes) process.kill("the server closes");
    await Promise.all([...this.#processes].map((process) => process.ended));
  }

  #beginAnew(): void {
    this.#restarts++;
    this.#begin();
  }

  #begin(): void {
    const { clock, spawnTimeoutMs } = this.#options;
    this.#heartbeat?.stop();
    this.#heartbeat = undefined;
    let process: WorkerProcess;
    try {
      process = new WorkerProcess(this.#options);
    } catch (cause) {
      this.#failed(new Error(`Cannot start a worker: ${messageOf(cause)}`, { cause }));
      return;
    }
    this.#state = { name: "starting", process };
    this.#processes.add(process);
    const timer = clock.after(spawnTimeoutMs, () => {
      process.kill(`it was not ready within ${spawnTimeoutMs} ms`);
    });
    process.request(reservedMethods.discover, undefined, {
      answered: (outcome) => {
        timer.cancel();
        this.#discovered(process, outcome);
      },
      lost: () => timer.cancel(),
    });
    void process.ended.then((end) => {
      this.#processes.delete(process);
      void this.#ended(process, end);
    });
  }

  #discovered(process: WorkerProcess, outcome: Outcome): void {
    if (this.#state.name !== "starting" || this.#state.process !== process) return;
    if ("error" in outcome) {
      // Its own message tells more than its exit code would.
      process.kill("it cannot work");
      const { error } = outcome;
      const cause = error instanceof RpcError ? error.cause : undefined;
      const isUnknown = cause instanceof RpcError && cause.name === "MethodNotFound";
      const why = isUnknown ? withAdvice(unknowing, this.#options.command) : error.message;
      this.#failed(new Error(why));
      return;
    }
    const document = readDocument(outcome.result);
    if (!(document instanceof Promise)) return this.#described(process, document);
    document.then(
      (read) => this.#described(process, read),
      (error) => process.kill(`what it offers cannot be looked into: ${messageOf(error)}`),
    );
  }

  /** The worker has told what it offers; `undefined`: what it told is no document. */
  #described(process: WorkerProcess, document: OpenRpcDocument | undefined): void {
    if (this.#state.name !== "starting" || this.#state.process !== process) return;
    if (document === undefined) {
      process.kill(noDocument);
      return;
    }
    const why = whyNot(document, process.isForeign);
    if (why !== undefined) {
      process.kill(why);
      return;
    }
    this.#state = { name: "ready", process, sinceMs: this.#options.clock.now() };
    this.#isFailing = false;
    process.owed.offered = new Set(document.methods.map(({ name }) => name));
    this.#heartbeat = this.#heartbeatOf(process);
    this.#isAwaited = false;
    this.#firstStart.resolve(document);
    this.#options.ready();
  }

  #heartbeatOf(process: WorkerProcess): Heartbeat {
    const { inOrder, clock, isWanted, ready } = this.#options;
    return new Heartbeat({
      process,
      inOrder,
      clock,
      processorTime: () => processorTimeOf(process.pid),
      isWanted,
      alive: () => {
        if (this.worker === process) ready();
      },
      silent: (because) => {
        if (this.worker === process) this.kill(because);
      },
    });
  }

  async #ended(process: WorkerProcess, end: WorkerEnd): Promise<void> {
    const { how, underCall, unreadable } = end;
    if (this.#state.name === "starting" && this.#state.process === process) {
      const problem = startProblem(end, await process.lastWords(), this.#options.command);
      this.#failed(new Error(`Cannot start a worker: ${problem}`));
      return;
    }
    const state = this.#state;
    // Otherwise it was killed, and its successor has taken over.
    if (state.name !== "ready" || state.process !== process) return;
    this.#heartbeat?.stop();
    const { clock, log, backoff } = this.#options;
    if (clock.now() - state.sinceMs >= steadyMs) backoff.reset();
    const nextInMs = underCall ? 0 : Math.round(backoff.next());
    const printed = unreadable ? { printed: unreadable } : {};
    log.warn("A worker ended", { workerPid: process.pid, how, ...printed, underCall, nextInMs });
    if (underCall) this.#beginAnew();
    else this.#beginLater(nextInMs);
  }

  #failed(error: Error): void {
    if (this.#state.name === "closed") {
      this.#firstStart.reject(error);
      return;
    }
    this.#isFailing = true;
    const delayMs = this.#options.backoff.next();
    // The caller of start() is told, so the log need not have a line for each worker.
    if (!this.#isAwaited) {
      const [first, more] = inLines(error.message);
      this.#options.log.error(first, { ...more, retryInMs: Math.round(delayMs) });
    }
    this.#isAwaited = false;
    this.#beginLater(delayMs);
    this.#firstStart.reject(error);
  }

  #beginLater(delayMs: number): void {
    const timer = this.#options.clock.after(delayMs, () => this.#beginAnew());
    this.#state = { name: "waiting", timer };
  }
}

/** Why a worker did not start: how it ended, what it printed, and advice. */
function startProblem(
  { how, unreadable }: WorkerEnd,
  printed: readonly string[],
  command: WorkerCommand,
): string {
  const words = printed.map((line) => `\n  ${line}`).join("");
  if (unreadable !== undefined) {
    const what = unreadable === "" ? "what is no text" : JSON.stringify(unreadable);
    return withAdvice(`in place of an answer it printed ${what}${words}`, command);
  }
  // A program that ends well was probably not made as a worker. One that fails tells why itself,
  // unless it prints nothing.
  const isOver = how === "exited with code 0" ||
    (how.startsWith("exited with code") && printed.length === 0);
  const isStranger = isOver ||
    ["not ready", noDocument, noMethods].some((reason) => how.includes(reason));
  const problem = `it ${how}${isOver ? " without an answer" : ""}${words}`;
  return isStranger ? withAdvice(problem, command) : problem;
}

function withAdvice(problem: string, { advice }: WorkerCommand): string {
  return advice === undefined ? problem : `${problem}\n${advice}`;
}

/** Why what a worker offers cannot be served; `undefined`: it can. */
function whyNot(document: OpenRpcDocument, isForeign: boolean): string | undefined {
  const { methods } = document;
  if (isForeign && methods.length === 0) return noMethods;
  if (isTooLongDescription(document)) return tooLongDescription;
  const long = methods.find(({ name }) => name.length > methodLengthMax)?.name;
  if (long !== undefined) {
    return `it offers ${long.slice(0, nameShownMax)}..., and a name has at most ` +
      `${methodLengthMax} characters`;
  }
  const reserved = methods.find(({ name }) => name.startsWith(reservedPrefix))?.name;
  return reserved && `it offers ${reserved}, and names that begin so belong to the protocol`;
}
