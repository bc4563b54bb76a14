import { isOutOfHandles, type RpcError } from "../../base/errors.ts";
import {
  certificateGraceMs,
  formerConnectionsMax,
  hastyReconnectMs,
  heartbeatTimeoutMs,
  sideConnectionPauseMs,
} from "../../base/limits.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import type { Call } from "../call.ts";
import { Connection } from "../connection.ts";
import type { Duplex, Target } from "../transport.ts";
import { Dial } from "./dial.ts";
import type { Dialer, DialPlaces } from "./dial_places.ts";
import type { EndpointDependencies } from "../endpoints/endpoint_types.ts";
import type { HostPace } from "./host_pace.ts";
import type { Patience } from "./patience.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Idempotence } from "./idempotence.ts";
import { certificateMarginMs } from "../endpoints/limits.ts";

/** After this many doublings an attempt's own time limits end it first. */
const patienceDoublingsMax = 5;

/** Where a link leads, and how long it may take. */
interface LinkOptions {
  readonly address: string;
  /** Called at each turn: the registry may list another instance meanwhile. */
  readonly target: () => Target;
  /** Attempts in a row that have failed before. */
  readonly failures: number;
  /** Whether this is the first attempt at the server. */
  readonly isFirst: boolean;
}

/** What bounds all links of a client. */
interface LinkBounds {
  readonly pace: HostPace;
  readonly patience: Patience;
  readonly places: DialPlaces;
}

/** The events of a link. None may throw. `failed` and `lost` are the last ones. */
interface LinkEvents {
  /** The server has answered on it. */
  ready(connection: Connection, idempotence: Idempotence): void;
  /** It did not get ready, for this reason. */
  failed(error: unknown): void;
  /** The connection of a ready link was lost. */
  lost(reason: string): void;
  /** A call that was sent on it has ended. */
  ended(call: Call, error: RpcError | undefined, connection: Connection): void;
  /** The server asked that new calls go elsewhere. */
  drains(): void;
  /** The server has described its methods anew. */
  described(): void;
}

/** One connection to a server, from waiting for its turn to its end. */
export class Link implements Dialer {
  readonly patienceMs: number;
  readonly #options: LinkOptions;
  readonly #dependencies: EndpointDependencies;
  readonly #host: string;
  readonly #pace: HostPace;
  readonly #patience: Patience;
  readonly #places: DialPlaces;
  readonly #events: LinkEvents;
  /** Set while it has its turn. */
  #turn: { readonly dial: Dial; readonly abort: AbortController } | undefined;
  #connection: Connection | undefined;
  #timer: Timer | undefined;
  /** From when on a connection without an answer may be given up for another one. */
  #againAtMs: number | undefined;
  /** Set while it is ready. */
  #heartbeat: Heartbeat | undefined;
  #duplex: Duplex | undefined;
  #retireAtMs = Infinity;

