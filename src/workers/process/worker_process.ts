import { type Clock, sleep } from "../../base/clock.ts";
import { messageOf, RpcError } from "../../base/errors.ts";
import { exists } from "../../base/paths.ts";
import { Pauses } from "../../base/system/give_way.ts";
import { ProcessJob } from "../../base/system/process_job.ts";
import {
  unreadableShownMax,
  workerBurstLength,
  workerInputBytesMax,
  workerPipeBytes,
} from "../limits.ts";
import type { Logger } from "../../base/log.ts";
import {
  encodeNotification,
  encodeRequest,
  encodeUnreadRequest,
  requestLine,
  type RequestOptions,
} from "../../wire/codec.ts";
import { type AnyLine, LineSplitter, replacementMark } from "../../wire/lines.ts";
import { longestLineOf, type MessageBound, withinOneString } from "../../wire/message_bound.ts";
import type { Params, UnreadJson } from "../../wire/message.ts";
import { Outbox } from "../../wire/outbox.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import { tooLongDescription } from "../description.ts";
import { boundBehindServer } from "../message_max.ts";
import { LongAnswers } from "./answers.ts";
import { describeEnd, type WorkerEnd } from "./worker_end.ts";
import { spawnWorker, type WorkerCommand } from "./worker_command.ts";
import { InputWatch } from "./input_watch.ts";
import { LongBodies } from "./long_bodies.ts";
import { OwedRequests } from "./owed_requests.ts";
import { Printed } from "./printed.ts";
import type { Receiver } from "./receiver.ts";

/** What a {@link WorkerProcess} needs. */
interface WorkerProcessOptions {
  /** Its number among the workers of its server, from 1. */
  readonly number: number;
  readonly command: WorkerCommand;
  /** Whether it handles one request at a time, and answers it before the next begins. */
  readonly inOrder: boolean;
  /** Most requests that it has at once. `undefined`: depends on the duration of calls. */
  readonly callsMax: number | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when it has dropped all requests that were taken back, and may get calls again. */
  ready(): void;
}

/** How long a worker that has closed stdin or stdout may take to end by itself. */
const exitAfterPipesMs = 100;

/** How long output is read after a worker's exit: its children may hold the pipes open. */
const pipesAfterExitMs = 1_000;

/** The server's side of one worker: a child process, and the requests that it has to answer. */
export class WorkerProcess {
  readonly #options: WorkerProcessOptions;
  readonly #bound: MessageBound;
  readonly #child: Deno.ChildProcess;
  readonly #stdout: ReadableStreamBYOBReader;
  readonly #outbox: Outbox;
  readonly #owed: OwedRequests;
  /** `undefined`: it is no worker of ours. */
  readonly #bodies: LongBodies | undefined;
  /** Resolves when the process is gone, its output is read, and all receivers are told. */
  readonly ended: Promise<WorkerEnd>;
  /** A counter that stands still while it writes nothing. */
  readsOfOutput = 0;
  /** Whether it has ever answered {@link ping}. */
  hasPonged = false;
  readonly #input: InputWatch | undefined;
  readonly #job: ProcessJob | undefined;
  #isLeaving = false;
  /** Whether it has closed its stdin. */
  #isDeaf = false;
  /** Bytes that were written before the first unanswered request. */
  #writtenBefore: number | undefined;
  /** What it wrote in place of an answer. */
  #unreadable: string | undefined;
  #killedBecause: string | undefined;
  #hasExited = false;
  readonly #printed: Printed;
  #printedAll: Promise<void> | undefined;

