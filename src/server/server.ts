import { type Clock, sleep, type Timer } from "../base/clock.ts";
import { messageOf, RpcError } from "../base/errors.ts";
import {
  connectionsMaxDefault,
  connectionsShareOfAddress,
  messageMaxDefault,
} from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import type { Tracer } from "../base/tracer.ts";
import type { Matcher } from "../base/names/patterns.ts";
import { addressOf, type HostPort } from "../base/names/host_port.ts";
import { acceptRetryMs, isLostConnection } from "../base/system/lost_connection.ts";
import type { Caller } from "../keys/caller.ts";
import type { AnyProcedures } from "../procedures/plain/plain_procedure.ts";
import type { Stats } from "../wire/reports/stats.ts";
import type { Pool } from "../workers/pool/pool.ts";
import { BoundedLines } from "./bounds/bounded_lines.ts";
import { CertificateEnds } from "./certificate_ends.ts";
import { type CallerGroup, Callers } from "./bounds/callers.ts";
import { Dispatcher, type DispatcherOptions } from "./dispatcher.ts";
import { formatRights } from "../keys/rights.ts";
import { type Audit, withAudit } from "./audit.ts";
import { Gate, type GateOptions } from "./gate.ts";
import { type Accepted, type Listener, listenTcp } from "./listener.ts";
import { NamedCallers } from "./named_callers.ts";
import { LookedTime } from "./bounds/looked_time.ts";
import { Refusals } from "./bounds/refusals.ts";
import { Session } from "./session/session.ts";
import { type SessionLimits, sessionLimitsFor } from "./bounds/session_limits.ts";
import { ToldLoads } from "./told_loads.ts";
import { memoryWarning, Shared, type SharedLimits, sharedLimitsFor } from "./bounds/shared.ts";
import { refuseTap, Taps, withTaps } from "./tap/taps.ts";
import { type RequestTaker, withServerSpans } from "./tracing.ts";

/** What {@link RpcServer.listen} takes. */
export interface RpcServerOptions {
  readonly host: string;
  /** 0 means any free port; {@link RpcServer.address} tells which. */
  readonly port: number;
  /** Procedures of kind `inline`, which run in this process; others come from the pool. */
  readonly procedures: AnyProcedures;
  /** Runs procedures that are not inline. The server does not close it. */
  readonly pool?: Pool;
  /** The service's name. */
  readonly service: string;
  /** The version of the service, for `rpc.discover` and `rpc.stats`. */
  readonly version: string;
  /** Most connections; more are answered Overloaded and closed. @default connectionsMaxDefault */
  readonly connectionsMax?: number;
  /** Longest message that is taken and sent, in bytes. @default messageMaxDefault */
  readonly messageMax?: number | undefined;
  /** Bounds of each connection. @default sessionLimitsDefault */
  readonly limits?: Partial<SessionLimits>;
  /** Bounds of all connections together. @default what {@link sharedLimitsFor} says */
  readonly sharedLimits?: SharedLimits;
  /** Longest deadline that a call gets. @default callTimeoutMaxMsDefault */
  readonly callTimeoutMaxMs?: number | undefined;
  /** Whether `rpc.tap` lets others listen to the calls. @default true */
  readonly tap?: boolean | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** The source of connections. @default TCP at `host` and `port` */
  readonly listener?: Listener | undefined;
  /** The server's name, for callers that greet it. @default none */
  readonly name?: string | undefined;
  /** The names of callers with keys that may call. @default all */
  readonly isWelcome?: Matcher | undefined;
  /** A secret that callers must know, with or without keys. @default none */
  readonly secret?: string | undefined;
  /** Takes each call that has ended. @default none */
  readonly audit?: Audit | undefined;
  /** Makes new certificates for callers. @default it cannot do that */
  readonly renew?: GateOptions["renew"];
  /** Answers `rpc.override`. @default there is no such method */
  readonly override?: DispatcherOptions["override"];
  /** Makes a span of each call. @default none */
  readonly tracer?: Tracer | undefined;
}

/** The times of {@link RpcServer.drain}. */
export interface DrainOptions {
  /** How long new calls are still served, while the clients learn of the drain. */
  readonly graceMs: number;
  /** How long the calls under way may take after that. */
  readonly timeoutMs: number;
}

/** How often each connection's peer is checked. */
const peerCheckPeriodMs = 1_000;

/** The caller on a server without keys that proves by the secret to be this user. */
const whoKnowsTheSecret: Caller = {
  name: "",
  rights: { call: ["*"], serve: false, admin: true, read: true },
};

/** Connections that are accepted at once: it takes half of a turn. */
const acceptsInTurn = 4;

