import type { Clock } from "../../base/clock.ts";
import { errorNameOf, RpcError } from "../../base/errors.ts";
import { decodeReply, isResponse, toRpcError, toWorkerError } from "../../wire/codec.ts";
import { LentBytes } from "../../base/spare_buffers.ts";
import {
  giveWay,
  linesBetweenPauses,
  type Pauses,
  veryLongBytes,
} from "../../base/system/give_way.ts";
import type { AnyLine } from "../../wire/lines.ts";
import type { Id, Request, UnreadJson, WireError } from "../../wire/message.ts";
import { itemParams } from "../../wire/reply_checks.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import { beginningOf, textOf } from "../../wire/unread/bytes.ts";
import {
  readParams,
  readResultInTurns,
  readResultUnread,
  type UnreadResult,
} from "../../wire/unread/read_unread.ts";
import { ClaimFile } from "../claim_file.ts";
import { unreadableShownMax, workerReadBytesPerMs } from "../limits.ts";
import { SendAhead } from "./send_ahead.ts";

/** What a call ended in. */
export type Outcome = { readonly result: unknown } | { readonly error: RpcError };

/** Who waits for the answer to one request. */
export interface Receiver {
  answered(outcome: Outcome): void;
  /** In place of it, a long result that is JSON still. Without it such a one is read first. */
  answeredUnread?(json: UnreadJson): void;
  /** What it was asked for, if that is a procedure. */
  readonly method?: string;
  /** The parameters that it was sent, if nobody has read them. */
  readonly unread?: UnreadJson | undefined;
  /** The next items, if it asked for a stream. */
  items?(items: readonly unknown[]): void;
  /**
   * The worker died first, or the request was taken back. `begun` is `false` only if it certainly
   * was not acted on.
   */
  lost(error: RpcError, begun: boolean): void;
}

/** What {@link OwedRequests} need. */
interface OwedRequestsOptions {
  /**
   * Whether the worker acts on one request after the other, each answered before the next begins.
   */
  readonly inOrder: boolean;
  /**
   * Most requests that it has at once. `undefined`: as many as are good for calls of their length.
   */
  readonly callsMax: number | undefined;
  /** Whether the worker runs a program that is not ours. */
  readonly isForeign: boolean;
  /** Whether it is one of ours, whose JSON is JSON. */
  readonly readsAsWeDo: boolean;
  readonly clock: Clock;
  /** It has let go of all that was taken back, and may be given calls again. */
  ready(): void;
}

const takenBack = new RpcError("WorkerLost", "Taken back from a worker that is busy");

/** The requests that a worker owes an answer to, and which of them it has begun. */
export class OwedRequests {
  readonly #options: OwedRequestsOptions;
  /** The procedures that it has said it offers. */
  offered: ReadonlySet<string> = new Set();
  readonly #pending = new Map<number, Receiver>();
  readonly #sendAhead = new SendAhead();
  /** Requests that were taken back, and that it has not let go of yet. */
  readonly #takenBack = new Set<number>();
  #claims: ClaimFile | undefined;
  /** A question whether it is alive, which is no call. */
  #pong: { readonly id: number; answered(): void } | undefined;
  #isJoined = false;
  #lastId = 0;
  #revokedUpTo = 0;
  #answers = 0;
  #busySinceMs = 0;
  #longestLine = 0;
  #lastLine = "";

  constructor(options: OwedRequestsOptions) {
    this.#options = options;
    // One call at a time leaves nothing to take back.
    this.#claims = options.inOrder && options.callsMax !== 1 ? ClaimFile.create() : undefined;
  }

  /** Where the worker says which request it has begun, if it is to. */
  get claimsPath(): string | undefined {
    return this.#claims?.path;
  }

  /** How many there are. */
  get load(): number {
    return this.#pending.size;
  }

  /**
   * What the worker has to answer in all. What was taken back counts until it says that it has let
   * go of it: before that nobody knows whether it still does anything.
   */
  get total(): number {
    return this.#pending.size + this.#takenBack.size;
  }

  /** How many there may be at once. */
  get capacity(): number {
    const { callsMax } = this.#options;
    if (callsMax !== undefined) return callsMax;
    const { capacity } = this.#sendAhead;
    return capacity > 1 && this.#givesBack() ? capacity : 1;
  }