  /** Takes its turn at once, or when there is a place. */
  constructor(
    options: LinkOptions,
    { pace, patience, places }: LinkBounds,
    dependencies: EndpointDependencies,
    events: LinkEvents,
  ) {
    this.patienceMs = hastyReconnectMs * 2 ** Math.min(options.failures, patienceDoublingsMax);
    this.#options = options;
    this.#host = options.target().host;
    this.#pace = pace;
    this.#patience = patience;
    this.#places = places;
    this.#dependencies = dependencies;
    this.#events = events;
    pace.enter(this.#host, this.#enter, options.isFirst);
  }

  /** Starts a second attempt, if it is time, because a call waits and no server is connected. */
  hurry(): boolean {
    const nowMs = this.#dependencies.clock.now();
    const dial = this.#turn?.dial;
    // A second attempt would take a handle from those that wait for their first.
    if (this.#places.isShort || dial === undefined) return false;
    const isUnanswered = this.#connection !== undefined && nowMs >= (this.#againAtMs ?? Infinity);
    if (!(isUnanswered || dial.mayHurry(nowMs)) || !this.#pace.take(this.#host)) return false;
    if (isUnanswered) this.#dialAgain();
    else dial.hurry();
    return true;
  }

  /** Whether its server may not be there any more. */
  get isInDoubt(): boolean {
    return this.#heartbeat?.isInDoubt === true;
  }

  /** Checks whether a server with pending calls, or also one without, still lives. */
  tick(alsoIdle: boolean): void {
    this.#heartbeat?.tick(alsoIdle);
  }

  /** Whether its certificates end so soon that another link should take its place. */
  isToRetire(): boolean {
    return this.#retireAtMs !== Infinity &&
        this.#dependencies.clock.wallTimeMs() >= this.#retireAtMs || this.#isStrange;
  }

  /** Whether that time is over, and its server takes no calls on it any more, or soon. */
  hasExpired(): boolean {
    const endMs = (this.#duplex?.usableToMs ?? Infinity) + certificateGraceMs / 2;
    return this.#retireAtMs !== Infinity && this.#dependencies.clock.wallTimeMs() >= endMs ||
      this.#isStrange;
  }

  get #isStrange(): boolean {
    return this.#duplex?.isStrange === true;
  }

  /** Whether no call is under way on it, or waits to be. */
  get isIdle(): boolean {
    return this.#connection?.isIdle ?? true;
  }

  /**
   * Begins anew where the server was reached and has not answered, once: what was sent may have
   * been lost as a network came back, and a server that is slow gets all of its time afterwards.
   */
  #dialAgain(): void {
    this.#againAtMs = Infinity;
    this.#stop();
    this.begin();
  }

  /** Closes everything. Calls under way fail as Cancelled, and no event follows. */
  close(): void {
    this.#pace.leave(this.#host, this.#enter);
    this.#places.leave(this);
    this.#stop();
  }

  /** The host may be tried. */
  readonly #enter = (): void => this.#places.enter(this);

  begin(): void {
    const { transport, clock } = this.#dependencies;
    const times = { clock, patience: this.#patience };
    const abort = new AbortController();
    const dial = new Dial(transport, this.#options.target(), times, abort.signal);
    this.#turn = { dial, abort };
    void this.#connect(dial, abort.signal);
  }

  takeBack(): void {
    this.#stop();
  }

  giveUp(): void {
    this.#stop();
    this.#failed(`no answer within ${this.patienceMs} ms, and others wait to be tried`);
  }

  async #connect(dial: Dial, signal: AbortSignal): Promise<void> {
    try {
      this.#probe(await dial.duplex, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#stop();
      if (isOutOfHandles(error)) this.#places.outOfHandles(this);
      else this.#failed(error);
    }
  }

  /**
   * A link is ready when the server has answered a ping: the kernel accepts connections even for a
   * process that hangs, and the port may belong to another program now. It also waits for the list
   * of idempotent methods, which comes with that answer: a call that is lost before could not be
   * sent again. A server that never sends the list is used without it after a while.
   */
  #probe(duplex: Duplex, signal: AbortSignal): void {
    const { clock, messageMax, later } = this.#dependencies;
    if (signal.aborted) return duplex.close();
    const isCurrent = (): boolean => this.#connection === connection;
    const connection: Connection = new Connection(duplex, this.#options.address, clock, {
      ended: (call, error) => this.#events.ended(call, error, connection),
      goaway: () => this.#heartbeat !== undefined && isCurrent() && this.#events.drains(),
      changed: () => idempotence.ask(connection),
      lost: (reason) => isCurrent() && this.#lost(reason),
    }, { messageMax, later });
    this.#connection = connection;
    this.#againAtMs ??= clock.now() + hastyReconnectMs;
    this.#duplex = duplex;
    let isAlive = false;
    const settle = (): unknown => isCurrent() && this.#ready(connection, idempotence);
    const idempotence = new Idempotence(clock, () => {
      if (isAlive && this.#heartbeat === undefined) settle();
      else if (this.#heartbeat !== undefined && isCurrent()) {
        this.#dependencies.serverChanged?.(this.#options.address, "described");
        this.#events.described();
      }
    });
    this.#timer = this.#patience.after(heartbeatTimeoutMs, () => {
      if (isAlive) settle();
      else connection.abandon("it does not answer");
    });
    connection.ping(() => {
      isAlive = true;
      if (idempotence.isKnown) settle();
    });
    idempotence.ask(connection);
  }

