import type { Clock, Timer } from "../base/clock.ts";
import { messageOf, RpcError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { BadMessage, decodeRequest } from "../wire/decode_request.ts";
import { encodeError, encodeNotification } from "../wire/codec.ts";
import { type Line, LineSplitter } from "../wire/lines.ts";
import type { Id, Request } from "../wire/message.ts";
import { reservedMethods } from "../wire/reserved.ts";
import { Outbox } from "../wire/outbox.ts";
import { ReadBuffer } from "../wire/read_buffer.ts";
import { type AnswerSink, BatchAnswers } from "./batch_answers.ts";
import type { Peer } from "./dispatcher.ts";
import { type CallOwner, SessionCall } from "./session_call.ts";
import type { SessionLimits } from "./session_limits.ts";
import { type ItemOutlet, StreamingCall } from "./streaming_call.ts";
import { StallTimer } from "./stall_timer.ts";
import type { RequestTaker } from "./tracing.ts";

/** What a {@link Session} needs. */
export interface SessionOptions {
  readonly conn: Deno.TcpConn;
  readonly dispatcher: RequestTaker;
  readonly limits: SessionLimits;
  readonly clock: Clock;
  readonly log: Logger;
}

type Batch = readonly (Request | BadMessage)[];

interface CallWaiter {
  readonly callsMax: number;
  resolve(): void;
}

/**
 * The server's side of one connection:
 *
 *     open ── the peer ended its side, a line was too long, or finish() ──▶ finishing ──▶ closed
 *       └───────────── the connection broke, stalled, or close() ─────────────────────────▶
 *
 * `open` reads and answers. `finishing` answers what runs, writes it all, and discards what still
 * comes in: closing a socket with unread input would reset it, and take the last answers along.
 */
export class Session implements Peer, CallOwner, ItemOutlet {
  readonly #options: SessionOptions;
  readonly #splitter = new LineSplitter();
  readonly #outbox: Outbox;
  readonly #single: AnswerSink;
  readonly #calls = new Set<SessionCall>();
  readonly #streams = new Set<StreamingCall>();
  readonly #writeStall: StallTimer;
  readonly #lineStall: StallTimer;
  #isClosed = false;
  #isPaused = false;
  #hasPeerEnded = false;
  #linesRead = 0;
  #finishing: Promise<void> | undefined;
  #lingering: Timer | undefined;
  #callWaiters: CallWaiter[] = [];

  constructor(options: SessionOptions) {
    const { conn, limits } = options;
    this.#options = options;
    const outbox = new Outbox(conn, (error) => this.#broke(error));
    this.#outbox = outbox;
    this.#single = {
      add(line) {
        if (line !== undefined) outbox.push(line);
      },
    };
    this.#writeStall = new StallTimer(limits.writeStallTimeoutMs);
    this.#lineStall = new StallTimer(limits.partialLineTimeoutMs);
  }

  /** Serves the connection until it is closed. Never rejects. */
  async run(): Promise<void> {
    try {
      await this.#read();
      this.#hasPeerEnded = true;
      await this.finish();
    } catch (error) {
      this.#broke(error);
    }
    this.close();
  }

  /** Asks the client to send new calls elsewhere. */
  goaway(): void {
    this.#outbox.push(encodeNotification(reservedMethods.goaway));
  }

  /**
   * Takes no more requests, and resolves when those that were taken are answered and written. The
   * connection closes when the peer has done the same, or a little later.
   */
  finish(): Promise<void> {
    this.#finishing ??= this.#finish();
    return this.#finishing;
  }

  /** Cancels its calls and closes the connection at once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#lingering?.cancel();
    this.#outbox.close();
    for (const call of [...this.#calls]) call.cancel();
    this.#options.conn.close();
  }

  /** Looks whether the peer has stopped to read, to write, or to live. To be called now and then. */
  checkPeer(): void {
    const nowMs = this.#options.clock.now();
    const written = this.#outbox.pendingBytes > 0 ? this.#outbox.bytesWritten : undefined;
    const isInLine = this.#splitter.partialBytes > 0 && !this.#isPaused;
    if (this.#writeStall.isStalled(written, nowMs)) {
      this.#broke(new Error("The peer does not read its answers"));
    } else if (this.#lineStall.isStalled(isInLine ? this.#linesRead : undefined, nowMs)) {
      this.#broke(new Error("The peer does not end its line"));
    } else if (this.#hasPeerEnded && this.#calls.size > 0) {
      // One that listens ignores a blank line. One that has gone resets the connection, and the next
      // write fails: otherwise its calls would run to their deadlines for nobody.
      this.#outbox.push("\n");
    }
  }

  get isFull(): boolean {
    return this.#outbox.pendingBytes > this.#options.limits.outboxBytesMax;
  }

  send(line: string): void {
    this.#outbox.push(line);
  }

  drained(): Promise<void> {
    return this.#outbox.drained();
  }

  cancel(id: Id): void {
    // Slow, so that no call has to be kept by its id: few are cancelled, and there are not many.
    for (const call of [...this.#calls]) {
      if (call.id === id) call.cancel();
    }
  }

  more(id: Id, n: number): void {
    for (const call of [...this.#streams]) {
      if (call.id === id) call.more(n);
    }
  }

  answered(call: SessionCall): void {
    this.#calls.delete(call);
    if (this.#streams.size > 0) this.#streams.delete(call as StreamingCall);
    if (this.#callWaiters.length === 0) return;
    const due = this.#callWaiters.filter(({ callsMax }) => this.#calls.size <= callsMax);
    this.#callWaiters = this.#callWaiters.filter((waiter) => !due.includes(waiter));
    for (const waiter of due) waiter.resolve();
  }

  /** Resolves when the peer has ended its side. */
  async #read(): Promise<void> {
    const { conn } = this.#options;
    const buffer = new ReadBuffer();
    while (true) {
      const length = await conn.read(buffer.bytes);
      if (length === null) return;
      if (this.#finishing !== undefined) continue;
      const lines = this.#splitter.push(buffer.took(length));
      this.#linesRead += lines.length;
      for (const line of lines) {
        if (this.#isCrowded()) await this.#relief();
        if (this.#isClosed) return;
        const batch = this.#take(line);
        if (batch !== undefined) await this.#takeBatch(batch);
      }
      if (this.#splitter.overflowed) void this.finish();
    }
  }

  #isCrowded(): boolean {
    return this.#calls.size >= this.#options.limits.inFlightMax || this.isFull;
  }

  /** Back pressure: while this waits nothing is read, TCP's window closes, and the peer's writes wait. */
  async #relief(): Promise<void> {
    this.#isPaused = true;
    while (this.#isCrowded()) {
      await this.#callsAtMost(Math.floor(this.#options.limits.inFlightMax / 2));
      await this.#outbox.drained();
    }
    this.#isPaused = false;
  }

  #callsAtMost(callsMax: number): Promise<void> {
    if (this.#calls.size <= callsMax) return Promise.resolve();
    return new Promise((resolve) => this.#callWaiters.push({ callsMax, resolve }));
  }

  /** Takes a message, or returns it if it is a batch. */
  #take(line: Line): Batch | undefined {
    if (typeof line !== "string") {
      this.#single.add(encodeError(null, line));
      return undefined;
    }
    const message = decodeRequest(line);
    if ("method" in message) {
      this.#start(message, this.#single);
    } else if (message instanceof BadMessage) {
      this.#single.add(encodeError(message.id, message.error));
    } else {
      return message;
    }
    return undefined;
  }

  /** A member counts as a request on a line of its own does: many of them make no way past the bound. */
  async #takeBatch(batch: Batch): Promise<void> {
    const answers = new BatchAnswers(batch.length, (answer) => this.#outbox.push(answer));
    for (const item of batch) {
      if (this.#isCrowded()) await this.#relief();
      if (this.#isClosed) return;
      if ("method" in item) this.#start(item, answers);
      else answers.add(encodeError(item.id, item.error));
    }
  }

  #start(request: Request, sink: AnswerSink): void {
    if (request.meta?.stream !== undefined) return this.#startStream(request, sink);
    const call = new SessionCall(request.id, sink);
    const handle = this.#options.dispatcher.dispatch(request, call, this);
    if (handle === undefined || call.isAnswered) return;
    call.follow(this, handle);
    this.#calls.add(call);
  }

  #startStream({ meta, ...request }: Request, sink: AnswerSink): void {
    const { id } = request;
    const { stream: credit, ...plainMeta } = meta ?? {};
    // A notification has nowhere to send items to.
    if (id === undefined || credit === undefined) {
      return this.#start({ ...request, meta: plainMeta }, sink);
    }
    const call = new StreamingCall(id, sink, credit, this);
    // Streams wait for what their client grants, which is not read while there are too many calls: so
    // there must always be others among these, which end by themselves.
    const streamsMax = Math.floor(this.#options.limits.inFlightMax / 2);
    if (this.#streams.size >= streamsMax) {
      const message = `Cannot start a stream: ${streamsMax} are open on this connection already`;
      return call.fail(new RpcError("Overloaded", message));
    }
    const handle = this.#options.dispatcher.dispatch({ ...request, meta: plainMeta }, call, this);
    if (handle === undefined || call.isAnswered) return;
    call.follow(this, handle);
    this.#calls.add(call);
    this.#streams.add(call);
  }

  async #finish(): Promise<void> {
    const { conn, clock, limits } = this.#options;
    do {
      await this.#callsAtMost(0);
      await this.#outbox.drained();
      // What was read already, and waited for the calls before it, is taken.
    } while (this.#isPaused && !this.#isClosed);
    if (this.#isClosed) return;
    try {
      await conn.closeWrite();
    } catch (error) {
      this.#broke(error);
      return;
    }
    this.#lingering = clock.after(limits.lingerTimeoutMs, () => this.close());
  }

  #broke(error: unknown): void {
    // Closing it makes what is under way on the connection fail, which is no news.
    if (this.#isClosed) return;
    this.#options.log.debug("Lost a connection", { reason: messageOf(error) });
    this.close();
  }
}
