import type { Clock } from "../../base/clock.ts";
import { errorNameOf, Failure, RpcError } from "../../base/errors.ts";
import { isResponse, toRpcError } from "../../wire/codec.ts";
import { giveWay, type Pauses, ShortPart } from "../../base/system/give_way.ts";
import type { AnyLine } from "../../wire/lines.ts";
import type { Id, Request, Response, UnreadJson } from "../../wire/message.ts";
import { itemParams } from "../../wire/reply_checks.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import { beginningOf, textOf } from "../../wire/unread/bytes.ts";
import {
  isReadable,
  readResultInTurns,
  readResultUnread,
  type UnreadResult,
} from "../../wire/unread/read_unread.ts";
import { ClaimFile } from "../claim_file.ts";
import { unreadableShownMax, workerReadBytesPerMs } from "../limits.ts";
import { IdTable } from "../../base/values/id_table.ts";
import { errorOf, isVeryLong, readAnswer, UnfitAnswer } from "./answers.ts";
import type { Receiver } from "./receiver.ts";
import { SendAhead } from "./send_ahead.ts";

/** What {@link OwedRequests} need. */
interface OwedRequestsOptions {
  /** Whether the worker handles one request at a time, and answers it before the next begins. */
  readonly inOrder: boolean;
  /** Most requests that it has at once. `undefined`: depends on the duration of calls. */
  readonly callsMax: number | undefined;
  /** Whether the worker runs a program that is not ours. */
  readonly isForeign: boolean;
  /** Whether it is one of ours, which surely writes JSON. */
  readonly readsAsWeDo: boolean;
  readonly clock: Clock;
  /** Asks the worker to stop what it does for a request. */
  stop(id: number): void;
  /** Called when it has dropped all requests that were taken back, and may get calls again. */
  ready(): void;
}

const takenBack = new Failure("WorkerLost", "Taken back from a worker that is busy");

/** The requests that a worker has to answer, and which of them it has begun. */
export class OwedRequests {
  readonly #options: OwedRequestsOptions;
  /** The procedures that it offers. */
  offered: ReadonlySet<string> = new Set();
  readonly #pending = new IdTable<Receiver>();
  readonly #sendAhead = new SendAhead();
  /** Requests that were taken back and that it has not dropped yet. */
  readonly #takenBack = new Set<number>();
  #claims: ClaimFile | undefined;
  /** A ping under way, which is no call. */
  #pong: { readonly id: number; answered(): void } | undefined;
  #isJoined = false;
  #revokedUpTo = 0;
  #answers = 0;
  #busySinceMs = 0;
  #longestLine = 0;
  #lastLine = "";

  constructor(options: OwedRequestsOptions) {
    this.#options = options;
    // With one call at a time there is nothing to take back.
    this.#claims = options.inOrder && options.callsMax !== 1 ? ClaimFile.create() : undefined;
  }

  /** The path of the claim file, if the worker is to use one. */
  get claimsPath(): string | undefined {
    return this.#claims?.path;
  }

  /** Number of requests. */
  get load(): number {
    return this.#pending.size;
  }

  /**
   * Number of requests, with those that were taken back and that the worker has not dropped yet.
   */
  get total(): number {
    return this.#pending.size + this.#takenBack.size;
  }

  /** Most requests at once. */
  get capacity(): number {
    const { callsMax } = this.#options;
    if (callsMax !== undefined) return callsMax;
    const { capacity } = this.#sendAhead;
    return capacity > 1 && this.#givesBack() ? capacity : 1;
  }

  /** Whether it may have one call more than it runs if all workers are busy, and none otherwise. */
  get isMedium(): boolean {
    return this.#options.callsMax === undefined && this.#sendAhead.isMedium;
  }

  /** For how long the first of them may run before the others are taken back. */
  get patienceMs(): number {
    return this.#sendAhead.patienceMs(this.#pending.size - 1);
  }

  /** Since when the worker has been busy with the first of them, by the clock. */
  get busySinceMs(): number {
    return this.#busySinceMs;
  }

  /** Whether the worker has ever answered. */
  get hasAnswered(): boolean {
    return this.#answers > 0;
  }

  /** The last line that was taken, or its beginning. */
  get lastLine(): string {
    return this.#lastLine;
  }

