/**
 * A session with the ensemble: it outlives connections, and after its end a new one takes its place.
 *
 * ```text
 *                      ┌──────────── reached a member, session kept ──────────┐
 *                      ▼                                                      │
 * connecting ──► connected ──── connection lost ────► suspended ──────────────┤
 *     ▲                                                                       │
 *     └──────────────── expired ◄──── the server says so, or every member hangs up on us for too long
 *
 * any ──► closed       any ──► auth_failed, for good
 * ```
 */

import { Backoff } from "../base/backoff.ts";
import { type Clock, sleep } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import { Connection, type TlsOptions } from "./connection.ts";
import { type ConnectString, formatMember, type Member } from "./connect_string.ts";
import { serverError, ZooKeeperError } from "./errors.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { JuteReader } from "./jute.ts";
import { type Operation, Operations } from "./operations.ts";
import { fromServerPath } from "./paths.ts";
import * as protocol from "./protocol.ts";
import { Rotation } from "./rotation.ts";
import { type Watcher, Watchers, type WatchEvent, type WatchKind } from "./watchers.ts";

/** Where a session stands; see the drawing above. `connecting` is also the state before `connect`. */
export type ZooKeeperState =
  | "connecting"
  | "connected"
  | "suspended"
  | "expired"
  | "auth_failed"
  | "closed";

/** One credential, as in `{ scheme: "digest", credentials: "user:password" }`. */
export interface AuthInfo {
  readonly scheme: string;
  readonly credentials: string;
}

/** Everything that a {@link Session} needs, defaults filled in. */
export interface SessionOptions {
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

/** The first wait after a pass over all members in vain; it doubles from there. */
export const backoffBaseMs = 100;

/** The longest wait between passes: how late a returning ensemble is noticed. */
export const backoffMaxMs = 2_000;

/** A connection that ends sooner was no success: its end counts towards the back-off. */
export const stableConnectionMs = 1_000;

/** How long `close` waits for the server to confirm the end of the session. */
export const closeTimeoutMs = 1_000;

/** How a visit to one member ended. */
type Visit =
  /** No session could be had there. `hungUp`: it took the connection and closed it without a word. */
  | { readonly kind: "unreachable"; readonly reason: string; readonly hungUp: boolean }
  | { readonly kind: "expired" }
  | { readonly kind: "lost"; readonly reason: string; readonly lastedMs: number }
  | { readonly kind: "auth_failed"; readonly error: ZooKeeperError };

/** Keeps one connection to some member, and on it the session's operations and watches. */
export class Session {
  readonly #options: SessionOptions;
  readonly #rotation: Rotation;
  readonly #backoff: Backoff;
  readonly #operations = new Operations();
  readonly #watchers = new Watchers();
  readonly #stop = new AbortController();
  readonly #connectWaiters = new Set<PromiseWithResolvers<void>>();
  #state: ZooKeeperState = "connecting";
  #identity = protocol.noSession;
  #timeoutMs: number;
  #lastZxid = 0n;
  #lastXid = 0;
  /** The connection that the session lives on, while there is one. */
  #connection: Connection | undefined;
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
  }

  get state(): ZooKeeperState {
    return this.#state;
  }

  /** 0 while there is none. */
  get id(): bigint {
    return this.#identity.id;
  }