  /** @throws {Error} if the program cannot be started */
  constructor(options: WorkerProcessOptions) {
    this.#options = options;
    const { command, ...owed } = options;
    const { isForeign = false, readsAsWeDo = false } = command;
    const bound = boundBehindServer(command.messageMax);
    this.#bound = readsAsWeDo ? bound : withinOneString(bound);
    const stop = (id: number) => this.notify(reservedMethods.cancel, { id });
    this.#owed = new OwedRequests({ ...owed, isForeign, readsAsWeDo, stop });
    const bodies = readsAsWeDo ? new LongBodies() : undefined;
    this.#bodies = bodies;
    try {
      const { claimsPath: claims } = this.#owed;
      this.#child = spawnWorker(command, { claims, bodies: this.#bodies?.path });
    } catch (error) {
      this.#owed.close();
      throw error;
    }
    this.#job = isForeign ? ProcessJob.of(this.#child.pid) : undefined;
    const stdin = this.#child.stdin.getWriter();
    // In parts, so that it is seen whether the worker takes a long request.
    const write = (bytes: Uint8Array) => {
      const isShort = bytes.length <= workerInputBytesMax;
      const part = isShort ? bytes : bytes.subarray(0, workerInputBytesMax);
      return stdin.write(part).then(() => part.length);
    };
    this.#outbox = new Outbox({ write }, () => {
      this.#isDeaf = true;
      void this.#isLeft("its stdin was closed");
    }, {
      burstLength: workerBurstLength,
      place: bodies && ((line) => bodies.put(line)),
    });
    this.#input = isForeign ? new InputWatch(this.#child.pid) : undefined;
    this.#stdout = this.#child.stdout.getReader({ mode: "byob" });
    const { clock, log } = options;
    const stderr = Deno.build.os === "windows" ? undefined : this.#child.stderr;
    this.#printed = new Printed(stderr, { worker: options.number, clock, log });
    this.ended = this.#run();
  }

  /** The process's id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** The requests that it has to answer. */
  get owed(): OwedRequests {
    return this.#owed;
  }

  /** Whether so much input waits for it that no calls should be added. */
  get isInputFull(): boolean {
    return this.#outbox.pendingBytes >= workerInputBytesMax;
  }

  /** Whether it is a foreign program. */
  get isForeign(): boolean {
    return this.#options.command.isForeign ?? false;
  }

  /** How much it has taken of its input; `undefined`: nothing more waits to be written. */
  get bytesTaken(): number | undefined {
    return this.#outbox.pendingBytes > 0 ? this.#outbox.bytesWritten : undefined;
  }

  /** Resolves when all its input is written. */
  drained(): Promise<void> {
    return this.#outbox.drained();
  }

  /** Whether it can still take requests: not once it was killed or has ended. */
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
   * @param timeoutMs the time until the call's deadline
   * @param unread unparsed parameters in place of `params`, for a worker of ours
   * @throws {RpcError} InvalidParams if the parameters are too long for one message
   */
  request(
    method: string,
    params: Params | undefined,
    receiver: Receiver,
    timeoutMs?: number,
    options?: RequestOptions,
    unread?: UnreadJson,
  ): number {
    const id = this.#owed.nextId();
    const bound = this.#bound;
    const line = unread === undefined
      ? requestLine(id, method, params, timeoutMs, options, bound)
      : encodeUnreadRequest(id, method, unread, timeoutMs, options, bound);
    if (this.#owed.total === 0) {
      this.#writtenBefore = this.#outbox.pendingBytes === 0 ? this.#outbox.bytesWritten : undefined;
    }
    this.#owed.add(id, receiver, line.length);
    // The outbox may still need the call's bytes after the call has ended.
    if (typeof line !== "string" && typeof line.body !== "string") line.body.hold();
    this.#outbox.push(line);
    return id;
  }

  /** Pings it. Only the answer to the last ping is reported. */
  ping(answered: () => void): void {
    const id = this.#owed.nextId();
    this.#owed.expectPong(id, () => {
      this.hasPonged = true;
      answered();
    });
    this.#outbox.push(encodeRequest(id, reservedMethods.ping, undefined));
  }

  /** Kills it if it has closed its stdin, as far as that can be seen without writing. */
  endIfDeaf(): void {
    if (!this.#isLeaving && this.#input?.isClosed === true) {
      void this.#isLeft("its stdin was closed");
    }
  }

  /** Sends a notification. */
  notify(method: string, params: Params): void {
    this.#outbox.push(encodeNotification(method, params));
  }

  /** Kills the process. Receivers are told when its output was read to the end. */
  kill(because: string): void {
    this.#isLeaving = true;
    try {
      // After its exit, its id may belong to another process.
      const isGroup = this.#options.command.ownGroup && !this.#hasExited;
      if (isGroup) Deno.kill(-this.pid, "SIGKILL");
      else this.#child.kill("SIGKILL");
      this.#killedBecause ??= because;
    } catch {
      // It has exited already.
    } finally {
      this.#job?.kill();
    }
  }

  /** Kills what the process has started and left behind. */
  #endGroup(): void {
    this.#job?.close();
    if (!this.#options.command.ownGroup || exists(`/proc/${this.pid}`)) return;
    try {
      // Nobody else gets the id while there is a group of that name, and nobody has it now.
      Deno.kill(-this.pid, "SIGKILL");
    } catch {
      // Nothing is left.
    }
  }

  /**
   * Handles a closed pipe: the process ends, or is useless. It gets a moment to end by itself,
   * since its exit tells more.
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
    this.#bodies?.close();
    await this.#isLeft("its stdout ended");
    const status = await exited;
    this.#endGroup();
    this.#outbox.close();
    // Its last output may tell why.
    if (this.#killedBecause === undefined) {
      await this.#soon(this.#printed.ended);
    }
    const how = describeEnd(status, this.#killedBecause, this.#printed.ranOutOfMemory);
    this.#owed.takeKept();
    const end = { underCall: this.#owed.load > 0, how, unreadable: this.#unreadable };
    const isUnsent = this.#isDeaf && this.#outbox.bytesWritten === this.#writtenBefore;
    this.#owed.lose(`Lost the worker of the call: it ${how}`, isUnsent);
    return end;
  }

  /**
   * Resolves when there is nothing more to read, or the worker has broken the protocol and is
   * killed.
   */
  async #readAnswers(): Promise<void> {
    const splitter = new LineSplitter(longestLineOf(this.#bound));
    const foreign = this.isForeign ? new LongAnswers(splitter, this.#bound) : undefined;
    const pauses = new Pauses();
    let buffer = new ArrayBuffer(workerPipeBytes);
    let beginning: string | undefined;
    try {
      while (true) {
        const { done, value } = await this.#stdout.read(new Uint8Array(buffer));
        if (done || value === undefined) return;
        this.readsOfOutput++;
        beginning ??= new TextDecoder().decode(value.subarray(0, unreadableShownMax));
        // Before the first answer it may be no worker at all.
        const cutter = this.#owed.hasAnswered ? foreign ?? splitter : splitter;
        const lines = cutter.pushLong(value);
        const taking = this.#bodies?.hold(lines)
          ? this.#takeBodies(lines, this.#bodies, pauses)
          : this.#owed.take(lines, pauses);
        if (taking !== undefined) await taking;
        buffer = value.buffer;
        const pause = lines.length === 0 || splitter.partialBytes > 0
          ? pauses.after(value.length)
          : undefined;
        if (pause !== undefined) await pause;
      }
    } catch (error) {
      const isFirst = !this.#owed.hasAnswered;
      const isDescription = splitter.overflowed && isFirst && beginning?.trimStart()[0] === "{";
      if (!isDescription) {
        const line = !splitter.overflowed ? this.#owed.lastLine : isFirst ? beginning ?? "" : "";
        this.#unreadable = shownText(line.slice(0, unreadableShownMax));
      }
      this.kill(
        isDescription
          ? tooLongDescription
          : `it broke the protocol on its stdout: ${messageOf(error)}`,
      );
      await this.#stdout.cancel().catch(() => {});
    }
  }

  /** As many together as may pass before others have their turn. */
  async #takeBodies(lines: readonly AnyLine[], bodies: LongBodies, pauses: Pauses): Promise<void> {
    let together: AnyLine[] = [];
    for (const line of lines) {
      const taking = bodies.take(line, longestLineOf(this.#bound));
      if (taking instanceof Promise) {
        // If what comes before is wrong nobody waits for it, and the file is closed meanwhile.
        taking.catch(() => {});
        await this.#owed.take(together, pauses);
        together = [];
      }
      const whole = taking instanceof Promise ? await taking : taking;
      together.push(whole);
      const pause = whole instanceof RpcError ? undefined : pauses.after(whole.length);
      if (pause === undefined && typeof whole === "string") continue;
      const passing = this.#owed.take(together, pauses);
      together = [];
      if (passing !== undefined) await passing;
      if (pause !== undefined) await pause;
    }
    await this.#owed.take(together, pauses);
  }
}

/**
 * The bytes as text for people; `""`: they are no text. A character that was cut off at the end is
 * left out.
 */
function shownText(text: string): string {
  const whole = text.replace(/\ufffd{1,3}$/, "");
  return whole.includes(replacementMark) ? "" : whole;
}