  /** Since when the worker has been at the first of them, by the clock. */
  get busySinceMs(): number {
    return this.#busySinceMs;
  }

  /** Whether the worker has ever answered. */
  get hasAnswered(): boolean {
    return this.#answers > 0;
  }

  /** The last line that was taken, or how it begins. */
  get lastLine(): string {
    return this.#lastLine;
  }

  /**
   * For how long the worker has left a request lying while nothing stood before it, in
   * milliseconds. 0 if it runs one, has nothing to do, or nobody can tell.
   */
  overlooksForMs(nowMs: number): number {
    if (this.total === 0 || !this.#givesBack()) return 0;
    const begun = this.#claims?.begun() ?? 0;
    return this.#pending.has(begun) ? 0 : nowMs - this.#busySinceMs - this.readingMs;
  }

  /** How long it may take to read the longest of what it was sent since it had nothing to do. */
  get readingMs(): number {
    return this.#longestLine / workerReadBytesPerMs;
  }

  /** An id that no request of this worker has had. */
  nextId(): number {
    return ++this.#lastId;
  }

  /** The worker is sent a request of this id, on a line of this length. */
  add(id: number, receiver: Receiver, lineLength: number): void {
    if (this.total === 0) {
      this.#busySinceMs = this.#options.clock.now();
      this.#longestLine = 0;
    }
    if (lineLength > this.#longestLine) this.#longestLine = lineLength;
    this.#pending.set(id, receiver);
  }

  /** The worker is asked whether it is alive, in a request of this id. */
  expectPong(id: number, answered: () => void): void {
    this.#pong = { id, answered };
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

  /**
   * Takes the lines of one read of the worker's output. If they are so many, or one is so long,
   * that others are to come between it returns a promise.
   *
   * @throws {RpcError} (or rejects with it) the worker has broken the protocol
   */
  take(lines: readonly AnyLine[], pauses: Pauses): Promise<void> | undefined {
    if (lines.some(isVeryLong)) return this.#takeOneByOne(lines, pauses);
    return lines.length > linesBetweenPauses ? this.#takeInParts(lines) : this.#takeAtOnce(lines);
  }

  async #takeInParts(lines: readonly AnyLine[]): Promise<void> {
    for (let start = 0; start < lines.length; start += linesBetweenPauses) {
      if (start > 0) await new Promise<void>(giveWay);
      this.#takeAtOnce(lines.slice(start, start + linesBetweenPauses));
    }
  }

  async #takeOneByOne(lines: readonly AnyLine[], pauses: Pauses): Promise<void> {
    for (const line of lines) {
      this.#takeAtOnce(
        [line],
        isVeryLong(line) ? await readResultInTurns(line, pauses) : undefined,
      );
    }
  }

