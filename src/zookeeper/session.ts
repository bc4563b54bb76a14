/**
 * A session with the ensemble: it outlives connections, and after its end a new one takes its
 * place.
 *
 * ```text
 *                       ┌────────── reached a member, session kept ──────────┐
 *                       ▼                                                    │
 * connecting ───► connected ──── connection lost ────► suspended ────────────┘
 *     ▲                                                    │
 *     └───────── expired ◄──── a member says so, or all have hung up on us for too long
 *
 * any ───► closed          connected ───► auth_failed, for good
 * ```
 */

import { Backoff } from "../base/backoff.ts";
import { type Clock, sleep } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import { addressOf, type HostPort } from "../base/names/host_port.ts";
import type { ConnectString } from "./connect_string.ts";
import type { Connection, TlsOptions } from "./connection.ts";
import { ZooKeeperError } from "./errors.ts";
import { type AuthInfo, Exchange } from "./exchange.ts";
import type { Operation } from "./operations.ts";
import { fromServerPath } from "./paths.ts";
import { encodeCloseSession, encodeConnect, noSession, type SessionGrant } from "./protocol.ts";
import { Rotation } from "./rotation.ts";
import { type Visit, visit } from "./visit.ts";
import type { Watcher, WatchEvent, WatchKind } from "./watchers.ts";

/**
 * Where a session stands; see the drawing above. `connecting` is also the state before `connect`.
 */
export type ZooKeeperState =
  | "connecting"
  | "connected"
  | "suspended"
  | "expired"
  | "auth_failed"
  | "closed";

/** Everything that a {@link Session} needs, defaults filled in. */
interface SessionOptions {
  readonly address: ConnectString;
  readonly sessionTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly auth: readonly AuthInfo[];
  readonly tls: TlsOptions | undefined;
  readonly frameBytesMax: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly onState: (state: ZooKeeperState) => void;
  readonly onConnectFailure: (error: ZooKeeperError) => void;
}

/** The longest first wait after a round in which no member was reached; it doubles each time. */
const backoffBaseMs = 100;

/** The longest wait between rounds: how late the return of an ensemble is noticed. */
const backoffMaxMs = 2_000;

/** A connection that ends sooner counts as a failure for the back-off. */
const stableConnectionMs = 1_000;

/** How long `close` waits for the server to confirm the end of the session. */
const closeTimeoutMs = 1_000;