  /** What was asked for until a server has granted something else. */
  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** Starts the loop if need be, and resolves when connected. See `ZooKeeperClient.connect`. */
  async connect(timeoutMs: number): Promise<void> {
    const refusal = this.#refusal("connect");
    if (refusal !== undefined) throw refusal;
    this.#loop ??= this.#run();
    if (this.#connection !== undefined) return;
    const waiter = Promise.withResolvers<void>();
    this.#connectWaiters.add(waiter);
    const timer = this.#options.clock.after(timeoutMs, () => {
      const why = this.#connectFailure === undefined ? "" : `. ${this.#connectFailure.message}`;
      waiter.reject(
        new ZooKeeperError(
          "OPERATION_TIMEOUT",
          `Cannot connect to ZooKeeper at ${this.#members()} within ${timeoutMs} ms${why}`,
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

  /** The number for the next request: positive, wrapping round. */
  nextXid(): number {
    this.#lastXid = this.#lastXid % 0x7fffffff + 1;
    return this.#lastXid;
  }

  /** Sends an operation, now or when connected again. */
  submit(operation: Operation): void {
    const refusal = this.#refusal(operation.action);
    if (refusal !== undefined) return operation.fail(refusal);
    this.#operations.add(operation);
    this.#sendWaiting();
  }

  /** Registers a watcher. To be called while the answer of the read that asked for it is being taken. */
  watch(kind: WatchKind, serverPath: string, watcher: Watcher): void {
    this.#watchers.add(kind, serverPath, watcher);
  }

  /** See `ZooKeeperClient.close`. */
  close(): Promise<void> {
    return this.#closing ??= this.#shutDown();
  }

  async #shutDown(): Promise<void> {
    this.#operations.failUnsent(closedError);
    for (const waiter of this.#connectWaiters) waiter.reject(closedError("connect"));
    await this.#endSession();
    this.#stop.abort(closedError("go on"));
    await this.#loop;
    this.#operations.failSent(closedError);
    this.#watchers.takeAll();
    this.#setState("closed");
  }

  /** Tells the server that the session is over, so that its ephemeral nodes go at once. */
  async #endSession(): Promise<void> {
    if (this.#connection === undefined) return;
    const answered = Promise.withResolvers<void>();
    const xid = this.nextXid();
    this.#operations.add({
      xid,
      frame: protocol.encodeCloseSession(xid),
      action: "close the session",
      reply: () => answered.resolve(),
      fail: () => answered.resolve(),
    });
    this.#sendWaiting();
    const timer = this.#options.clock.after(closeTimeoutMs, answered.resolve);
    await answered.promise;
    timer.cancel();
  }

  /** Visits member after member until closed. Never rejects. */
  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    while (!this.#stop.signal.aborted && this.#authFailure === undefined) {
      const member = this.#rotation.next();
      const visit = await this.#visit(member);
      if (this.#stop.signal.aborted) return;
      log.debug("Left a ZooKeeper member", { member: formatMember(member), ...visit });
      const delayMs = this.#conclude(member, visit);
      if (delayMs > 0) await sleep(clock, delayMs, this.#stop.signal);
    }
  }

  /** Draws the consequences of a visit, and says how long to wait before the next. */
  #conclude(member: Member, visit: Visit): number {
    switch (visit.kind) {
      case "unreachable": {
        if (visit.hungUp) this.#noteHangUp();
        const failure = this.#rotation.failed(member, visit.reason);
        if (failure === undefined) return 0;
        this.#connectFailure = failure;
        this.#guarded(() => this.#options.onConnectFailure(failure));
        return this.#backoff.next();
      }
      case "expired":
        this.#expire();
        // Many clients expire together after an outage; the jitter spreads their new sessions.
        return this.#backoff.next();
      case "lost":
        if (visit.lastedMs < stableConnectionMs) return this.#backoff.next();
        this.#backoff.reset();
        return 0;
      case "auth_failed":
        this.#authFailure = visit.error;
        this.#operations.failUnsent(() => visit.error);
        for (const waiter of this.#connectWaiters) waiter.reject(visit.error);
        this.#setState("auth_failed");
        return 0;
    }
  }

  /** Connects to a member, and stays for as long as the connection lasts. Never rejects. */
  async #visit(member: Member): Promise<Visit> {
    const { clock, tls, frameBytesMax } = this.#options;
    const attempt = new AbortController();
    const stop = () => attempt.abort(this.#stop.signal.reason);
    this.#stop.signal.addEventListener("abort", stop, { once: true });
    const limitMs = this.#handshakeLimitMs();
    const limit = clock.after(limitMs, () => {
      attempt.abort(new ZooKeeperError("CONNECTION_LOSS", `no answer within ${limitMs} ms`));
    });
    let connection: Connection | undefined;
    try {
      connection = await Connection.open(member, {
        clock,
        tls,
        frameBytesMax,
        signal: attempt.signal,
      });
      connection.send(
        protocol.encodeConnect(this.#identity, this.#lastZxid, this.#options.sessionTimeoutMs),
      );
      const frames = connection.frames();
      const first = await frames.next();
      limit.cancel();
      if (first.done) {
        return {
          kind: "unreachable",
          hungUp: true,
          reason: "hung up without an answer: it is not serving, or its data is older than ours",
        };
      }
      const granted = protocol.decodeConnect(new JuteReader(first.value));
      this.#rotation.succeeded();
      this.#hungUpSince = undefined;
      if (granted.timeoutMs <= 0) return { kind: "expired" };
      this.#identity = granted;
      this.#timeoutMs = granted.timeoutMs;
      return await this.#live(connection, frames, attempt);
    } catch (error) {
      return { kind: "unreachable", hungUp: false, reason: messageOf(error) };
    } finally {
      limit.cancel();
      this.#stop.signal.removeEventListener("abort", stop);
      connection?.close();
    }
  }

  /** Lives on a connection that has taken the session up. Never rejects. */
  async #live(
    connection: Connection,
    frames: AsyncGenerator<Uint8Array, void>,
    attempt: AbortController,
  ): Promise<Visit> {
    const { clock } = this.#options;
    const startedAt = clock.now();
    const heartbeat = startHeartbeat({
      clock,
      connection,
      sessionTimeoutMs: this.#timeoutMs,
      onSilent: (silentMs) => {
        attempt.abort(
          new ZooKeeperError("CONNECTION_LOSS", `silent for ${Math.round(silentMs)} ms`),
        );
      },
    });
    let reason = "the server ended the connection";
    try {
      this.#takeUp(connection);
      for await (const frame of frames) this.#receive(frame);
    } catch (error) {
      if (error instanceof ZooKeeperError && error.code === "AUTH_FAILED") {
        return { kind: "auth_failed", error };
      }
      // Who asked for more than fits must learn it, or would ask again for ever.
      if (error instanceof ZooKeeperError && error.code === "FRAME_TOO_LARGE") {
        this.#operations.failNext(error);
      }
      reason = messageOf(error);
    } finally {
      heartbeat.cancel();
      this.#connection = undefined;
      this.#lastContactAt = connection.lastReceivedAt;
      this.#operations.failSent((action) =>
        new ZooKeeperError("CONNECTION_LOSS", `Cannot ${action}: connection lost (${reason})`)
      );
      if (this.#closing === undefined) this.#setState("suspended");
    }
    return { kind: "lost", reason, lastedMs: clock.now() - startedAt };
  }

  /**
   * Brings the session to a new connection: who we are first, since the server judges each request by what
   * it knows by then; then the watches, so that no event falls between them and what is read next; then
   * what has waited.
   */
  #takeUp(connection: Connection): void {
    for (const { scheme, credentials } of this.#options.auth) {
      connection.send(protocol.encodeAuth(scheme, credentials));
    }
    for (const chunk of this.#watchers.chunks()) {
      connection.send(protocol.encodeSetWatches(this.#lastZxid, chunk));
    }
    this.#connection = connection;
    this.#sendWaiting();
    this.#connectFailure = undefined;
    for (const waiter of this.#connectWaiters) waiter.resolve();
    this.#setState("connected");
  }

  #sendWaiting(): void {
    if (this.#connection === undefined) return;
    for (const frame of this.#operations.takeUnsent()) this.#connection.send(frame);
  }

  #receive(frame: Uint8Array): void {
    const reader = new JuteReader(frame);
    const { xid, zxid, error } = protocol.decodeReplyHeader(reader);
    switch (xid) {
      case protocol.Xid.ping:
        return;
      case protocol.Xid.auth:
        if (error !== 0) {
          throw new ZooKeeperError("AUTH_FAILED", "ZooKeeper does not accept the credentials");
        }
        return;
      case protocol.Xid.setWatches:
        if (error !== 0) throw serverError(error, "set the watches again");
        return;
      case protocol.Xid.notification:
        return this.#notify(protocol.decodeNotification(reader));
      default: {
        const operation = this.#operations.takeAnswered(xid);
        if (zxid > 0n) this.#lastZxid = zxid;
        operation.reply(error, reader);
      }
    }
  }

  #notify(event: { readonly type: protocol.ServerEventType; readonly path: string }): void {
    const watchers = this.#watchers.take(event.type, event.path);
    this.#tell(watchers, { type: event.type, path: this.#userPath(event.path) });
  }

  /** The session is over: whoever counted on it is told, and the next connection asks for a new one. */
  #expire(): void {
    this.#identity = protocol.noSession;
    this.#lastZxid = 0n;
    this.#hungUpSince = undefined;
    this.#operations.failUnsent((action) =>
      new ZooKeeperError("SESSION_EXPIRED", `Cannot ${action}: the ZooKeeper session has expired`)
    );
    const lost = this.#watchers.takeAll();
    this.#setState("expired");
    for (const [path, watchers] of lost) {
      this.#tell(watchers, { type: "lost", path: this.#userPath(path) });
    }
    if (this.#closing === undefined) this.#setState("connecting");
  }

  /**
   * A server whose data is older than what this session has seen hangs up without a word: a member that
   * lags, and then another one serves us, or all of them since their data was wiped or restored. A member
   * that is starting hangs up too, so the session is given up only when its time is over and the hang-ups
   * have lasted for half of it.
   */
  #noteHangUp(): void {
    if (this.#identity.id === 0n) return;
    const now = this.#options.clock.now();
    this.#hungUpSince ??= now;
    const overdue = now - this.#lastContactAt > this.#timeoutMs;
    if (overdue && now - this.#hungUpSince > this.#timeoutMs / 2) this.#expire();
  }

  /**
   * How long one member may take to open a connection and take up the session. While the session can
   * still be saved elsewhere, one member gets at most a third of the session's time.
   */
  #handshakeLimitMs(): number {
    const { clock, connectTimeoutMs } = this.#options;
    const savable = this.#identity.id !== 0n && this.#rotation.size > 1 &&
      clock.now() - this.#lastContactAt < this.#timeoutMs;
    return savable ? Math.min(connectTimeoutMs, this.#timeoutMs / 3) : connectTimeoutMs;
  }

  /** Why nothing can be done any more, if so. */
  #refusal(action: string): ZooKeeperError | undefined {
    if (this.#closing !== undefined) return closedError(action);
    return this.#authFailure;
  }

  #setState(state: ZooKeeperState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#guarded(() => this.#options.onState(state));
  }

  #tell(watchers: Iterable<Watcher>, event: WatchEvent): void {
    for (const watcher of watchers) this.#guarded(() => watcher(event));
  }

  /** Runs somebody else's code: what it throws must not end the loop. */
  #guarded(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#options.log.error("A ZooKeeper callback threw", { error });
    }
  }

  #userPath(serverPath: string): string {
    return fromServerPath(this.#options.address.chroot, serverPath);
  }

  #members(): string {
    return this.#options.address.members.map(formatMember).join(",");
  }
}

function closedError(action: string): ZooKeeperError {
  return new ZooKeeperError("CLOSED", `Cannot ${action}: the ZooKeeper client is closed`);
}
