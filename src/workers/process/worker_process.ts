import { type Clock, sleep } from "../../base/clock.ts";
import { messageOf, RpcError } from "../../base/errors.ts";
import { readBufferBytes, unreadableShownMax, workerInputBytesMax } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import {
  decodeReply,
  encodeNotification,
  encodeRequest,
  isResponse,
  type RequestOptions,
  toRpcError,
  toWorkerError,
} from "../../wire/codec.ts";
import { LineSplitter } from "../../wire/lines.ts";
import { boundOfServer, type MessageBound } from "../../wire/message_bound.ts";
import type { Id, Params, Request } from "../../wire/message.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import { Outbox } from "../../wire/outbox.ts";
import { itemParams } from "../../wire/reply_checks.ts";
import { tooLongDescription } from "../description.ts";
import { ClaimFile } from "../claim_file.ts";
import { describeEnd, type WorkerEnd } from "./worker_end.ts";
import { spawnWorker, type WorkerCommand } from "./worker_command.ts";
import { SendAhead } from "./send_ahead.ts";
import { Printed } from "./printed.ts";

/** What a call ended in. */
export type Outcome = { readonly result: unknown } | { readonly error: RpcError };

/** Who waits for the answer to one request. */
export interface Receiver {
  answered(outcome: Outcome): void;
  /** The next items, if it asked for a stream. */
  items?(items: readonly unknown[]): void;
  /**
   * The worker died first, or the request was taken back. `begun` is `false` only if it certainly
   * was not acted on.
   */
  lost(error: RpcError, begun: boolean): void;
}

/** What a {@link WorkerProcess} needs. */
export interface WorkerProcessOptions {
  readonly command: WorkerCommand;
  /** Whether it acts on one request after the other, each answered before the next begins. */
  readonly inOrder: boolean;
  /**
   * Most requests that it has at once. `undefined`: as many as are good for calls of their length.
   */
  readonly callsMax: number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** It has let go of all that was taken back, and may be given calls again. */
  ready(): void;
}

/**
 * How long a worker that has closed its stdin or stdout may take to end by itself, and its last
 * words to come.
 */
const exitAfterPipesMs = 100;

/**
 * How long after a worker's exit its output is read: a child of its own may hold the pipes open.
 */
const pipesAfterExitMs = 1_000;

const takenBack = new RpcError("WorkerLost", "Taken back from a worker that is busy");

/** The parent's side of one worker: a child process, and the requests that it owes an answer to. */
export class WorkerProcess {
  readonly #options: WorkerProcessOptions;
  readonly #bound: MessageBound;
  readonly #child: Deno.ChildProcess;
  readonly #stdout: ReadableStreamBYOBReader;
  readonly #outbox: Outbox;
  readonly #pending = new Map<number, Receiver>();
  readonly #sendAhead = new SendAhead();
  /** Requests that were taken back, and that it has not let go of yet. */
  readonly #takenBack = new Set<number>();
  #claims: ClaimFile | undefined;
  #isJoined = false;
  /**
   * Resolves when the process is gone, all it wrote is read, and the receivers left over are told.
   */
  readonly ended: Promise<WorkerEnd>;
  #lastId = 0;
  #revokedUpTo = 0;
  #answers = 0;
  /** A counter that stands still exactly as long as it writes nothing. */
  readsOfOutput = 0;
  #busySinceMs = 0;
  #isLeaving = false;
  /** It has closed its stdin. */
  #isDeaf = false;
  /** Bytes that had been written before the first request that it owes an answer to. */
  #writtenBefore: number | undefined;
  /** What it wrote in place of its first answer. */
  #unreadable: string | undefined;
  #killedBecause: string | undefined;
  #hasExited = false;
  readonly #printed: Printed;
  #printedAll: Promise<void> | undefined;

