import type { Clock, Timer } from "../../base/clock.ts";
import { messageOf, RpcError } from "../../base/errors.ts";
import { givenUpLineMs } from "../limits.ts";
import type { Logger } from "../../base/log.ts";
import { withoutResults } from "../../wire/batch.ts";
import { encodeError, encodeNotification } from "../../wire/codec.ts";
import { boundOfPeer, boundOfServer, type MessageBound } from "../../wire/message_bound.ts";
import { LineSplitter } from "../../wire/lines.ts";
import type { Id, LongLine } from "../../wire/message.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import { Outbox } from "../../wire/outbox.ts";
import { ReadBuffer } from "../../wire/buffers.ts";
import { requestsAndLines, writeShortResult } from "../../wire/short_lines.ts";
import type { BudgetHolder, BudgetNumbers } from "../../base/bounds/budget.ts";
import type { CallerGroup } from "../bounds/callers.ts";
import { answerToBytes, answerToLine } from "../bounds/foreign.ts";
import { PeerWatch } from "../bounds/peer_watch.ts";
import { leavesTooMuch, refusals, roomFields, stallReasons } from "../bounds/reasons.ts";
import type { Shared } from "../bounds/shared.ts";
import { type Answering, Intake, type IntakeOwner } from "./intake.ts";
import type { SessionCall } from "./session_call.ts";
import type { ServerConnection } from "../listener.ts";
import { OpenCalls } from "./open_calls.ts";
import type { State } from "./state.ts";
import type { SessionLimits } from "../bounds/session_limits.ts";
import { Turn } from "../turns/turn.ts";
import { shortAnswerLength, Unread } from "../bounds/unread.ts";

/** What a {@link Session} needs. */
interface SessionOptions extends Answering {
  readonly conn: ServerConnection;
  /** The caller, the same object for all its connections; `undefined` without keys. */
  readonly caller?: { readonly name: string } | undefined;
  readonly limits: SessionLimits;
  /** The group of connections that it counts with, without keys. */
  readonly group: CallerGroup;
  /** The peer's address, for people. */
  readonly peer: string;
  readonly shared: Shared;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The server's side of one connection:
 *
 *     open ── the peer ended its side, a line was too long, or finish() ──▶ finishing ──▶ closed
 *       └───────────── the connection broke, stalled, or close() ─────────────────────────▶
 *
 * `open` reads and answers. `finishing` answers what runs, writes all of it, and discards further
 * input: closing a socket with unread input would reset it, and the last answers would be lost.
 */
export class Session implements IntakeOwner {
  readonly #options: SessionOptions;
  #splitter: LineSplitter;
  /** The one before, of a line that was given up: a read into its buffer may be under way. */
  #givenUp: LineSplitter | undefined;
  readonly #outbox: Outbox;
  readonly #calls: OpenCalls;
  readonly #watch: PeerWatch;
  readonly #partial: BudgetHolder;
  readonly #unread: Unread;
  readonly #intake: Intake;
  #state: State = { kind: "open" };
  /** The reader is held up while too much is under way, or while others have their turn. */
  #reader: "reading" | "held up" | "ended" = "reading";
  /** Closes the connection after its unfinished line was given up. */
  #letGo: Timer | undefined;
  /** The peer knows of notifications: one that tells nothing of itself may read line by line. */
  #isTold = false;
  #bytesRead = 0;
  #linesRead = 0;

