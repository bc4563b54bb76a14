import type { Budget, BudgetHolder } from "../../base/bounds/budget.ts";
import { isRpcError, messageOf, RpcError } from "../../base/errors.ts";
import type { Clock } from "../../base/clock.ts";
import { DeadlineWheel } from "../../base/deadline_wheel.ts";
import { outboxBytesMax, streamCreditMax, streamWindowMax } from "../../base/limits.ts";
import { gatewaySocketCallsMax, gatewaySocketUnreadBytesMax, gatewayStuckMs } from "../limits.ts";
import type { CallOptions } from "../../client/client_options.ts";
import { BatchLine } from "../../wire/batch.ts";
import { encodeError, encodeItems } from "../../wire/codec.ts";
import type { Id, Request as RpcRequest } from "../../wire/message.ts";
import { isLonger, type MessageBound } from "../../wire/message_bound.ts";
import { decodeAnyRequest } from "../../wire/requests/decode_request.ts";
import { BadMessage } from "../../wire/requests/incoming.ts";
import { cancelledId, moreParams } from "../../wire/requests/request_checks.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import type { Calls, ItemStream } from "./calls.ts";
import { answerInTurns, answerLine, type BatchTurns, optionsOf } from "./json_rpc.ts";
import { SocketIntake } from "./socket_intake.ts";

/** How often a stream checks whether its peer has read. A socket has no event for that. */
const readOnPeriodMs = 20;

/** Close codes, of RFC 6455 and of IANA's list. */
const closeCodes = { tooLong: 1009, unsupported: 1003, policy: 1008, goingAway: 1001 } as const;

/** The part of a socket that is used here. */
type Socket = Pick<
  WebSocket,
  "send" | "close" | "readyState" | "bufferedAmount" | "addEventListener" | "binaryType"
>;

/** What a {@link SocketSession} needs. */
interface SocketDeps {
  readonly calls: Calls;
  readonly clock: Clock;
  /** The bound on messages in both directions. */
  readonly bound: MessageBound;
  /** Unread bytes of all sockets. */
  readonly unread: Budget;
  /** The caller's address. */
  readonly owner: string;
  /** When the caller may begin the next part of a batch, or of its messages. */
  readonly turns: BatchTurns;
  /** Told once if more came of it than it may send. */
  readonly offended?: () => void;
  /** Has the connection outlive the socket for a second. Returns how to end it. */
  readonly linger?: () => (() => void) | undefined;
}

interface OpenCall {
  readonly abort: AbortController;
  /** How many more items of its stream may be sent. */
  credit: number;
  more: (() => void) | undefined;
}

/**
 * One WebSocket: JSON-RPC as on the wire, with messages in place of lines, and streams by
 * `rpc.item` and `rpc.more`. A peer that does not read holds up its own streams, and is closed in
 * the end.
 */
export class SocketSession {
  readonly #socket: Socket;
  readonly #deps: SocketDeps;
  readonly #options: CallOptions;
  readonly #open = new Map<Id, OpenCall>();
  readonly #streams = new Set<ItemStream>();
  readonly #ended = new AbortController();
  readonly #unread: BudgetHolder;
  readonly #intake: SocketIntake;
  /** Bytes sent so far. */
  #sentBytes = 0;
  #inFlight = 0;
  /** Batches whose answer has not been sent. */
  #batches = 0;
  /** Calls of batches that have not begun, by id, and whether they were cancelled meanwhile. */
  readonly #ahead = new Map<Id, boolean>();
  /** Why it closes once all calls are answered. */
  #leaving: { readonly code: number; readonly reason: string } | undefined;

