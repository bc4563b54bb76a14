import type { Clock } from "../base/clock.ts";
import { messageOf, RpcError } from "../base/errors.ts";
import {
  clientOutboxBytesMax,
  heartbeatTimeoutMs,
  messageMaxDefault,
  messageMaxLeast,
  waitingCallsMax,
} from "../base/limits.ts";
import { decodeReply, encodeNotification, isResponse, toRpcError } from "../wire/codec.ts";
import type { LentBytes } from "../base/spare_buffers.ts";
import { Unasked } from "../base/system/give_way.ts";
import { LineSplitter } from "../wire/lines.ts";
import { boundOfServerAt, type MessageBound } from "../wire/message_bound.ts";
import type { Params, Response } from "../wire/message.ts";
import { reservedMethods } from "../wire/reserved.ts";
import { type Later, Outbox } from "../wire/outbox.ts";
import { ReadBuffer } from "../wire/buffers.ts";
import { itemParams, type ToldOfClients, toldOfClients } from "../wire/reply_checks.ts";
import { answersAndLines, writeShortRequest } from "../wire/short_lines.ts";
import { linesOf, longTextAt, readLong, requestLineOf } from "../wire/unread/long_texts.ts";
import { Call, type CallHolder, type Done, notSent } from "./call.ts";
import { IdTable } from "../base/values/id_table.ts";
import type { Duplex } from "./transport.ts";

/** The events of a connection. Their handlers must not throw. */
interface ConnectionEvents {
  /** A call has ended. Its sender is told right after this. */
  ended(call: Call, error: RpcError | undefined): void;
  /** The server asked that new calls go elsewhere. Those under way will be answered. */
  goaway(): void;
  /** The server's methods have changed. */
  changed(): void;
  /**
   * The connection is lost. Its calls fail right after this, so that retries do not pick it. Not
   * called after {@link Connection.close}.
   */
  lost(reason: string): void;
}

/** How a connection reads and writes. */
interface ConnectionOptions {
  /** Longest message that is taken, in bytes. @default messageMaxDefault */
  readonly messageMax?: number | undefined;
  /** Delays writes. @default by microtasks */
  readonly later?: Later | undefined;
}

/** A connection with many calls at once. Answers come in any order and find their calls by id. */
export class Connection implements CallHolder {
  readonly #duplex: Duplex;
  readonly #address: string;
  readonly #clock: Clock;
  readonly #events: ConnectionEvents;
  /** Longest message that is taken, in bytes. */
  readonly messageMax: number;
  /** Whether the server said, ahead of the answer just read, that it has no other call. */
  saidIdle = false;
  readonly #outbox: Outbox;
  readonly #pending = new IdTable<Call>();
  readonly #unasked = new Unasked();
  /** Calls that wait until the server has taken earlier output, oldest first. */
  readonly #unwritten = new Set<Call>();
  #bytesInFlight = 0;
  #open = true;
  #messagesReceived = 0;
  #receivedAtMs = 0;
  #wentAway = false;
  #complaint: string | undefined;
  /** The longest message that the server takes. */
  takes: MessageBound;

  /** Takes over a new stream, and reads from it until it ends. */
  constructor(
    duplex: Duplex,
    address: string,
    clock: Clock,
    events: ConnectionEvents,
    { messageMax = messageMaxDefault, later }: ConnectionOptions = {},
  ) {
    this.messageMax = messageMax;
    // All servers take this much, until this one tells more.
    this.takes = boundOfServerAt(address, messageMaxLeast);
    this.#duplex = duplex;
    this.#address = address;
    this.#clock = clock;
    this.#events = events;
    this.#outbox = new Outbox(duplex, (error) => this.#breakOff(messageOf(error)), { later });
    void this.#read();
  }

  /** Number of calls that were written and not answered. */
  get inFlight(): number {
    return this.#pending.size;
  }

  /** Whether nothing is under way on it, or waits to be. */
  get isIdle(): boolean {
    return this.#pending.size === 0 && this.#unwritten.size === 0;
  }

  /** Bytes of the calls that were written and not answered. */
  get bytesInFlight(): number {
    return this.#bytesInFlight;
  }

  /**
   * A counter that moves only if the server reads; `undefined` while all output fits into buffers
   * on the way, which proves nothing.
   */
  get bytesTaken(): number | undefined {
    return this.#outbox.pendingBytes > 0 ? this.#outbox.bytesWritten : undefined;
  }

  /** Messages that it has received so far. */
  get messagesReceived(): number {
    return this.#messagesReceived;
  }

  /** When it last received anything, on the monotonic scale, as of the read. */
  get receivedAtMs(): number {
    return this.#receivedAtMs;
  }

  /** Whether the server asked that new calls go elsewhere. */
  get wentAway(): boolean {
    return this.#wentAway;
  }