  constructor(options: SessionOptions) {
    const { conn, limits } = options;
    this.#options = options;
    this.#calls = new OpenCalls(limits, options.shared, this.key);
    const work = options.shared.flow.stepsOf(this.key);
    this.#outbox = new Outbox(conn, (error) => this.#broke(error), { pauses: work });
    this.#splitter = new LineSplitter(limits.messageMax);
    this.bound = boundOfServer(limits.messageMax);
    this.#watch = new PeerWatch(limits);
    this.#intake = new Intake(this, this.#calls, options, work);
    const { caller, group } = options;
    const whose = caller === undefined ? group : { owner: caller, isOneCaller: true };
    this.#partial = {
      owner: whose.owner,
      heldBytes: () => this.#splitter.heldBytes,
      // Whole lines count, since a peer may send a byte now and then without ever ending a line.
      progress: () => this.#linesRead,
      giveUp: (numbers) => this.#giveUpLine(numbers),
    };
    this.#unread = new Unread(
      this.#outbox,
      limits.outboxBytesMax,
      options.shared.unread,
      whose,
      (numbers) => this.#giveUpAnswers(numbers),
    );
  }

  /** The longest message that the client takes, as far as it has told. */
  bound: MessageBound;

  /** Serves the connection until it is closed. Never rejects. */
  async run(): Promise<void> {
    try {
      await this.#read();
      this.#reader = "ended";
      await this.finish();
    } catch (error) {
      this.#broke(error);
    }
    this.close();
    this.#givenUp?.letGo();
    this.#splitter.letGo();
  }

  /** Tells the peer that the answer to `rpc.discover` has changed. */
  changed(): void {
    this.#outbox.push(encodeNotification(reservedMethods.changed));
  }

  /** Asks the client to send new calls elsewhere. */
  goaway(): void {
    this.#outbox.push(encodeNotification(reservedMethods.goaway));
  }

  /**
   * Takes no more requests, and resolves when the taken ones are answered and written. The
   * connection closes when the peer closes its side, or a little later.
   */
  finish(): Promise<void> {
    if (this.#state.kind === "open") {
      this.#state = { kind: "finishing", done: this.#finish(), isRefused: false };
    }
    return this.#state.kind === "finishing" ? this.#state.done : Promise.resolve();
  }

  /** Cancels its calls and closes the connection at once. */
  close(): void {
    if (this.#state.kind === "closed") return;
    if (this.#state.kind === "finishing") this.#state.lingering?.cancel();
    this.#state = { kind: "closed" };
    this.#letGo?.cancel();
    const { shared, conn } = this.#options;
    this.#outbox.close();
    shared.partialLines.forget(this.#partial);
    this.#unread.forget();
    for (const call of this.#calls) call.cancel();
    conn.close();
  }

  /** Checks at a `LookedTime` whether the peer lives, or says farewell once it may. */
  checkPeer(lookedAtMs: number, farewell?: string): void {
    const { pendingBytes, bytesWritten, pushedBytes } = this.#outbox;
    this.#unread.count();
    const isListening = this.#watch.isListening(this.#bytesRead, pushedBytes) &&
      this.#isTold && this.#state.kind === "open";
    const isInLine = this.#splitter.partialBytes > 0 && this.#reader !== "held up";
    const isIdle = this.#calls.size === 0 && pendingBytes === 0;
    const hasEnded = this.#reader === "ended" && this.#calls.size > 0;
    if (hasEnded) this.#calls.cancelStarved();
    const stall = this.#watch.look({
      written: pendingBytes > 0 ? bytesWritten : undefined,
      line: isInLine ? this.#linesRead : undefined,
      lineBytes: this.#splitter.partialBytes,
      idle: isIdle ? this.#bytesRead : undefined,
    }, lookedAtMs);
    if (stall === "idle" || (isIdle && farewell !== undefined && this.#state.kind === "open")) {
      this.refuse(farewell ?? encodeError(null, refusals.idle));
    } else if (stall !== undefined) {
      this.#broke(new Error(stallReasons[stall]));
    } else if (isListening || (hasEnded && this.#watch.isToAsk())) {
      // A live peer ignores a blank line, and knows that we read. The system of a dead one resets
      // the connection, so its calls do not run to their deadlines for nobody. Who says nothing of
      // itself may take the next line for its answer, so it gets white space ahead of that.
      this.#outbox.push(this.#isTold ? "\n" : " ");
    }
  }

  get key(): object {
    return this.#options.caller ?? this.#options.group;
  }

  get name(): string | undefined {
    return this.#options.caller?.name;
  }

  get isClosed(): boolean {
    return this.#state.kind === "closed";
  }

  get isFull(): boolean {
    return this.#unread.isFull || this.#unread.isCallerFull;
  }

  send(line: string): void {
    const text = `Cannot send an item: ${leavesTooMuch}`;
    if (!this.#hasRoomFor(line)) throw new RpcError("InternalError", text);
    this.#push(line);
  }

  drained(): Promise<void> {
    return this.#unread.drained();
  }

  takes(messageMax: number | undefined): void {
    if (messageMax === undefined && this.#isTold) return;
    this.#isTold = messageMax !== undefined;
    this.bound = boundOfPeer(messageMax, this.#options.limits.messageMax);
  }

  idle(): void {
    // The answers of a batch wait for each other, and some of its calls have perhaps not begun.
    if (!this.#isTold || this.#intake.openBatches > 0) return;
    this.#push(encodeNotification(reservedMethods.idle));
  }

  add(line: string | LongLine | undefined): void {
    if (line === undefined) return;
    if (this.#hasRoomFor(line)) return this.#push(line);
    // A long line is an answer, and its head says to what.
    const known = typeof line === "string" ? line : line.head;
    this.#push(withoutResults(known, leavesTooMuch));
  }

  addShort(id: Id, result: unknown): boolean {
    const isWritten = writeShortResult(this.#outbox, id, result) > 0;
    if (isWritten) this.#unread.grew();
    return isWritten;
  }

  cancel(id: Id): void {
    this.#calls.cancel(id);
  }

  more(id: Id, n: number): void {
    this.#calls.more(id, n);
  }

  answered(call: SessionCall): void {
    this.#calls.remove(call);
  }

  /** Resolves when the peer has ended its side. */
  async #read(): Promise<void> {
    const { conn, shared } = this.#options;
    const buffer = new ReadBuffer();
    const turn = new Turn(shared.turns, this.key, () => this.#outbox.pushedBytes);
    while (true) {
      const { room } = this.#splitter;
      this.#reader = room === undefined ? "reading" : "held up";
      const length = room === undefined
        ? await conn.read(shared.turns.partToRead(buffer.bytes))
        : await shared.flow.read(this.key, conn, room, () => this.#reader = "reading");
      this.#givenUp?.letGo();
      this.#givenUp = undefined;
      if (length === null) return;
      this.#bytesRead += length;
      if (this.#state.kind !== "open") {
        // Who was refused may send on, as fast as it is read.
        await shared.turns.next(this.key);
        continue;
      }
      const isFirst = this.#bytesRead === length;
      if (isFirst && this.#refuses(answerToBytes(buffer.bytes.subarray(0, length)))) continue;
      turn.begin(length);
      let rest = room?.subarray(0, length) ?? buffer.took(length);
      do {
        // What was read into a long line's own buffer is not valid after its end.
        const part = room === undefined ? turn.partOf(rest) : rest;
        rest = rest.subarray(part.length);
        const lines = requestsAndLines(this.#splitter, part);
        const isBegun = this.#linesRead > 0;
        if (!isBegun && this.#refuses(answerToLine(lines[0], this.#splitter.partial))) break;
        this.#linesRead += lines.length;
        // Parts of long lines and blank lines take time too.
        if (lines.length === 0 && turn.isOverNow()) await this.#holdUp(turn, true);
        for (const line of lines) {
          const held = this.hold(turn, line instanceof RpcError ? 0 : line.length);
          if (held !== undefined) await held;
          if (this.isClosed) return;
          const taking = this.#intake.take(line, turn);
          if (taking !== undefined) {
            this.#reader = "held up";
            await taking;
            // Others may have run meanwhile.
            turn.goOn();
          }
          if (this.#isRefused) break;
        }
      } while (rest.length > 0 && !this.#isRefused);
      turn.end();
      if (this.isClosed) return;
      if (this.#splitter.overflowed) void this.finish();
      else if (this.#splitter.partialBytes > 0) shared.partialLines.count(this.#partial);
    }
  }

  /** Ends the connection if there is an answer to another protocol. */
  #refuses(answer: string | undefined): boolean {
    if (answer !== undefined) this.refuse(answer);
    return answer !== undefined;
  }

  hold(turn: Turn, bytes: number, hasBegun = false): Promise<void> | undefined {
    const isOver = turn.isOver(bytes);
    return isOver || this.#isCrowded() ? this.#holdUp(turn, isOver, hasBegun) : undefined;
  }

  /** Back pressure: while this waits nothing is read, so TCP makes the peer's writes wait. */
  async #holdUp(turn: Turn, isOver: boolean, hasBegun = false): Promise<void> {
    this.#reader = "held up";
    if (isOver) await turn.pass(hasBegun);
    if (this.#isCrowded()) await this.#relief(turn);
    // The rest of a batch may wait for something else.
    if (!hasBegun) this.#reader = "reading";
  }

  async #relief(turn: Turn): Promise<void> {
    turn.end();
    do {
      await this.#calls.atMost(Math.floor(this.#options.limits.inFlightMax / 2));
      await this.#outbox.drained();
    } while (this.#isCrowded());
    this.#unread.count();
    turn.goOn();
  }

  #giveUpLine(numbers: BudgetNumbers): void {
    const { clock, shared, peer } = this.#options;
    shared.madeRoom(roomFields(peer, "partialLines", numbers));
    this.refuse(encodeError(null, refusals.partialLine));
    const bytesRead = this.#bytesRead;
    // The pending read holds the buffer of the line.
    this.#letGo = clock.after(givenUpLineMs, () => {
      if (this.#bytesRead === bytesRead) this.close();
    });
  }

  /** Without an error message, since the peer reads nothing. */
  #giveUpAnswers(numbers: BudgetNumbers): void {
    const { shared, peer } = this.#options;
    shared.madeRoom(roomFields(peer, "unread", numbers));
    this.#broke(new Error("All peers together leave too many answers unread"));
  }

  #isCrowded(): boolean {
    return this.#calls.isCrowded || this.#unread.isFull;
  }

  refuse(answer: string): void {
    this.#givenUp = this.#splitter;
    this.#splitter = new LineSplitter(this.#options.limits.messageMax);
    this.#outbox.push(answer);
    void this.finish();
    if (this.#state.kind === "finishing") this.#state = { ...this.#state, isRefused: true };
  }

  get #isRefused(): boolean {
    return this.#state.kind === "finishing" && this.#state.isRefused;
  }

  #hasRoomFor(line: string | LongLine): boolean {
    const leftBytes = this.#options.limits.unreadMax - this.#outbox.pendingBytes;
    return line.length <= Math.max(shortAnswerLength, leftBytes);
  }

  #push(line: string | LongLine): void {
    this.#outbox.push(line);
    this.#unread.grew();
  }

  async #finish(): Promise<void> {
    const { conn, clock, limits } = this.#options;
    do {
      // Lines that were read before, and waited for earlier calls, are still taken.
      if (this.#reader === "held up") await this.#options.shared.turns.next(this.key);
      await this.#calls.atMost(0);
      await this.#outbox.drained();
    } while ((this.#reader === "held up" || this.#calls.size > 0) && !this.isClosed);
    if (this.isClosed) return;
    try {
      await conn.closeWrite();
    } catch (error) {
      return this.#broke(error);
    }
    if (this.#state.kind !== "finishing") return;
    const lingering = clock.after(limits.lingerTimeoutMs, () => this.close());
    this.#state = { ...this.#state, lingering };
  }

  #broke(error: unknown): void {
    // After closing, whatever was under way on the connection fails as expected.
    if (this.isClosed) return;
    this.#options.log.debug("Lost a connection", { reason: messageOf(error) });
    this.close();
  }
}