  /**
   * How long the worker has not begun a request though it was idle, in milliseconds; 0 if it runs
   * one, has none, or that cannot be known.
   */
  overlooksForMs(nowMs: number): number {
    if (this.total === 0 || !this.#givesBack()) return 0;
    const begun = this.#claims?.begun() ?? 0;
    return this.#pending.get(begun) !== undefined ? 0 : nowMs - this.#busySinceMs - this.readingMs;
  }

  /** How long it may take to read the longest request that it was sent since it was idle. */
  get readingMs(): number {
    return this.#longestLine / workerReadBytesPerMs;
  }

  /** A new id for a request of this worker. */
  nextId(): number {
    return this.#pending.nextId();
  }

  /** Adds a request that is sent, with the length of its line. */
  add(id: number, receiver: Receiver, lineLength: number): void {
    if (this.total === 0) {
      this.#busySinceMs = this.#options.clock.now();
      this.#longestLine = 0;
    }
    if (lineLength > this.#longestLine) this.#longestLine = lineLength;
    this.#pending.add(id, receiver);
  }

  /** Adds a ping that is sent. */
  expectPong(id: number, answered: () => void): void {
    this.#pong = { id, answered };
  }

  /** Drops a request whose answer does not matter any more. */
  forget(id: number): void {
    this.#pending.take(id);
  }

  /** Whether a request is the first one without an answer. */
  isFirst(id: number): boolean {
    return this.#pending.all()[0]?.[0] === id;
  }

  /**
   * Takes back the requests that have not begun, the last one first, and tells their receivers. It
   * also takes the answers that the worker keeps: they must not wait for what it runs now. Returns
   * the id of the last request that has begun; `undefined` if that cannot be known.
   */
  takeBack(): number | undefined {
    if (!this.#givesBack()) return undefined;
    this.#revokedUpTo = this.#pending.lastId;
    const begun = this.#claims?.revoke(this.#revokedUpTo) ?? 0;
    this.#sendAhead.stop();
    const notBegun = this.#pending.all().filter(([id]) => id > begun);
    for (const [id, receiver] of notBegun.reverse()) {
      this.#pending.take(id);
      this.#takenBack.add(id);
      receiver.lost(takenBack, false);
    }
    this.takeKept();
    return begun;
  }

  /** Takes the answers that the worker has not written yet. It may never write them. */
  takeKept(): void {
    if (!this.#givesBack()) return;
    const hadTakenBack = this.#takenBack.size > 0;
    try {
      for (const line of this.#claims?.keptAnswers() ?? []) this.#takeLine(line, undefined);
    } catch {
      // A procedure has written there what is no answer. What comes by the pipe counts.
    }
    if (hadTakenBack && this.#takenBack.size === 0) this.#options.ready();
  }

  /**
   * Takes the lines of one read of the worker's output. If they are so many, or one is so long,
   * that others are to come between it returns a promise.
   *
   * @throws {RpcError} (or rejects with it) the worker has broken the protocol
   */
  take(lines: readonly AnyLine[], pauses: Pauses): Promise<void> | undefined {
    if (lines.some(isVeryLong)) return this.#takeOneByOne(lines, pauses);
    const measure = this.#measurer();
    const taken = this.#takePart(lines);
    return taken === lines.length ? measure() : this.#takeRest(lines.slice(taken)).then(measure);
  }

  async #takeRest(lines: readonly AnyLine[]): Promise<void> {
    for (let taken = 0; taken < lines.length;) {
      await new Promise<void>(giveWay);
      taken += this.#takePart(lines.slice(taken));
    }
  }

  async #takeOneByOne(lines: readonly AnyLine[], pauses: Pauses): Promise<void> {
    for (const line of lines) {
      const read = isVeryLong(line) ? await readResultInTurns(line, pauses) : undefined;
      const measure = this.#measurer();
      this.#takePart([line], read);
      measure();
    }
  }

  /** Takes lines until it is time for others. Returns how many. @param read what the only one is */
  #takePart(lines: readonly AnyLine[], read?: UnreadResult): number {
    const hadTakenBack = this.#takenBack.size > 0;
    const part = new ShortPart(this.#options.clock);
    let taken = 0;
    for (const line of lines) {
      if (line instanceof RpcError) {
        this.#lastLine = "";
        this.#refuse(line);
        taken++;
        continue;
      }
      if (!part.takes(line.length)) break;
      taken++;
      this.#lastLine = typeof line === "string" ? line : beginningOf(line, unreadableShownMax);
      this.#takeLine(line, read);
    }
    if (hadTakenBack && this.#takenBack.size === 0) this.#options.ready();
    return taken;
  }

  /**
   * Ends all requests because the worker is gone, and tells their receivers.
   *
   * @param isUnsent whether the worker surely never got the first of them
   */
  lose(message: string, isUnsent: boolean): void {
    const begun = this.#givesBack() ? this.#claims?.begun() : undefined;
    this.close();
    const calls = this.#pending.takeAll();
    // The last one first, since each that has not begun goes back to the head of a queue. The first
    // one does not go back: it may be the reason for the death, and must not go from worker to
    // worker.
    for (let i = calls.length - 1; i >= 0; i--) {
      const [id, receiver] = calls[i] as [number, Receiver];
      const executed = isUnsent || (begun !== undefined && id > begun) ? "no" : undefined;
      const error = new Failure("WorkerLost", message, executed);
      receiver.lost(error, i === 0 || !this.#options.inOrder);
    }
  }

  /** Closes the claim file: nothing can be taken back any more. */
  close(): void {
    this.#claims?.close();
    this.#claims = undefined;
    this.#isJoined = false;
  }

  /** Whether the worker uses the claim file, known once it has answered. */
  #givesBack(): boolean {
    if (this.#claims !== undefined && !this.#isJoined) {
      this.#isJoined = this.#claims.isJoined;
      if (!this.#isJoined) this.close();
    }
    return this.#isJoined;
  }

  #takeLine(line: UnreadJson, read: UnreadResult | undefined): void {
    if (this.#options.readsAsWeDo && this.#takeUnread(line, read)) return;
    const text = textOf(line);
    if (typeof line !== "string") line.letGo();
    let message: Response | Request;
    try {
      message = readAnswer(text);
    } catch (fault) {
      return this.#refuse(fault);
    }
    if (!isResponse(message)) return this.#takeNotification(message);
    const receiver = this.#pending.get(this.#ownId(message.id));
    // The call was cancelled.
    if (receiver === undefined) {
      if (message.id === this.#pong?.id) return this.#takePong(message.error?.code);
      if (this.#takenBack.delete(message.id as number)) {
        this.#busySinceMs = this.#options.clock.now();
      }
      return;
    }
    const id = message.id as number;
    if (message.error !== undefined) {
      this.#checkReader(message.error.code, receiver.unread);
      if (this.#hasForgotten(receiver, message.error.code)) {
        // The worker has not begun it, so another one can.
        this.#pending.take(id);
        receiver.lost(takenBack, false);
        throw new RpcError("InvalidRequest", "it cannot find what it offers any more");
      }
    }
    this.#pending.take(id);
    this.#answers++;
    if (message.error === undefined) return receiver.answered({ result: message.result });
    // It was taken back just as the worker was about to begin it, and both have noticed that.
    const said = toRpcError(message.error);
    if (id <= this.#revokedUpTo && said.executed === "no" && said.name === "Cancelled") {
      return receiver.lost(said, false);
    }
    receiver.answered({ error: errorOf(message.error, this.#options.isForeign) });
  }

  /** Answers in the place of a program that has sent what nobody takes. Throws other faults. */
  #refuse(fault: unknown): void {
    if (!(fault instanceof UnfitAnswer) || fault.id === undefined) throw fault;
    this.#answers++;
    const receiver = this.#pending.take(this.#ownId(fault.id));
    if (fault.isOfItems && receiver !== undefined) this.#options.stop(fault.id);
    receiver?.answered({ error: fault.inPlace });
  }

  /**
   * Whether a worker of ours does not know a procedure that it offers: a procedure has broken it,
   * and every further call would fail.
   */
  #hasForgotten({ method }: Receiver, code: number): boolean {
    return !this.#options.isForeign && errorNameOf(code) === "MethodNotFound" &&
      method !== undefined && this.offered.has(method);
  }

  /** Takes a ping's answer. Even an error shows that the worker reads. */
  #takePong(code: number | undefined): void {
    const answered = this.#pong?.answered;
    this.#pong = undefined;
    if (code !== undefined) this.#checkReader(code, undefined);
    answered?.();
  }

  /**
   * Detects a worker of ours that cannot read valid requests any more: a procedure has broken it,
   * and every further call would fail.
   *
   * @throws {RpcError} the worker is broken
   */
  #checkReader(code: number, unread: UnreadJson | undefined): void {
    if (!this.#options.readsAsWeDo) return;
    const name = errorNameOf(code);
    if (name === "InvalidRequest" || (name === "ParseError" && isReadable(unread))) {
      throw new RpcError("InvalidRequest", "it cannot read what it is sent any more");
    }
  }

  /** Passes a long result on unparsed. Returns `false` if the line has to be parsed. */
  #takeUnread(line: UnreadJson, read: UnreadResult | undefined): boolean {
    const answer = read ?? readResultUnread(line);
    if (answer === undefined) return false;
    const receiver = this.#pending.get(this.#ownId(answer.id));
    if (receiver?.answeredUnread === undefined) return false;
    this.#pending.take(answer.id);
    this.#answers++;
    receiver.answeredUnread(answer.json);
    return true;
  }

  /** Returns what measures the calls that are answered until then. */
  #measurer(): () => undefined {
    const [answersBefore, busySinceMs] = [this.#answers, this.#busySinceMs];
    return () => {
      const answers = this.#answers - answersBefore;
      if (answers === 0) return;
      this.#busySinceMs = this.#options.clock.now();
      this.#sendAhead.answered(answers, this.#busySinceMs - busySinceMs);
    };
  }

  /** Takes items. Other notifications are ignored. */
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
    if (typeof id === "number" && id <= this.#pending.lastId) return id;
    throw new RpcError("InvalidRequest", `it answered a request ${JSON.stringify(id)} never sent`);
  }
}
