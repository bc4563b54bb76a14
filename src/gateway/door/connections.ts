import type { Clock, Timer } from "../../base/clock.ts";
import { idleTimeoutMs } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { callerAddress } from "../../base/names/site.ts";
import { giveWay } from "../../base/system/give_way.ts";
import { type AcceptedSocket, AcceptedSockets } from "../../base/system/accepted_sockets.ts";
import { Lingering } from "./lingering.ts";
import {
  gatewayHeldInputBytes,
  gatewayIdleConnectionsMax,
  gatewayIdleLookMs,
  gatewayLateMs,
  gatewayLookPauseMs,
  gatewayUnfinishedBytesMax,
  gatewayUnfinishedLookMs,
} from "../limits.ts";

/** The part of {@link AcceptedSockets} that is used here. */
type Sockets = Pick<
  AcceptedSockets,
  "descriptors" | "at" | "prepare" | "endInput" | "end" | "keep" | "close"
>;

/** What {@link Connections} need. */
interface ConnectionsOptions {
  /** The port that they come to. */
  readonly port: () => number;
  /** The longest message that is taken. */
  readonly messageBytesMax: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** This program got its turn much later than it should have. */
  readonly late: () => void;
  /** A request or a message has come: this program has a turn. */
  readonly turn: () => void;
  /** @default the system's */
  readonly sockets?: Sockets | undefined;
}

/** Descriptors that are looked at in a turn: half a millisecond's work. */
const lookStep = 64;

/** Whose a request is. */
export interface Sender {
  /** Whom it counts for: its address, or on this machine its connection. */
  readonly caller: string;
  /** Its address; empty for this machine, on which each connection is a caller. */
  readonly address: string;
  readonly connection:
    | Pick<Connection, "begin" | "end" | "message" | "linger" | "onLeft">
    | undefined;
  /**
   * Aborts when it waits for its answer no more, also where the request's own signal does not, but
   * not after the answer has begun.
   */
  readonly gone: AbortSignal;
}

/** A connection: who uses it tells what begins and ends on it. */
export class Connection {
  /** Requests and WebSockets under way. */
  #open = 0;
  /** Requests and messages that have come. */
  #parts = 0;
  /** Since when nothing is under way. */
  #idleSinceMs: number;
  readonly #clock: Pick<Clock, "now">;
  readonly #keep: () => (() => void) | undefined;
  readonly #turn: () => void;
  /** How many parts had come at the last look, and how many bytes were read then or before. */
  #partsSeen = 0;
  #bytesBefore = 0;
  #bytesSeen = 0;
  /** Who is to be told when its peer has gone. */
  readonly #leaving = new Set<() => void>();

  /**
   * @param keep has the system keep it, and returns how to let go of it
   * @param turn is told of each request and message
   */
  constructor(
    clock: Pick<Clock, "now">,
    keep: () => (() => void) | undefined = () => undefined,
    turn: () => void = () => {},
  ) {
    this.#clock = clock;
    this.#keep = keep;
    this.#turn = turn;
    this.#idleSinceMs = clock.now();
  }

  /** A request or a WebSocket begins. */
  begin(): void {
    this.#open++;
    this.message();
  }

  /** It has ended. */
  end(): void {
    this.#open--;
    this.#idleSinceMs = this.#clock.now();
  }

  /** A whole message has come on its WebSocket, or a whole body, which is counted elsewhere. */
  message(): void {
    this.#parts++;
    this.#turn();
  }

  /**
   * It is about to be closed because of what its peer has sent. So that its peer does not come
   * again at once, and can read what it is told, the system keeps it for a second.
   *
   * @returns has it closed now
   */
  linger(): () => void {
    return this.#keep() ?? (() => {});
  }

  /**
   * Has it told once when its peer has gone. The runtime does not look for that while a request is
   * answered whose body has come in several pieces (Deno 2.9.6).
   *
   * @returns has it not told any more
   */
  onLeft(told: () => void): () => void {
    this.#leaving.add(told);
    return () => void this.#leaving.delete(told);
  }