/** Listens, and serves each connection in a {@link Session}. */
export class RpcServer {
  readonly #options: RpcServerOptions;
  readonly #limits: SessionLimits;
  readonly #listener: Listener;
  readonly #taps: Taps;
  readonly #dispatcher: Dispatcher;
  readonly #requests: RequestTaker;
  readonly #refusals: Refusals;
  readonly #refused: BoundedLines;
  readonly #come: BoundedLines;
  readonly #madeRoom: BoundedLines;
  readonly #callers = new NamedCallers();
  readonly #groups = new Callers();
  readonly #loads = new ToldLoads();
  readonly #shared: Shared;
  readonly #sessions = new Map<Session, Promise<void>>();
  readonly #ends: CertificateEnds;
  readonly #peerCheck: Timer;
  readonly #accepting: Promise<void>;
  readonly #closing = new AbortController();
  #isGoingAway = false;
  #isListenerClosed = false;

  private constructor(options: RpcServerOptions, listener: Listener) {
    const { clock, messageMax = messageMaxDefault, log } = options;
    this.#options = options;
    this.#limits = { ...sessionLimitsFor(messageMax), ...options.limits };
    this.#listener = listener;
    this.#taps = new Taps(clock);
    this.#dispatcher = new Dispatcher({
      ...options,
      tap: options.tap === false
        ? refuseTap
        : (request, reply, deadlineAtMs, { key }) =>
          this.#taps.open(request, reply, deadlineAtMs, key),
      connections: () => this.#sessions.size,
      loads: this.#loads,
    });
    this.#requests = this.#traced(this.#dispatcher);
    this.#refusals = new Refusals(clock);
    this.#refused = new BoundedLines(
      clock,
      (fields) => log.warn("Refused a caller", fields),
      (count) => log.warn("Refused more callers", { count }),
    );
    this.#come = new BoundedLines(
      clock,
      (fields) => log.info("A caller has come", fields),
      (count) => log.info("More callers have come", { count }),
    );
    this.#madeRoom = new BoundedLines(
      clock,
      (fields) => log.warn("Ended a connection to make room", fields),
      (count) => log.warn("Ended more connections to make room", { count }),
    );
    this.#ends = new CertificateEnds((from, { message }) =>
      this.#refused.add({ from, reason: message })
    );
    this.#shared = new Shared(
      clock,
      () => this.#sessions.size,
      { ...sharedLimitsFor(messageMax), ...options.sharedLimits },
      (fields) => this.#madeRoom.add(fields),
    );
    const warning = messageMax > messageMaxDefault ? memoryWarning(messageMax) : undefined;
    if (warning !== undefined) log.warn("Callers together may fill this machine's memory", warning);
    const lookedTime = new LookedTime(peerCheckPeriodMs);
    this.#peerCheck = clock.every(peerCheckPeriodMs, () => {
      const lookedAtMs = lookedTime.look(clock.now());
      const nowMs = clock.wallTimeMs();
      const cluster = listener.cluster?.();
      for (const session of this.#sessions.keys()) {
        session.checkPeer(lookedAtMs, this.#ends.farewellOf(session, nowMs, cluster));
      }
    });
    this.#accepting = this.#accept();
  }

  /**
   * Starts to listen and to serve.
   *
   * @throws {Error} if the address cannot be listened on; its `cause` says why
   */
  static listen(options: RpcServerOptions): RpcServer {
    const { host, port } = options;
    let listener: Listener;
    try {
      listener = options.listener ?? listenTcp(options);
    } catch (cause) {
      throw new Error(`Cannot listen on ${host} port ${port}: ${messageOf(cause)}`, { cause });
    }
    return new RpcServer(options, listener);
  }

  /** Where it listens. */
  get address(): HostPort {
    return this.#listener.addr;
  }

  /** The answer to `rpc.stats`. */
  stats(): Stats {
    return this.#dispatcher.stats();
  }

  /** Replaces the pool. The former pool answers the calls that it has. */
  usePool(pool: Pool): void {
    // Synchronously: a client that is told asks again, and none of its calls comes in between.
    if (!this.#dispatcher.usePool(pool)) return;
    for (const session of this.#sessions.keys()) session.changed();
  }

  /** Asks all clients, present and future ones, to send new calls elsewhere. */
  goaway(): void {
    this.#isGoingAway = true;
    for (const session of this.#sessions.keys()) session.goaway();
  }

  /**
   * Stops without failing calls of clients that obey `rpc.goaway`: sends that, serves on for the
   * grace period, then answers new calls Draining, finishes what runs, and closes. Resolves when it
   * is closed.
   */
  async drain({ graceMs, timeoutMs }: DrainOptions): Promise<void> {
    const { clock, log } = this.#options;
    this.goaway();
    await sleep(clock, graceMs, this.#closing.signal);
    this.#dispatcher.drain();
    const waited = new AbortController();
    const timeout = sleep(clock, timeoutMs, waited.signal);
    await Promise.race([this.#finish(), timeout]);
    if (this.#dispatcher.inFlight > 0) {
      log.warn("Stopped before all calls were done", { inFlight: this.#dispatcher.inFlight });
    }
    waited.abort();
    await this.close();
  }

  /** Closes everything at once, and cancels calls under way. Resolves when all has ended. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#closeListener();
    this.#peerCheck.cancel();
    this.#refusals.close();
    this.#refused.flush();
    this.#come.flush();
    this.#madeRoom.flush();
    for (const session of this.#sessions.keys()) session.close();
    await Promise.all([this.#accepting, ...this.#sessions.values()]);
  }

  async #finish(): Promise<void> {
    await this.#dispatcher.idle();
    // Taps never end by themselves, and from here on we wait for all calls to end.
    this.#taps.end();
    this.#closeListener();
    for (const session of this.#sessions.keys()) void session.finish();
    await Promise.all(this.#sessions.values());
  }

  async #accept(): Promise<void> {
    const { clock, log } = this.#options;
    let isFailing = false;
    let accepted = 0;
    while (true) {
      try {
        const next = await this.#listener.accept();
        // It was on its way as the listener was closed: nobody would end it any more.
        if (this.#isListenerClosed) return next.connection.close();
        this.#take(next);
        isFailing = false;
        // Lets connections that are open continue. New ones go before those that send much.
        if (++accepted % acceptsInTurn === 0) await this.#shared.turns.next(this, "begun");
      } catch (error) {
        if (this.#isListenerClosed) return;
        if (isLostConnection(error)) continue;
        if (!isFailing) log.error("Cannot accept connections", { reason: messageOf(error) });
        isFailing = true;
        await sleep(clock, acceptRetryMs, this.#closing.signal);
      }
    }
  }

  #take(accepted: Accepted): void {
    const { connection: conn, from, caller } = accepted;
    const { connectionsMax = connectionsMaxDefault } = this.#options;
    if (caller instanceof RpcError) {
      this.#refused.add({ from, reason: caller.message });
      void this.#refusals.refuse(conn, caller);
      return;
    }
    if (this.#sessions.size >= connectionsMax) {
      const message = `Cannot take the connection: ${connectionsMax} are open already`;
      void this.#refusals.refuse(conn, new RpcError("Overloaded", message));
      return;
    }
    const group = this.#groups.enter(from);
    const addressMax = Math.ceil(connectionsMax / connectionsShareOfAddress);
    if (group.connections > addressMax) {
      this.#groups.leave(from, group);
      const message = `Cannot take the connection: ${addressMax} of this address are open already`;
      void this.#refusals.refuse(conn, new RpcError("Overloaded", message));
      return;
    }
    this.#serve(accepted, caller, group);
  }

  #serve(
    { connection: conn, from }: Accepted,
    caller: Caller | undefined,
    group: CallerGroup,
  ): void {
    const { clock, log, audit } = this.#options;
    const requests = this.#requestsOf(caller);
    const audited = audit === undefined ? requests : withAudit(audit, clock, from, requests);
    if (caller !== undefined) {
      this.#come.add({ caller: caller.name, from, rights: formatRights(caller.rights) });
    }
    const session = new Session({
      conn,
      dispatcher: withTaps(this.#taps, from, audited),
      isStream: (method) => this.#dispatcher.isStream(method),
      caller: caller === undefined ? undefined : this.#callers.of(caller.name),
      group,
      peer: from,
      limits: this.#limits,
      shared: this.#shared,
      clock,
      log,
    });
    if (caller !== undefined && requests instanceof Gate) {
      this.#ends.add(session, from, caller, requests);
    }
    const ended = session.run().finally(() => {
      this.#sessions.delete(session);
      this.#ends.delete(session);
      this.#loads.forget(session);
      this.#groups.leave(from, group);
    });
    this.#sessions.set(session, ended);
    if (this.#isGoingAway) session.goaway();
  }

  /** The layers between a connection and the dispatcher. */
  #requestsOf(known: Caller | undefined): RequestTaker {
    const { service, name = "", isWelcome = () => true, secret, renew } = this.#options;
    const caller = known ?? (secret === undefined ? undefined : whoKnowsTheSecret);
    if (caller === undefined) return this.#requests;
    const next = this.#requests;
    return new Gate({ caller, service, server: name, isWelcome, secret, renew, next });
  }

  #traced(dispatcher: Dispatcher): RequestTaker {
    const { tracer, service } = this.#options;
    if (tracer === undefined) return dispatcher;
    return withServerSpans(tracer, service, addressOf(this.address), dispatcher);
  }

  #closeListener(): void {
    if (this.#isListenerClosed) return;
    this.#isListenerClosed = true;
    this.#listener.close();
  }
}