  /**
   * Writes a call as soon as the server has taken enough of the output before. `done` is called
   * with its answer, or with ConnectionLost. That has `executed` `"maybe"` if the call was written,
   * since the server may have read it.
   */
  send(call: Call, done: Done, nowMs = call.sentAtMs ?? this.#clock.now()): void {
    call.done = done;
    if (!this.#open) return this.#end(call, this.#lostError("it is closed", "no"), undefined);
    const isToWait = this.#unwritten.size > 0 || this.#outbox.pendingBytes >= clientOutboxBytesMax;
    if (isToWait) this.#keep(call);
    else this.#write(call, nowMs);
  }

  #write(call: Call, nowMs: number): void {
    // At least one, because with zero the server would refuse the call.
    const timeoutMs = Math.max(1, Math.round(call.deadlineAtMs - nowMs));
    const id = call.id = this.#pending.nextId();
    this.#pending.add(id, call);
    let bytes: number;
    try {
      bytes = this.#push(id, call, timeoutMs);
    } catch (error) {
      this.#pending.take(id);
      return this.#end(call, notSent(call, error), undefined);
    }
    call.holder = this;
    call.bytes = bytes;
    this.#bytesInFlight += bytes;
    if (call.stream !== undefined) call.stream.grant = (n) => this.#grant(id, n);
  }

  /** Hands the call's line to the outbox, and returns its length. */
  #push(id: number, call: Call, timeoutMs: number): number {
    const { method, params, stream, traceparent } = call;
    const isPlain = stream === undefined && traceparent === undefined;
    const length = isPlain ? writeShortRequest(this.#outbox, id, method, params, timeoutMs) : 0;
    if (length > 0) return length;
    const options = isPlain ? undefined : { stream: stream?.credit, traceparent };
    const line = requestLineOf(id, method, params, timeoutMs, options, this.takes);
    this.#outbox.push(line);
    return line.length;
  }

  #keep(call: Call): void {
    if (this.#unwritten.size >= waitingCallsMax) {
      const message = `Cannot send ${call.method} to ${this.#address}: ${waitingCallsMax} calls ` +
        "wait already until it takes what it was sent";
      this.#end(call, new RpcError("Unavailable", message), undefined);
      return;
    }
    call.holder = this;
    this.#unwritten.add(call);
    if (this.#unwritten.size === 1) this.#writeLater();
  }