  /** @param read what the only line is. @default that remains to be seen */
  #takeAtOnce(lines: readonly AnyLine[], read?: UnreadResult): undefined {
    const busySinceMs = this.#busySinceMs;
    const answersBefore = this.#answers;
    const hadTakenBack = this.#takenBack.size > 0;
    for (const line of lines) {
      if (line instanceof RpcError) throw line;
      this.#lastLine = typeof line === "string" ? line : beginningOf(line, unreadableShownMax);
      this.#takeLine(line, read);
    }
    if (this.#answers > answersBefore) this.#measure(this.#answers - answersBefore, busySinceMs);
    if (hadTakenBack && this.#takenBack.size === 0) this.#options.ready();
  }

  /**
   * The worker is gone: whoever is left is told that his request is lost.
   *
   * @param isUnsent whether the worker certainly never got the first of them
   */
  lose(message: string, isUnsent: boolean): void {
    const begun = this.#givesBack() ? this.#claims?.begun() : undefined;
    this.close();
    const calls = [...this.#pending];
    this.#pending.clear();
    // The last one first, since each that has not begun goes back to the head of a queue. The first
    // one does not: that it did not begin may be its own doing, and it must not go from worker to
    // worker.
    for (let i = calls.length - 1; i >= 0; i--) {
      const [id, receiver] = calls[i] as [number, Receiver];
      const executed = isUnsent || (begun !== undefined && id > begun) ? "no" : undefined;
      const error = new RpcError("WorkerLost", message, { executed });
      receiver.lost(error, i === 0 || !this.#options.inOrder);
    }
  }

  /** Lets go of the claim file: nothing can be taken back any more. */
  close(): void {
    this.#claims?.close();
    this.#claims = undefined;
    this.#isJoined = false;
  }

  /** Looked up once: the worker has taken part before its first answer, or never does. */
  #givesBack(): boolean {
    if (this.#claims !== undefined && !this.#isJoined) {
      this.#isJoined = this.#claims.isJoined;
      if (!this.#isJoined) this.close();
    }
    return this.#isJoined;
  }

  #takeLine(line: UnreadJson, read: UnreadResult | undefined): void {
    if (this.#options.readsAsWeDo && this.#takeUnread(line, read)) return;
    const message = decodeReply(textOf(line));
    if (typeof line !== "string") line.letGo();
    if (!isResponse(message)) return this.#takeNotification(message);
    const receiver = this.#pending.get(this.#ownId(message.id));
    // Nobody waits for a call that was given up.
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
        // It has not begun it, and others can.
        this.#pending.delete(id);
        receiver.lost(takenBack, false);
        throw new RpcError("InvalidRequest", "it cannot find what it offers any more");
      }
    }
    this.#pending.delete(id);
    this.#answers++;
    if (message.error === undefined) return receiver.answered({ result: message.result });
    // Taken back in the moment in which the worker was about to begin it, and both have seen that.
    const said = toRpcError(message.error);
    if (id <= this.#revokedUpTo && said.executed === "no" && said.name === "Cancelled") {
      return receiver.lost(said, false);
    }
    receiver.answered({ error: this.#toError(message.error) });
  }

  /**
   * Whether a worker of ours says that it does not know a procedure which it offered: something has
   * taken away what it needs to find it, and every further call would fail.
   */
  #hasForgotten({ method }: Receiver, code: number): boolean {
    return !this.#options.isForeign && errorNameOf(code) === "MethodNotFound" &&
      method !== undefined && this.offered.has(method);
  }

  #toError(error: WireError): RpcError {
    // A worker of ours says only of itself that it does not know a procedure.
    const isOwn = !this.#options.isForeign && errorNameOf(error.code) === "MethodNotFound";
    return isOwn
      ? new RpcError("InternalError", error.message, { executed: "no" })
      : toWorkerError(error, this.#options.isForeign);
  }

  /** Whatever it says to it: it has been read. */
  #takePong(code: number | undefined): void {
    const answered = this.#pong?.answered;
    this.#pong = undefined;
    if (code !== undefined) this.#checkReader(code, undefined);
    answered?.();
  }

  /**
   * A worker of ours that cannot read what it is sent has been broken by a procedure, which took
   * away what it needs for that, and would fail every further call.
   *
   * @throws {RpcError} it is so
   */
  #checkReader(code: number, unread: UnreadJson | undefined): void {
    if (!this.#options.readsAsWeDo) return;
    const name = errorNameOf(code);
    if (name === "InvalidRequest" || (name === "ParseError" && isReadable(unread))) {
      throw new RpcError("InvalidRequest", "it cannot read what it is sent any more");
    }
  }

  /** Passes a long result on as it is. Returns `false` if the line is to be read. */
  #takeUnread(line: UnreadJson, read: UnreadResult | undefined): boolean {
    const answer = read ?? readResultUnread(line);
    if (answer === undefined) return false;
    const receiver = this.#pending.get(this.#ownId(answer.id));
    if (receiver?.answeredUnread === undefined) return false;
    this.#pending.delete(answer.id);
    this.#answers++;
    receiver.answeredUnread(answer.json);
    return true;
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
}

function isVeryLong(line: AnyLine): line is LentBytes {
  return line instanceof LentBytes && line.length > veryLongBytes;
}

/** Whether parameters that nobody has read are JSON; what was read is. */
function isReadable(unread: UnreadJson | undefined): boolean {
  if (unread === undefined) return true;
  // Nobody waits for the call any more.
  if (typeof unread !== "string" && unread.isGone) return false;
  try {
    readParams(unread);
    return true;
  } catch {
    return false;
  }
}