  #ready(connection: Connection, idempotence: Idempotence): void {
    this.#timer?.cancel();
    this.#heartbeat = new Heartbeat(connection);
    this.#turn = undefined;
    this.#retireAtMs = this.#timeToRetire();
    this.#places.connected(this);
    if (this.#options.isFirst) this.#pace.giveBack(this.#host);
    this.#events.ready(connection, idempotence);
  }

  /** Who comes with keys that end at once comes with the same ones again: the server decides. */
  #timeToRetire(): number {
    const { clock, random } = this.#dependencies;
    const nowMs = clock.wallTimeMs();
    const endMs = this.#duplex?.usableToMs ?? Infinity;
    if (endMs <= nowMs || endMs === Infinity) return Infinity;
    const early = endMs - certificateMarginMs * (1 + random()) / 2;
    return early > nowMs ? early : endMs;
  }

  #lost(reason: string): void {
    const wasReady = this.#heartbeat !== undefined;
    this.#stop();
    if (!wasReady) return this.#failed(reason);
    this.#places.leave(this);
    this.#events.lost(reason);
  }

  #failed(error: unknown): void {
    this.#places.leave(this);
    this.#events.failed(error);
  }

  /** Ends whatever is under way, without an event. */
  #stop(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#heartbeat = undefined;
    this.#turn?.abort.abort();
    this.#turn = undefined;
    this.#timer?.cancel();
    connection?.close();
  }
}

/**
 * The links that an endpoint has beside the one in use: a next one, tried while that one is silent
 * or because its certificates end soon, and former ones, each as long as calls wait for answers on
 * it: some may run for hours, and more outages may come meanwhile.
 *
 * TCP finds out that the way to a server is there again only when it sends the next time, and it
 * waits twice as long each time. A new connection is answered at once.
 */
export class SideLinks {
  readonly #connect: () => Link;
  readonly #clock: Clock;
  #next: Link | undefined;
  readonly #former = new Set<Link>();
  /** Before this no link is tried: the last one was made for nothing, or has just come into use. */
  #pauseToMs = 0;

  /** @param connect makes a link to the same server */
  constructor(connect: () => Link, clock: Clock) {
    this.#connect = connect;
    this.#clock = clock;
  }

  /** Tries a next link in place of a silent one, or hurries it, unless there were too many. */
  hurry(nowMs: number): boolean {
    if (this.#next !== undefined) return this.#next.hurry();
    if (nowMs < this.#pauseToMs || this.#former.size >= formerConnectionsMax) return false;
    this.#next = this.#connect();
    return true;
  }

  /** Tries a next link in place of one that is good for a while yet. */
  renew(): void {
    if (this.#next !== undefined || this.#clock.now() < this.#pauseToMs) return;
    this.#pause();
    this.#next = this.#connect();
  }

  /** The link in use is good, or the next one is not. */
  dropNext(): void {
    const next = this.takeNext();
    if (next === undefined) return;
    this.#pause();
    next.close();
  }

  /** The next link has come into use in the place of this one. */
  replaced(link: Link): void {
    this.takeNext();
    this.#pause();
    this.retire(link);
  }

  #pause(): void {
    this.#pauseToMs = this.#clock.now() + sideConnectionPauseMs;
  }

  /** Looks after former links. Called every `heartbeatTickMs`. */
  tick(): void {
    if (this.#former.size === 0) return;
    for (const link of this.#former) {
      link.tick(true);
      if (!link.isIdle) continue;
      this.#former.delete(link);
      link.close();
    }
  }

  isNext(link: Link): boolean {
    return link === this.#next;
  }

  /** Takes the next link out of here, whether it is ready or not. */
  takeNext(): Link | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }

  /** Whether no call is under way on the former links. */
  get areIdle(): boolean {
    return [...this.#former].every((link) => link.isIdle);
  }

  /** Keeps a link that is not used any more until its calls have ended. */
  retire(link: Link): void {
    this.#former.add(link);
  }

  /** Forgets a link that has ended. Returns whether it was here. */
  delete(link: Link): boolean {
    if (link !== this.#next) return this.#former.delete(link);
    this.#next = undefined;
    return true;
  }

  /** Closes all. Calls under way fail as Cancelled. */
  close(): void {
    this.takeNext()?.close();
    for (const link of this.#former) link.close();
    this.#former.clear();
  }
}