  #writeLater(): void {
    void this.#outbox.drained().then(() => {
      const nowMs = this.#clock.now();
      for (const call of this.#unwritten) {
        if (this.#outbox.pendingBytes >= clientOutboxBytesMax) return this.#writeLater();
        this.#unwritten.delete(call);
        this.#write(call, nowMs);
      }
    });
  }

  /** Pings the server's main process. `answered` is called when it answers, if ever. */
  ping(answered: () => void): void {
    this.#ask(undefined, (error) => {
      // An error is an answer too, unless it was made at this end.
      if (this.#open || error === undefined) answered();
    });
  }

  /** Tells this client's load, and asks for that of all clients, which some servers do not tell. */
  askLoad(own: number, tell: (told: ToldOfClients) => void): void {
    this.#ask({ connections: true, load: own }, (_error, result) => {
      const told = toldOfClients(result);
      if (told !== undefined) tell(told);
    });
  }

  #ask(params: Params | undefined, done: Done): void {
    if (!this.#open) return;
    const nowMs = this.#clock.now();
    const call = new Call(reservedMethods.ping, params, nowMs + heartbeatTimeoutMs, true);
    call.done = done;
    // Ahead of waiting calls, since somebody waits for the answer.
    this.#write(call, nowMs);
  }

  /** Closes it: calls under way fail as Cancelled. {@link ConnectionEvents.lost} is not called. */
  close(): void {
    if (!this.#open) return;
    this.#shut();
    const message = `The connection to ${this.#address} was closed here`;
    const neverSent = new RpcError("Cancelled", message, { executed: "no" });
    this.#failAll(new RpcError("Cancelled", message), neverSent);
  }

  /**
   * Closes it because of a fault of the server: unlike {@link close} it calls
   * {@link ConnectionEvents.lost}.
   */
  abandon(reason: string): void {
    this.#breakOff(reason);
  }

  /** Cancels a call: the server is told, and its answer will be ignored. */
  cancel(call: Call): void {
    const { id, stream } = call;
    if (this.#unwritten.delete(call)) return;
    if (this.#take(id) !== undefined) {
      // Its answer, and what it was granted.
      this.#unasked.cancelled(1 + (stream?.credit ?? 0));
      this.#outbox.push(encodeNotification(reservedMethods.cancel, { id }));
    }
  }

  /** Sends calls on another connection now: the chosen ones, and those not yet written. */
  handOver(next: Connection, chosen: (call: Call) => boolean): void {
    const written = this.#pending.all().map(([, call]) => call).filter(chosen);
    for (const call of written) call.executed = "maybe";
    for (const call of [...written, ...this.#unwritten]) {
      this.cancel(call);
      next.send(call, call.done, this.#clock.now());
    }
  }

  #take(id: number): Call | undefined {
    const call = this.#pending.take(id);
    if (call !== undefined) this.#bytesInFlight -= call.bytes;
    return call;
  }

  #grant(id: number, n: number): void {
    if (this.#pending.get(id) === undefined) return;
    this.#outbox.push(encodeNotification(reservedMethods.more, { id, n }));
  }

  async #read(): Promise<void> {
    const splitter = new LineSplitter(this.messageMax);
    const buffer = new ReadBuffer();
    const unasked = this.#unasked;
    try {
      while (this.#open) {
        const { room } = splitter;
        const bytes = await this.#duplex.read(room ?? buffer.bytes);
        if (bytes === null) return this.#breakOff(this.#closedBecause(buffer.bytes));
        this.#receivedAtMs = this.#clock.now();
        const came = room?.subarray(0, bytes) ?? buffer.took(bytes);
        const lines = answersAndLines(splitter, came, linesOf, longTextAt);
        for (const line of lines) {
          if (line instanceof RpcError) throw line;
          const pause = this.#receive(line) ? unasked.asked() : unasked.add();
          if (pause !== undefined) await pause;
          if (!this.#open) return;
        }
        // The last byte may be the CR of one more blank line.
        const isBlank = lines.length === 0 && splitter.partialBytes <= 1;
        const pause = isBlank ? unasked.add(bytes) : undefined;
        if (pause !== undefined) await pause;
      }
    } catch (error) {
      this.#breakOff(messageOf(error));
    }
  }

  /** @param begin the last read, which is all input if not even one line arrived */
  #closedBecause([first, second]: Uint8Array): string {
    if (this.#complaint !== undefined) return this.#complaint;
    // A TLS alert: a server with keys answers so to a client without.
    const isTls = this.#messagesReceived === 0 && first === 0x15 && second === 0x03;
    return isTls ? "it speaks TLS, since it wants keys: rpc keys join" : "the server closed it";
  }

  /** Decodes a line. If the first is no message, the error tells of another program. */
  #decode(line: string): ReturnType<typeof decodeReply> {
    try {
      return decodeReply(line);
    } catch (error) {
      if (this.#messagesReceived > 1 || line.startsWith("{")) throw error;
      const [, name] = /^(HTTP|SSH)[/-]\d/.exec(line) ?? [];
      const what = name ?? "another protocol";
      const who = name === "HTTP" ? "a gateway or another program" : "another program";
      const text = `it speaks ${what}, which is not JSON: ${who} has the port`;
      throw new Error(text, { cause: error });
    }
  }

  /** Returns whether a call waited for the message. */
  #receive(line: string | LentBytes | Response): boolean {
    this.#messagesReceived++;
    if (typeof line === "object" && "jsonrpc" in line) return this.#settle(line);
    const bytes = line.length;
    const read = typeof line === "string" ? line : readLong(line);
    const message = typeof read === "string" ? this.#decode(read) : read;
    if (isResponse(message)) return this.#settle(message);
    if (message.method === reservedMethods.item) return this.#takeItems(message.params, bytes);
    if (message.method === reservedMethods.goaway && !this.#wentAway) {
      this.#wentAway = true;
      this.#events.goaway();
    } else if (message.method === reservedMethods.changed) this.#events.changed();
    else if (message.method === reservedMethods.idle) this.saidIdle = true;
    // Other notifications are from a newer protocol, and are ignored.
    return false;
  }

  #takeItems(params: Params | undefined, bytes: number): boolean {
    const read = itemParams(params);
    if (read === undefined || typeof read.id !== "number") return false;
    // There is no such call if it was cancelled.
    const stream = this.#pending.get(read.id)?.stream;
    stream?.items(read.items, bytes);
    return stream !== undefined && read.items.length > 0;
  }

  #settle(response: Response): boolean {
    if (typeof response.id !== "number") {
      // It concerns the connection as a whole, which is about to be closed.
      if (response.id === null) this.#complaint = response.error?.message;
      return false;
    }
    const call = this.#take(response.id);
    // The call was cancelled, so its answer is ignored, with what was said ahead of it.
    if (call === undefined) return this.saidIdle = false;
    if (response.error === undefined) this.#end(call, undefined, response.result);
    else this.#end(call, toRpcError(response.error), undefined);
    return true;
  }

  #end(call: Call, error: RpcError | undefined, result: unknown): void {
    call.holder = undefined;
    this.#events.ended(call, error);
    this.saidIdle = false;
    call.done(error, result, call);
  }

  #breakOff(reason: string): void {
    if (!this.#open) return;
    this.#shut();
    this.#events.lost(reason);
    this.#failAll(this.#lostError(reason, "maybe"), this.#lostError(reason, "no"));
  }

  #shut(): void {
    this.#open = false;
    this.#outbox.close();
    try {
      this.#duplex.close();
    } catch {
      // It is closed already.
    }
  }

  #failAll(error: RpcError, neverWritten: RpcError): void {
    const unwritten = [...this.#unwritten];
    this.#unwritten.clear();
    for (const [, call] of this.#pending.takeAll()) this.#end(call, error, undefined);
    for (const call of unwritten) this.#end(call, neverWritten, undefined);
  }

  #lostError(reason: string, executed: "no" | "maybe"): RpcError {
    const message = `Lost the connection to ${this.#address}: ${reason}`;
    return new RpcError("ConnectionLost", message, { executed });
  }
}