/** Keeps a session on some member, and starts a new one when it has expired. */
export class Session {
  readonly #options: SessionOptions;
  readonly #rotation: Rotation;
  readonly #backoff: Backoff;
  readonly #exchange: Exchange;
  readonly #stop = new AbortController();
  readonly #asked = Promise.withResolvers<void>();
  readonly #connectWaiters = new Set<PromiseWithResolvers<void>>();
  #state: ZooKeeperState = "connecting";
  #identity = noSession;
  #timeoutMs: number;
  #lastContactAt = 0;
  #hungUpSince: number | undefined;
  #connectFailure: ZooKeeperError | undefined;
  #authFailure: ZooKeeperError | undefined;
  #loop: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#rotation = new Rotation(options.address.members, options.random);
    this.#backoff = new Backoff(options.random, { baseMs: backoffBaseMs, maxMs: backoffMaxMs });
    this.#timeoutMs = options.sessionTimeoutMs;
    this.#exchange = new Exchange(options.auth, (watchers, type, serverPath) => {
      this.#tell(watchers, { type, path: fromServerPath(options.address.chroot, serverPath) });
    });
  }

  get state(): ZooKeeperState {
    return this.#state;
  }

  /** 0 while there is no session. */
  get id(): bigint {
    return this.#identity.id;
  }

  /** The timeout that the server granted, or the one asked for until it has. */
  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** See `ZooKeeperClient.sessionAsked`. */
  get asked(): Promise<void> {
    return this.#asked.promise;
  }

  /** Starts the loop if need be, and resolves when connected. See `ZooKeeperClient.connect`. */
  async connect(timeoutMs: number): Promise<void> {
    const refusal = this.#refusal("connect");
    if (refusal !== undefined) throw refusal;
    this.#loop ??= this.#run();
    if (this.#exchange.attached) return;
    const waiter = Promise.withResolvers<void>();
    this.#connectWaiters.add(waiter);
    const timer = this.#options.clock.after(timeoutMs, () => {
      const members = this.#options.address.members.map(addressOf).join(",");
      const why = this.#connectFailure === undefined ? "" : `. ${this.#connectFailure.message}`;
      waiter.reject(
        new ZooKeeperError(
          "OPERATION_TIMEOUT",
          `Cannot connect to ZooKeeper at ${members} within ${timeoutMs} ms${why}`,
        ),
      );
    });
    try {
      await waiter.promise;
    } finally {
      timer.cancel();
      this.#connectWaiters.delete(waiter);
    }
  }

  /** The number for the next request. */
  nextXid(): number {
    return this.#exchange.nextXid();
  }

  /** Sends an operation, now or when connected again. */
  submit(operation: Operation): void {
    const refusal = this.#refusal(operation.action);
    if (refusal === undefined) this.#exchange.submit(operation);
    else operation.fail(refusal);
  }

  /** Registers a watcher. To be called while the answer of its read is being decoded. */
  watch(kind: WatchKind, serverPath: string, watcher: Watcher): void {
    this.#exchange.watch(kind, serverPath, watcher);
  }

  /** Registers a watcher of a path and all below it, as {@link watch} does. */
  watchTree(serverPath: string, watcher: Watcher): void {
    this.#exchange.watchTree(serverPath, watcher);
  }

  /** Removes a tree's watcher. Returns whether it was the path's last one. */
  unwatchTree(serverPath: string, watcher: Watcher): boolean {
    return this.#exchange.unwatchTree(serverPath, watcher);
  }

  /**
   * See `ZooKeeperClient.close`.
   *
   * @param isAwaited whether somebody waits for the end of the session itself
   */
  close(isAwaited: boolean): Promise<void> {
    return this.#closing ??= this.#shutDown(isAwaited);
  }

  async #shutDown(isAwaited: boolean): Promise<void> {
    this.#exchange.failUnsent(closedError);
    for (const waiter of this.#connectWaiters) waiter.reject(closedError("connect"));
    this.#asked.resolve();
    if (this.#exchange.attached) await this.#endSession(isAwaited);
    this.#stop.abort(new ZooKeeperError("CLOSED", "the client was closed"));
    await this.#loop;
    this.#exchange.reset();
    this.#setState("closed");
  }

  /** Tells the server that the session is over, so that its ephemeral nodes go at once. */
  async #endSession(isAwaited: boolean): Promise<void> {
    const answered = Promise.withResolvers<void>();
    const xid = this.nextXid();
    this.#exchange.submit({
      xid,
      frame: encodeCloseSession(xid),
      action: "close the session",
      reply: () => answered.resolve(),
      fail: () => answered.resolve(),
    });
    if (!isAwaited) void this.#exchange.sent?.then(answered.resolve);
    const timer = this.#options.clock.after(closeTimeoutMs, answered.resolve);
    await answered.promise;
    timer.cancel();
  }

  /** Visits member after member until closed. Never rejects. */
  async #run(): Promise<void> {
    const { clock, tls, frameBytesMax, sessionTimeoutMs, log } = this.#options;
    while (this.#refusal("go on") === undefined) {
      const member = this.#rotation.next();
      const ended = await visit({
        member,
        clock,
        tls,
        frameBytesMax,
        hello: encodeConnect(this.#identity, this.#exchange.lastZxid, sessionTimeoutMs),
        handshakeLimitMs: this.#handshakeLimitMs(),
        signal: this.#stop.signal,
        onAsked: this.#asked.resolve,
        onGranted: (grant, connection) => this.#takeUp(grant, connection),
        onFrame: (frame) => this.#exchange.receive(frame),
      });
      log.debug("A visit to a ZooKeeper member ended", { member: addressOf(member), ...ended });
      const delayMs = this.#conclude(member, ended);
      if (delayMs > 0) await sleep(clock, delayMs, this.#stop.signal);
    }
  }

  #takeUp(grant: SessionGrant, connection: Connection): void {
    this.#identity = grant;
    this.#timeoutMs = grant.timeoutMs;
    this.#hungUpSince = undefined;
    this.#connectFailure = undefined;
    this.#rotation.succeeded();
    this.#exchange.attach(connection);
    for (const waiter of this.#connectWaiters) waiter.resolve();
    this.#setState("connected");
  }

  /** Draws the consequences of a visit, and says how long to wait before the next. */
  #conclude(member: HostPort, ended: Visit): number {
    if (ended.kind === "lost") return this.#concludeLoss(ended);
    // While closing, it does not matter how the visit ended.
    if (this.#closing !== undefined) return 0;
    if (ended.kind === "expired") {
      this.#expire();
      // Many clients expire together after an outage; the jitter spreads their new sessions.
      return this.#backoff.next();
    }
    if (ended.hungUp) this.#noteHangUp();
    const failure = this.#rotation.failed(member, ended);
    if (failure === undefined) return 0;
    this.#connectFailure = failure;
    this.#asked.resolve();
    this.#guarded(() => this.#options.onConnectFailure(failure));
    return this.#backoff.next();
  }

  #concludeLoss({ error, lastedMs, lastReceivedAt }: Extract<Visit, { kind: "lost" }>): number {
    this.#lastContactAt = lastReceivedAt;
    this.#exchange.detach(error);
    if (this.#closing !== undefined) return 0;
    if (error.code === "AUTH_FAILED") {
      this.#authFailure = error;
      this.#exchange.failUnsent(() => error);
      for (const waiter of this.#connectWaiters) waiter.reject(error);
      this.#setState("auth_failed");
      return 0;
    }
    this.#setState("suspended");
    if (lastedMs < stableConnectionMs) return this.#backoff.next();
    this.#backoff.reset();
    return 0;
  }

  /** The session is over: its users are told, and the next connection asks for a new one. */
  #expire(): void {
    this.#identity = noSession;
    this.#hungUpSince = undefined;
    this.#exchange.failUnsent((action) =>
      new ZooKeeperError("SESSION_EXPIRED", `Cannot ${action}: the ZooKeeper session has expired`)
    );
    const { chroot } = this.#options.address;
    const lost = this.#exchange.reset();
    this.#setState("expired");
    for (const [serverPath, watchers] of lost) {
      this.#tell(watchers, { type: "lost", path: fromServerPath(chroot, serverPath) });
    }
    this.#setState("connecting");
  }

  /**
   * A server whose data is older than what this session has seen hangs up without an answer. If it
   * only lags, another member serves us; if the data of all was wiped or restored, none ever will.
   * A member that is starting hangs up too. So the session is given up only when its timeout has
   * passed and the hang-ups have lasted for half of that.
   */
  #noteHangUp(): void {
    if (this.#identity.id === 0n) return;
    const now = this.#options.clock.now();
    this.#hungUpSince ??= now;
    const overdue = now - this.#lastContactAt > this.#timeoutMs;
    if (overdue && now - this.#hungUpSince > this.#timeoutMs / 2) this.#expire();
  }

  /**
   * How long one member may take to open a connection and take up the session. In the first round
   * a minority of frozen members takes up less than half of the patience for one, so that whoever
   * waits for the connection still gets it; if none was reached so, they may just be slow. While
   * the session can still be saved elsewhere, a member gets at most a third of the session's time.
   */
  #handshakeLimitMs(): number {
    const { clock, connectTimeoutMs } = this.#options;
    const { size, isFirstRound } = this.#rotation;
    if (size === 1) return connectTimeoutMs;
    const limitMs = isFirstRound ? connectTimeoutMs / (size + 1) : connectTimeoutMs;
    const savable = this.#identity.id !== 0n &&
      clock.now() - this.#lastContactAt < this.#timeoutMs;
    return savable ? Math.min(limitMs, this.#timeoutMs / 3) : limitMs;
  }

  /** The error for any further operation, if the session has ended for good. */
  #refusal(action: string): ZooKeeperError | undefined {
    return this.#closing === undefined ? this.#authFailure : closedError(action);
  }

  #setState(state: ZooKeeperState): void {
    this.#state = state;
    this.#guarded(() => this.#options.onState(state));
  }

  #tell(watchers: Iterable<Watcher>, event: WatchEvent): void {
    for (const watcher of watchers) this.#guarded(() => watcher(event));
  }

  /** Runs a user's callback: what it throws must not end the loop. */
  #guarded(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#options.log.error("A ZooKeeper callback threw", { error });
    }
  }
}

function closedError(action: string): ZooKeeperError {
  return new ZooKeeperError("CLOSED", `Cannot ${action}: the ZooKeeper client is closed`);
}