  /** @throws {Error} if the program cannot be started */
  constructor(options: WorkerProcessOptions) {
    this.#options = options;
    this.#bound = boundOfServer(options.command.messageMax);
    const { inOrder, callsMax } = options;
    // One call at a time leaves nothing to take back.
    this.#claims = inOrder && callsMax !== 1 ? ClaimFile.create() : undefined;
    try {
      this.#child = spawnWorker(options.command, this.#claims?.path);
    } catch (error) {
      this.#claims?.close();
      throw error;
    }
    const stdin = this.#child.stdin.getWriter();
    const write = (bytes: Uint8Array) => stdin.write(bytes).then(() => bytes.length);
    this.#outbox = new Outbox({ write }, () => {
      this.#isDeaf = true;
      void this.#isLeft("its stdin was closed");
    });
    this.#stdout = this.#child.stdout.getReader({ mode: "byob" });
    const { clock, log } = options;
    const stderr = Deno.build.os === "windows" ? undefined : this.#child.stderr;
    this.#printed = new Printed(stderr, { workerPid: this.pid, clock, log });
    this.ended = this.#run();
  }

  /** The process's id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Requests that it owes an answer to. */
  get load(): number {
    return this.#pending.size;
  }

  /**
   * What it has to answer in all. What was taken back counts until it says that it has let go of
   * it: before that nobody knows whether it still does anything.
   */
  get owed(): number {
    return this.#pending.size + this.#takenBack.size;
  }

  /** Requests that it may have at once. */
  get capacity(): number {
    const { callsMax } = this.#options;
    if (callsMax !== undefined) return callsMax;
    const { capacity } = this.#sendAhead;
    return capacity > 1 && this.#givesBack() ? capacity : 1;
  }

  /** Whether so much waits to be read by it that further calls should not be added. */
  get isInputFull(): boolean {
    return this.#outbox.pendingBytes >= workerInputBytesMax;
  }

  /** Resolves when all that it was sent is written. */
  drained(): Promise<void> {
    return this.#outbox.drained();
  }

  /** Since when it has worked on the first request that it owes an answer to, by the clock. */
  get busySinceMs(): number {
    return this.#busySinceMs;
  }

  /**
   * For how long it has left a request lying while nothing stood before it, in milliseconds. 0 if
   * it runs one, has nothing to do, or nobody can tell.
   */
  overlooksForMs(nowMs: number): number {
    if (this.owed === 0 || !this.#givesBack()) return 0;
    const begun = this.#claims?.begun() ?? 0;
    return this.#pending.has(begun) ? 0 : nowMs - this.#busySinceMs;
  }

  /** Whether it will act on what it is sent: not once it is killed or has ended. */
  get isAlive(): boolean {
    return !this.#isLeaving;
  }

  /** The last lines that it printed before it ended. */
  async lastWords(): Promise<readonly string[]> {
    await this.#printedAll;
    return this.#printed.tail;
  }

  /**
   * Sends a request and returns its id.
   *
   * @throws {RpcError} InvalidParams if the parameters are too long for one message
   */
  request(
    method: string,
    params: Params | undefined,
    receiver: Receiver,
    options?: RequestOptions,
  ): number {
    const id = ++this.#lastId;
    const line = encodeRequest(id, method, params, undefined, options, this.#bound);
    if (this.owed === 0) {
      this.#busySinceMs = this.#options.clock.now();
      this.#writtenBefore = this.#outbox.pendingBytes === 0 ? this.#outbox.bytesWritten : undefined;
    }
    this.#pending.set(id, receiver);
    this.#outbox.push(line);
    return id;
  }

  /** Sends a notification. */
  notify(method: string, params: Params): void {
    this.#outbox.push(encodeNotification(method, params));
  }

  /** The answer to this request matters no more. */
  forget(id: number): void {
    this.#pending.delete(id);
  }

  /** Whether this request is the first without an answer. */
  isFirst(id: number): boolean {
    for (const first of this.#pending.keys()) return first === id;
    return false;
  }

  /**
   * Takes back what has not begun, the last first: its receivers are told that it is lost, and not
   * begun. Returns the id of the request that was begun last, `undefined` if nobody can tell.
   */
  takeBack(): number | undefined {
    if (!this.#givesBack()) return undefined;
    this.#revokedUpTo = this.#lastId;
    const begun = this.#claims?.revoke(this.#revokedUpTo) ?? 0;
    this.#sendAhead.stop();
    const notBegun = [...this.#pending].filter(([id]) => id > begun);
    for (const [id, receiver] of notBegun.reverse()) {
      this.#pending.delete(id);
      this.#takenBack.add(id);
      receiver.lost(takenBack, false);
    }
    return begun;
  }

  /** Looked up once: the worker has taken part before its first answer, or never does. */
  #givesBack(): boolean {
    if (this.#claims !== undefined && !this.#isJoined) {
      this.#isJoined = this.#claims.isJoined;
      if (!this.#isJoined) this.#closeBoard();
    }
    return this.#isJoined;
  }

  #closeBoard(): void {
    this.#claims?.close();
    this.#claims = undefined;
    this.#isJoined = false;
  }

  /**
   * Ends the process at once. Its receivers hear of it when its output has been read to the end.
   */
  kill(because: string): void {
    this.#isLeaving = true;
    try {
      // Of one that has exited the number may be another's.
      const isGroup = this.#options.command.ownGroup && !this.#hasExited;
      if (isGroup) Deno.kill(-this.pid, "SIGKILL");
      else this.#child.kill("SIGKILL");
      this.#killedBecause ??= because;
    } catch {
      // It has exited already.
    }
  }

  /**
   * It has closed a pipe: it ends, or will never be of use again. Why it ended tells more, so it
   * may say so.
   */
  async #isLeft(because: string): Promise<void> {
    this.#isLeaving = true;
    await this.#soon(this.#child.status);
    this.kill(because);
  }

  /** Resolves when the promise does, or after a moment. */
  async #soon(promise: Promise<unknown>): Promise<void> {
    const stop = new AbortController();
    await Promise.race([promise, sleep(this.#options.clock, exitAfterPipesMs, stop.signal)]);
    stop.abort();
  }

  async #run(): Promise<WorkerEnd> {
    const exited = this.#child.status.finally(() => this.#hasExited = true);
    const giveUp = exited.then(() => sleep(this.#options.clock, pipesAfterExitMs));
    this.#printedAll = Promise.race([this.#printed.ended, giveUp]);
    await Promise.race([this.#readAnswers(), giveUp.then(() => this.#stdout.cancel())]);
    await this.#isLeft("its stdout ended");
    const status = await exited;
    this.#outbox.close();
    // Its last words may say why.
    if (this.#killedBecause === undefined) {
      await this.#soon(this.#printed.ended);
    }
    const begun = this.#givesBack() ? this.#claims?.begun() : undefined;
    this.#closeBoard();
    const how = describeEnd(status, this.#killedBecause, this.#printed.ranOutOfMemory);
    const end = { underCall: this.#pending.size > 0, how, unreadable: this.#unreadable };
    this.#fail(how, begun);
    return end;
  }

  /**
   * Resolves when there is nothing more to read, or the worker has broken the protocol and is
   * killed.
   */
  async #readAnswers(): Promise<void> {
    const splitter = new LineSplitter(this.#bound.bytes);
    let last = "";
    let buffer = new ArrayBuffer(readBufferBytes);
    try {
      while (true) {
        const { done, value } = await this.#stdout.read(new Uint8Array(buffer));
        if (done || value === undefined) return;
        this.readsOfOutput++;
        const lines = splitter.push(value);
        const busySinceMs = this.#busySinceMs;
        const answersBefore = this.#answers;
        const hadTakenBack = this.#takenBack.size > 0;
        for (const line of lines) {
          if (typeof line !== "string") throw line;
          last = line;
          this.#take(line);
        }
        if (this.#answers > answersBefore) {
          this.#measure(this.#answers - answersBefore, busySinceMs);
        }
        if (hadTakenBack && this.#takenBack.size === 0) this.#options.ready();
        buffer = value.buffer;
      }
    } catch (error) {
      const isFirst = this.#answers === 0;
      const isDescription = splitter.overflowed && isFirst;
      if (isFirst && !isDescription) this.#unreadable = last.slice(0, unreadableShownMax);
      this.kill(
        isDescription
          ? tooLongDescription
          : `it broke the protocol on its stdout: ${messageOf(error)}`,
      );
      await this.#stdout.cancel().catch(() => {});
    }
  }

  #take(line: string): void {
    const message = decodeReply(line);
    if (!isResponse(message)) return this.#takeNotification(message);
    const receiver = this.#pending.get(this.#ownId(message.id));
    // Nobody waits for a call that was given up.
    if (receiver === undefined) {
      if (this.#takenBack.delete(message.id as number)) {
        this.#busySinceMs = this.#options.clock.now();
      }
      return;
    }
    const id = message.id as number;
    this.#pending.delete(id);
    this.#answers++;
    if (message.error === undefined) return receiver.answered({ result: message.result });
    // Taken back in the moment in which the worker was about to begin it, and both have seen that.
    const said = toRpcError(message.error);
    if (id <= this.#revokedUpTo && said.executed === "no" && said.name === "Cancelled") {
      return receiver.lost(said, false);
    }
    receiver.answered({ error: toWorkerError(message.error, this.#options.command.isForeign) });
  }

  #measure(answers: number, busySinceMs: number): void {
    this.#busySinceMs = this.#options.clock.now();
    this.#sendAhead.answered(answers, this.#busySinceMs - busySinceMs);
  }

  /** Others than items mean nothing here, and are no breach. */
  #takeNotification({ method, params }: Request): void {
    if (method === reservedMethods.discover) {
      throw new RpcError("InvalidRequest", "it sends back what it is sent");
    }
    if (method !== reservedMethods.item) return;
    const read = itemParams(params);
    if (read === undefined) throw new RpcError("InvalidRequest", "it sent items in a wrong form");
    this.#pending.get(this.#ownId(read.id))?.items?.(read.items);
  }

  #ownId(id: Id): number {
    if (typeof id === "number" && id <= this.#lastId) return id;
    throw new RpcError("InvalidRequest", `it answered a request ${JSON.stringify(id)} never sent`);
  }

  #fail(how: string, begun: number | undefined): void {
    const message = `Lost the worker of the call: it ${how}`;
    const calls = [...this.#pending];
    this.#pending.clear();
    const isUnsent = this.#isDeaf && this.#outbox.bytesWritten === this.#writtenBefore;
    // The last one first: whoever has not begun goes back to the head of a queue. Not so the first
    // one: that it did not begin may be its own doing, and so it must not go from worker to worker.
    for (let i = calls.length - 1; i >= 0; i--) {
      const [id, receiver] = calls[i] as [number, Receiver];
      const executed = isUnsent || (begun !== undefined && id > begun) ? "no" : undefined;
      const error = new RpcError("WorkerLost", message, { executed });
      receiver.lost(error, i === 0 || !this.#options.inOrder);
    }
  }
}