  constructor(socket: Socket, deps: SocketDeps, options: CallOptions) {
    this.#socket = socket;
    this.#deps = deps;
    this.#options = options;
    this.#intake = new SocketIntake({
      clock: deps.clock,
      turn: deps.turns.turn,
      take: (text, begunAtMs) => this.#take(text, begunAtMs),
    });
    this.#unread = {
      owner: deps.owner,
      heldBytes: () => this.#heldBytes(),
      progress: () => this.#sentBytes - this.#unreadBytes,
      giveUp: () => this.#close(closeCodes.policy, "All together left too many answers unread"),
    };
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    // This event also follows each error.
    socket.addEventListener("close", () => {
      // What waits was sent without a wait for answers, and handed over before others' input.
      if (!this.#intake.isEmpty) this.#deps.offended?.();
      this.#end();
    });
    socket.addEventListener("error", () => {});
  }

  /** Aborts when it is closed. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Bytes that its peer has not read. */
  get #unreadBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** The same, with what waits behind them. */
  #heldBytes(): number {
    const streams = this.#streams.values().reduce((sum, { heldBytes }) => sum + heldBytes, 0);
    return this.#unreadBytes + this.#intake.length + streams;
  }

  /** Takes no more calls. Resolves when all are answered and the socket is closed. */
  async drain(): Promise<void> {
    const ended = Promise.withResolvers<void>();
    this.ended.addEventListener("abort", () => ended.resolve(), { once: true });
    this.#leave(closeCodes.goingAway, "The gateway ends");
    await ended.promise;
  }

  #leave(code: number, reason: string): void {
    this.#leaving = { code, reason };
    this.#leaveIfAnswered();
  }

  #leaveIfAnswered(): void {
    if (this.#leaving === undefined || this.#inFlight > 0 || this.#batches > 0) return;
    if (this.#intake.isEmpty) this.#close(this.#leaving.code, this.#leaving.reason);
  }

  #receive(data: unknown): void {
    // Until its peer confirms the close, whatever it sends still comes.
    if (this.#ended.signal.aborted) return;
    const refusal = this.#leaving?.code === closeCodes.goingAway ? undefined : this.#leaving;
    // Who sends on waits for no answer.
    if (refusal !== undefined) return this.#close(refusal.code, refusal.reason);
    if (typeof data !== "string") return this.#leave(closeCodes.unsupported, "Messages are text");
    const { bytes } = this.#deps.bound;
    if (isLonger(data, bytes)) {
      const reason = `${bytes} bytes is the most: rpc gateway --message-max`;
      return this.#leave(closeCodes.tooLong, reason);
    }
    if (!this.#intake.add(data)) return this.#close(closeCodes.policy, "Too many messages at once");
    if (!this.#intake.isEmpty) this.#deps.unread.count(this.#unread);
  }

  #take(text: string, begunAtMs: number): void {
    // The time that it has waited, or its members will, counts.
    const options = { ...this.#options, begunAtMs };
    const incoming = decodeAnyRequest(text, "message");
    const send = (text: string) => this.#send(text);
    if (Array.isArray(incoming)) void this.#answerBatch(incoming, options);
    else void this.#answer(incoming as RpcRequest | BadMessage, options, send);
    this.#leaveIfAnswered();
  }

  async #answerBatch(
    incoming: readonly (RpcRequest | BadMessage)[],
    options: CallOptions,
  ): Promise<void> {
    const batch = new BatchLine(this.#deps.bound);
    const answer = (one: RpcRequest | BadMessage) =>
      this.#answer(one, options, (text) => batch.add(text));
    this.#batches++;
    try {
      // One more would have to be held until others have ended, so it is refused at once.
      if (this.#batches > gatewaySocketCallsMax) await Promise.all(incoming.map(answer));
      else {
        for (const one of incoming) {
          if (!(one instanceof BadMessage) && one.id !== undefined) this.#ahead.set(one.id, false);
        }
        await answerInTurns(incoming, this.#deps.turns, answer);
      }
      if (!batch.isEmpty) this.#send(batch.encode());
    } finally {
      this.#batches--;
      this.#leaveIfAnswered();
    }
  }

  /** Never rejects. */
  async #answer(
    request: RpcRequest | BadMessage,
    given: CallOptions,
    send: (text: string) => void,
  ): Promise<void> {
    if (request instanceof BadMessage) return send(encodeError(request.id, request.error));
    const { id, method, params, meta } = request;
    const isCancelled = id !== undefined && this.#ahead.get(id) === true;
    if (id !== undefined) this.#ahead.delete(id);
    if (method === reservedMethods.cancel) return this.#cancel(idOf(request));
    if (method === reservedMethods.more) return this.#grant(request);
    const { caller } = this.#deps.turns;
    const options = optionsOf(request, given);
    const fault = this.#faultOf(id);
    if (fault !== undefined) return id === undefined ? undefined : send(encodeError(id, fault));
    this.#inFlight++;
    const call: OpenCall = {
      abort: new AbortController(),
      credit: meta?.stream ?? 0,
      more: undefined,
    };
    const signal = AbortSignal.any([call.abort.signal, this.#ended.signal]);
    if (id !== undefined) this.#open.set(id, call);
    if (isCancelled) call.abort.abort();
    try {
      if (id === undefined) await this.#deps.calls.call(method, params, options, caller);
      else if (meta?.stream === undefined) {
        const report = await this.#deps.calls.call(method, params, { ...options, signal }, caller);
        send(answerLine(id, report, this.#deps.bound));
      } else send(await this.#stream(id, request, { ...options, signal }, call));
    } finally {
      this.#inFlight--;
      if (id !== undefined) this.#open.delete(id);
      this.#leaveIfAnswered();
    }
  }

  #cancel(id: Id): void {
    this.#open.get(id)?.abort.abort();
    if (this.#ahead.has(id)) this.#ahead.set(id, true);
  }

  #faultOf(id: Id | undefined): RpcError | undefined {
    if (this.#leaving?.code === closeCodes.goingAway) {
      return new RpcError("Draining", "This gateway ends: ask another one");
    }
    if (this.#inFlight >= gatewaySocketCallsMax || this.#batches > gatewaySocketCallsMax) {
      const text = `Cannot take the call: ${gatewaySocketCallsMax} are under way on this WebSocket`;
      return new RpcError("Overloaded", text);
    }
    if (id === undefined || !this.#open.has(id)) return undefined;
    return new RpcError("InvalidRequest", "Cannot take a second request with an id that is in use");
  }

  /**
   * Sends the items of a call, and returns its answer. What its peer has not granted by the call's
   * deadline is not sent, whether the server has made it or not (P-57).
   */
  async #stream(
    id: Id,
    { method, params }: RpcRequest,
    options: CallOptions,
    call: OpenCall,
  ): Promise<string> {
    const { bound, calls, clock, turns } = this.#deps;
    const { begunAtMs = clock.now(), timeoutMs = calls.timeoutMs } = options;
    const over = new AbortController();
    const deadline = DeadlineWheel.of(clock).add(begunAtMs + timeoutMs, () => over.abort());
    let stream: ItemStream | undefined;
    try {
      const credit = Math.min(call.credit, streamWindowMax);
      stream = calls.stream(method, params, { ...options, credit }, turns.caller);
      this.#streams.add(stream);
      void stream.report.then(({ error }) => error === undefined ? undefined : over.abort());
      let sent = 0;
      while (true) {
        await this.#room(call, over.signal);
        if (call.credit <= 0) throw (await stream.report).error ?? notGranted(method);
        const { done, value } = await stream.next();
        if (done) break;
        // If the procedure is no stream, its result is the only item.
        if (!stream.isStream) return answerLine(id, { error: undefined, result: value }, bound);
        call.credit--;
        sent++;
        this.#send(encodeItems(id, [value], bound));
      }
      if (sent === 0) this.#send(encodeItems(id, []));
      return answerLine(id, { error: undefined, result: sent }, bound);
    } catch (error) {
      // An item could not be sent, so the call must be cancelled.
      call.abort.abort();
      const own = isRpcError(error) ? error : new RpcError("InternalError", messageOf(error));
      return encodeError(id, own);
    } finally {
      deadline.cancel();
      if (stream !== undefined) this.#streams.delete(stream);
    }
  }

  /** Resolves when there is credit for an item and the peer reads, or when the call is over. */
  async #room(call: OpenCall, signal: AbortSignal): Promise<void> {
    if (call.credit > 0 && this.#socket.bufferedAmount <= outboxBytesMax) return;
    const wheel = DeadlineWheel.of(this.#deps.clock);
    const look = () => {
      // Items that arrive meanwhile wait too, though nothing is sent.
      if (!this.#ended.signal.aborted) this.#deps.unread.count(this.#unread);
      looking = wheel.add(wheel.nowMs + gatewayStuckMs, look);
    };
    let looking = wheel.add(wheel.nowMs + gatewayStuckMs, look);
    try {
      await this.#waitForRoom(call, signal);
    } finally {
      looking.cancel();
    }
  }

  async #waitForRoom(call: OpenCall, signal: AbortSignal): Promise<void> {
    while (call.credit <= 0 && !signal.aborted) {
      const woken = Promise.withResolvers<void>();
      call.more = woken.resolve;
      const wake = () => woken.resolve();
      signal.addEventListener("abort", wake, { once: true });
      await woken.promise;
      signal.removeEventListener("abort", wake);
    }
    while (this.#socket.bufferedAmount > outboxBytesMax && !signal.aborted) {
      await new Promise<void>((resolve) => this.#deps.clock.after(readOnPeriodMs, resolve));
    }
  }

  #grant({ params }: RpcRequest): void {
    const more = moreParams(params);
    const call = more === undefined ? undefined : this.#open.get(more.id);
    if (more === undefined || call === undefined) return;
    call.credit = Math.min(call.credit + more.n, streamCreditMax);
    call.more?.();
  }

  #send(text: string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#unreadBytes > Math.max(gatewaySocketUnreadBytesMax, 2 * this.#deps.bound.bytes)) {
      return this.#close(closeCodes.policy, "Too many answers were not read");
    }
    // WebSocket messages need no LF.
    const before = this.#unreadBytes;
    this.#socket.send(text.trimEnd());
    this.#sentBytes += this.#unreadBytes - before;
    this.#deps.unread.count(this.#unread);
  }

  #close(code: number, reason: string): void {
    if (this.#socket.readyState <= WebSocket.OPEN) {
      if (code !== closeCodes.goingAway) {
        this.#deps.offended?.();
        this.#linger();
      }
      this.#socket.close(code, reason);
    }
    // The peer may never confirm the close, so everything ends now.
    this.#end();
  }

  /** Who confirms the close reads, and need not wait. */
  #linger(): void {
    const letGo = this.#deps.linger?.();
    if (letGo === undefined) return;
    this.#socket.addEventListener("close", ({ wasClean }) => {
      if (wasClean) letGo();
    });
  }

  #end(): void {
    this.#intake.clear();
    this.#deps.unread.forget(this.#unread);
    this.#ended.abort();
  }
}

function idOf({ params }: RpcRequest): Id {
  return cancelledId(params) ?? null;
}

function notGranted(method: string): RpcError {
  return new RpcError("DeadlineExceeded", `Not all items of ${method} were granted in time`);
}