  /** Its peer has gone. */
  leave(): void {
    for (const told of this.#leaving) told();
    this.#leaving.clear();
  }

  /** Whether something is under way. */
  get isUsed(): boolean {
    return this.#open > 0;
  }

  /** For how long nothing has been under way, if it is not used. */
  get idleMs(): number {
    return this.#clock.now() - this.#idleSinceMs;
  }

  /** Bytes that were read since the last request or message, as of the last look. */
  get unfinishedBytes(): number {
    return this.#bytesSeen - this.#bytesBefore;
  }

  /** Counts what was read of it so far. */
  look(readBytes: number): void {
    this.#bytesSeen = readBytes;
    if (this.#parts === this.#partsSeen && readBytes >= this.#bytesBefore) return;
    this.#partsSeen = this.#parts;
    this.#bytesBefore = readBytes;
  }
}

/**
 * Bounds what the runtime's HTTP server neither bounds nor shows: how long a connection is without
 * a request, how many such connections there are, and what it keeps of a message in fragments or of
 * what is sent behind a request. The system tells what has come on each connection, and ends them.
 * Where it does not (it is not Linux), there are no such bounds.
 */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #sockets: Sockets | undefined;
  readonly #known = new Map<string, Connection>();
  readonly #lingering: Lingering;
  readonly #timer: Timer | undefined;
  #nextLookMs = -Infinity;
  #idleLookMs: number;
  #tickMs = Infinity;
  #isClosed = false;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#sockets = options.sockets ?? AcceptedSockets.open();
    this.#idleLookMs = options.clock.now() + gatewayIdleLookMs;
    this.#lingering = new Lingering(options.clock);
    if (this.#sockets === undefined) return;
    this.#tickMs = options.clock.now();
    this.#timer = options.clock.every(gatewayUnfinishedLookMs, () => this.#tick());
  }

  /** The connection from `host:port`. */
  of(from: string): Connection {
    const known = this.#known.get(from);
    if (known !== undefined) return known;
    const { clock, turn } = this.#options;
    const connection = new Connection(clock, () => this.#keep(from), turn);
    // Where nothing shows that it ends, it is not kept.
    if (this.#sockets !== undefined) this.#known.set(from, connection);
    return connection;
  }

  /**
   * Has answers go out at once, and bounds what the system holds of connections that come to a port
   * that others cannot reach.
   */
  async listens({ hostname, port }: Pick<Deno.NetAddr, "hostname" | "port">): Promise<void> {
    const descriptors = await this.#sockets?.descriptors().catch(() => undefined) ?? [];
    if (this.#isClosed) return;
    const isNear = callerAddress(`${hostname}:${port}`) === undefined;
    const heldBytes = isNear ? gatewayHeldInputBytes : undefined;
    for (const one of descriptors) this.#sockets?.prepare(one, port, heldBytes);
  }

  /** Has those closed that only linger, since handles are scarce. */
  endLingering(): void {
    this.#lingering.end();
  }

  /** Looks no more. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#lingering.end();
    this.#sockets?.close();
  }

  #keep(from: string): (() => void) | undefined {
    if (this.#isClosed) return undefined;
    const letGo = this.#sockets?.keep(from, this.#options.port());
    return letGo === undefined ? undefined : this.#lingering.add(letGo);
  }

  #tick(): void {
    const nowMs = this.#options.clock.now();
    if (nowMs - this.#tickMs > gatewayUnfinishedLookMs + gatewayLateMs) this.#options.late();
    this.#tickMs = nowMs;
    void this.#look();
  }

  async #look(): Promise<void> {
    const nowMs = this.#options.clock.now();
    const isUsed = this.#known.values().some((connection) => connection.isUsed);
    if (nowMs < this.#nextLookMs || !isUsed && nowMs < this.#idleLookMs) return;
    this.#nextLookMs = Infinity;
    const sockets = await this.#list();
    // There may be a handle for it the next time.
    if (sockets === undefined) this.#nextLookMs = this.#options.clock.now() + gatewayIdleLookMs;
    if (sockets === undefined || this.#isClosed) return;
    this.#endUnfinished(sockets);
    if (nowMs < this.#idleLookMs) return;
    this.#idleLookMs = nowMs + gatewayIdleLookMs;
    this.#endIdle(sockets);
  }

  /** All connections, counted; `undefined` where the system does not show them. */
  async #list(): Promise<readonly AcceptedSocket[] | undefined> {
    const closed = new Set(this.#known.keys());
    const descriptors = await this.#sockets?.descriptors().catch(() => undefined);
    if (descriptors === undefined) return undefined;
    const sockets: AcceptedSocket[] = [];
    for (const [index, descriptor] of descriptors.entries()) {
      if (index % lookStep === lookStep - 1) await new Promise<void>(giveWay);
      if (this.#isClosed) return undefined;
      const socket = this.#sockets?.at(descriptor, this.#options.port());
      if (socket === undefined) continue;
      sockets.push(socket);
      closed.delete(socket.peer);
      const connection = this.of(socket.peer);
      connection.look(socket.readBytes);
      if (socket.isEnded) connection.leave();
    }
    for (const peer of closed) {
      this.#known.get(peer)?.leave();
      this.#known.delete(peer);
    }
    this.#nextLookMs = this.#options.clock.now() + gatewayLookPauseMs * descriptors.length;
    return sockets;
  }

  /** Ends those on which most has come, until the rest is within the bound. */
  #endUnfinished(sockets: readonly AcceptedSocket[]): void {
    const { messageBytesMax, log } = this.#options;
    const bytesMax = Math.max(gatewayUnfinishedBytesMax, 4 * messageBytesMax);
    const bytesOf = ({ peer }: AcceptedSocket) => this.of(peer).unfinishedBytes;
    let total = sockets.reduce((sum, socket) => sum + bytesOf(socket), 0);
    if (total <= bytesMax) return;
    for (const socket of sockets.toSorted((one, other) => bytesOf(other) - bytesOf(one))) {
      if (total <= bytesMax) return;
      const bytes = bytesOf(socket);
      log.warn("Ended a connection that sends without an end", { peer: socket.peer, bytes });
      total -= bytes;
      this.#sockets?.end(socket);
      // It is not counted again until the runtime has closed it.
      this.of(socket.peer).message();
    }
  }

  /** Ends those that have had no request for long, and past their bound those for longest. */
  #endIdle(sockets: readonly AcceptedSocket[]): void {
    const idle = sockets.filter(({ peer }) => !this.of(peer).isUsed)
      .map((socket) => ({ socket, ms: this.of(socket.peer).idleMs }))
      .sort((one, other) => other.ms - one.ms);
    const over = idle.length - gatewayIdleConnectionsMax;
    for (const [index, { socket, ms }] of idle.entries()) {
      if (index >= over && ms < idleTimeoutMs) return;
      this.#sockets?.endInput(socket);
    }
  }
}
