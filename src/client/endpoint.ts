import { Backoff } from "../base/backoff.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { messageOf, type RpcError } from "../base/errors.ts";
import { connectTimeoutMs, heartbeatTimeoutMs } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import { addressOf, type Instance } from "../discovery/discovery.ts";
import type { Candidate } from "./balancer.ts";
import type { Call, Done } from "./call.ts";
import { Connection } from "./connection.ts";
import { Ejection } from "./ejection.ts";
import { Heartbeat } from "./heartbeat.ts";
import { MethodLatencies } from "./latency.ts";
import type { Duplex, Transport } from "./transport.ts";

/** What every endpoint of a client shares. */
export interface EndpointDependencies {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Whoever holds the endpoints: is told when one may have become more or less useful. */
export interface EndpointOwner {
  /** The endpoint's rank, or whether it is closed, may have changed. */
  changed(endpoint: Endpoint): void;
  /** Calls to it end at their deadlines, one after the other. The owner may {@link Endpoint.eject} it. */
  suspected(endpoint: Endpoint): void;
}

/**
 * How an endpoint is used: `preferred` ones take the calls; a `fallback` (not listed any more, ejected
 * or draining) takes them when there is no other; an `unusable` one has no connection.
 */
export type Rank = "preferred" | "fallback" | "unusable";

/**
 * The life of an endpoint:
 *
 *     connecting ──answers a ping──▶ ready ──goaway──▶ draining
 *      ▲      │                        │                  │
 *      │   refused, silent            lost               lost
 *      │      ▼                        ▼                  ▼
 *      └── waiting ◀──── still listed ─┴──────────────────┴── not listed ──▶ closed
 */
type State =
  | { readonly kind: "connecting"; readonly abort: AbortController }
  | { readonly kind: "ready"; readonly connection: Connection; readonly heartbeat: Heartbeat }
  | { readonly kind: "draining"; readonly connection: Connection; readonly heartbeat: Heartbeat }
  | { readonly kind: "waiting"; readonly timer: Timer }
  | { readonly kind: "closed" };

const reconnectBackoff = { baseMs: 50, maxMs: 5_000 };

/** Methods that one endpoint is remembered to lack. Past it it is asked again, which is only slower. */
const lackingMax = 256;

/** An instance as this client sees it: one address, at most one connection, and what is known of it. */
export class Endpoint implements Candidate {
  readonly address: string;
  readonly #dependencies: EndpointDependencies;
  readonly #owner: EndpointOwner;
  readonly #latencies = new MethodLatencies();
  readonly #backoff: Backoff;
  readonly #ejection: Ejection;
  #instance: Instance;
  #listed = true;
  #state: State;
  #lacking = new Set<string>();
  #lastFailure: string | undefined;
  #usedAtMs = -Infinity;

  constructor(instance: Instance, owner: EndpointOwner, dependencies: EndpointDependencies) {
    this.address = addressOf(instance);
    this.#instance = instance;
    this.#owner = owner;
    this.#dependencies = dependencies;
    this.#backoff = new Backoff(dependencies.random, reconnectBackoff);
    this.#ejection = new Ejection(dependencies.clock, () => owner.changed(this));
    this.#state = this.#connecting();
  }

  /** The position in its owner's list of the same rank. Kept here so that moving costs the same in any list. */
  index = -1;
  /** The rank of the list that {@link index} is in. */
  listedAs: Rank = "unusable";

  get instance(): Instance {
    return this.#instance;
  }

  get weight(): number {
    return this.#instance.weight;
  }

  get usedAtMs(): number {
    return this.#usedAtMs;
  }

  get inFlight(): number {
    const state = this.#state;
    return state.kind === "ready" || state.kind === "draining" ? state.connection.inFlight : 0;
  }

  /** Why it has no connection, for people. `undefined` if nothing went wrong yet. */
  get lastFailure(): string | undefined {
    return this.#lastFailure;
  }

  /** Whether the registry lists it. */
  get isListed(): boolean {
    return this.#listed;
  }

  get isClosed(): boolean {
    return this.#state.kind === "closed";
  }

  /** Whether its very first connection attempt is under way: nothing speaks against it yet. */
  get isUntried(): boolean {
    return this.#state.kind === "connecting" && this.#lastFailure === undefined;
  }

  get isDraining(): boolean {
    return this.#state.kind === "draining";
  }

  get isEjected(): boolean {
    return this.#ejection.isActive;
  }

  get rank(): Rank {
    const { kind } = this.#state;
    if (kind === "draining") return "fallback";
    if (kind !== "ready") return "unusable";
    return this.#listed && !this.#ejection.isActive ? "preferred" : "fallback";
  }

  latencyOf(method: string, nowMs: number): number {
    return this.#latencies.valueAt(method, nowMs);
  }

  /** The registry lists it (again), maybe as a new instance at the same address. */
  list(instance: Instance): void {
    if (instance.id !== this.#instance.id) {
      // A restarted server owes nothing to its predecessor, and need not be waited for.
      this.#lacking.clear();
      this.#ejection.forget();
      this.#backoff.reset();
      if (this.#state.kind === "waiting") this.#reconnect(this.#state.timer);
    }
    this.#instance = instance;
    this.#listed = true;
    this.#owner.changed(this);
  }

  /** The registry does not list it any more. That only demotes it: its connection says when it is gone. */
  unlist(): void {
    this.#listed = false;
    if (this.#state.kind === "waiting" || this.#state.kind === "connecting") this.close();
    else this.#owner.changed(this);
  }

  /** The server said that it does not offer the method: {@link offers} is `false` from now on. */
  lacks(method: string): void {
    if (this.#lacking.size >= lackingMax) this.#lacking.clear();
    this.#lacking.add(method);
  }

  /** Whether it may offer the method, as far as is known. */
  offers(method: string): boolean {
    return this.#lacking.size === 0 || !this.#lacking.has(method);
  }

  /** Sends a call on its connection. Only for one whose {@link rank} is not `unusable`. */
  send(call: Call, nowMs: number, done: Done): void {
    const state = this.#state;
    if (state.kind !== "ready" && state.kind !== "draining") {
      throw new Error(`Cannot send to ${this.address}: it is ${state.kind}`);
    }
    call.endpoint = this;
    call.attempts++;
    call.sentAtMs = nowMs;
    this.#usedAtMs = nowMs;
    state.connection.send(call, (error, result) => {
      call.sentAtMs = undefined;
      // How long a stream takes is its caller's doing as well.
      if (call.stream !== undefined && call.stream.received > 0) this.#ejection.answered();
      else this.#judge(call.method, error, nowMs, state.connection);
      done(error, result);
    });
  }

  /** A call of a method, sent at `sentAtMs`, that it was working on, has ended at its deadline. */
  timedOut(method: string, sentAtMs: number): void {
    const nowMs = this.#dependencies.clock.now();
    this.#latencies.of(method).observe(nowMs - sentAtMs, nowMs);
    if (this.#ejection.timedOut() && this.rank === "preferred") this.#owner.suspected(this);
  }

  /** Takes it out of the preferred ones for a while. Only for one that is not ejected. */
  eject(): void {
    const durationMs = this.#ejection.start();
    this.#dependencies.log.warn("Ejected a server whose calls end at their deadlines", {
      server: this.address,
      durationMs,
    });
    this.#owner.changed(this);
  }

  /** Looks whether a server with calls pending is still there. Called every `heartbeatBeatMs`. */
  beat(): void {
    const state = this.#state;
    if (state.kind !== "ready" && state.kind !== "draining") return;
    state.heartbeat.beat(this.rank === "fallback");
  }

  /** Lets go of everything. Calls under way fail as Cancelled. */
  close(): void {
    const state = this.#state;
    if (state.kind === "closed") return;
    this.#state = { kind: "closed" };
    this.#ejection.forget();
    // First of all, so that whoever hears of a call's end does not find it.
    this.#owner.changed(this);
    switch (state.kind) {
      case "connecting":
        state.abort.abort();
        break;
      case "ready":
      case "draining":
        state.connection.close();
        break;
      case "waiting":
        state.timer.cancel();
        break;
    }
  }

  /** What the end of a call says of the server. An early error is no latency: failing fast is no merit. */
  #judge(
    method: string,
    error: RpcError | undefined,
    sentAtMs: number,
    connection: Connection,
  ): void {
    if (error === undefined) {
      const nowMs = connection.receivedAtMs;
      this.#latencies.of(method).observe(nowMs - sentAtMs, nowMs);
      this.#ejection.answered();
    } else if (error.name === "DeadlineExceeded") {
      this.timedOut(method, sentAtMs);
    } else if (error.name === "Draining") {
      this.#drains(connection);
    } else if (error.executed === "yes") {
      this.#ejection.answered();
    } else if (error.name === "Overloaded" || error.name === "WorkerLost") {
      this.#latencies.of(method).penalize(this.#dependencies.clock.now());
      // Too much to do is no fault: without this server the others had even more.
      if (error.name === "Overloaded") this.#ejection.answered();
    }
  }

  /** Starts a connection attempt. */
  #connecting(): State {
    const abort = new AbortController();
    void this.#connect(abort);
    return { kind: "connecting", abort };
  }

  async #connect(abort: AbortController): Promise<void> {
    const { clock, transport } = this.#dependencies;
    let reason = `no connection within ${connectTimeoutMs} ms`;
    const timer = clock.after(connectTimeoutMs, () => abort.abort());
    try {
      const duplex = await transport.connect(this.#instance, abort.signal);
      if (abort.signal.aborted) duplex.close();
      else return this.#probe(duplex, abort);
    } catch (error) {
      if (!abort.signal.aborted) reason = messageOf(error);
    } finally {
      timer.cancel();
    }
    this.#failed(abort, reason);
  }

  /**
   * A connection counts when the server has answered on it: the kernel accepts connections for a
   * process that hangs, and a port may belong to another program by now.
   */
  #probe(duplex: Duplex, abort: AbortController): void {
    const { clock } = this.#dependencies;
    const connection = new Connection(duplex, this.address, clock, {
      goaway: () => this.#drains(connection),
      lost: (reason) => {
        timer.cancel();
        this.#lost(connection, abort, reason);
      },
    });
    const timer = clock.after(heartbeatTimeoutMs, () => connection.abandon("it does not answer"));
    abort.signal.addEventListener("abort", () => {
      timer.cancel();
      if (this.#state.kind === "closed") connection.close();
    });
    connection.ping(() => {
      timer.cancel();
      if (this.#state.kind === "connecting" && this.#state.abort === abort) this.#ready(connection);
      else connection.close();
    });
  }

  #ready(connection: Connection): void {
    this.#backoff.reset();
    this.#lastFailure = undefined;
    // It may be another process than the one before, which offers other methods.
    this.#lacking.clear();
    const kind = connection.wentAway ? "draining" : "ready";
    this.#state = { kind, connection, heartbeat: new Heartbeat(connection) };
    this.#dependencies.log.debug("Connected", { server: this.address });
    this.#owner.changed(this);
  }

  /** The server said so, or refused a call for it. */
  #drains(connection: Connection): void {
    const state = this.#state;
    if (state.kind !== "ready" || state.connection !== connection) return;
    this.#state = { ...state, kind: "draining" };
    this.#dependencies.log.debug("A server drains", { server: this.address });
    this.#owner.changed(this);
  }

  #lost(connection: Connection, abort: AbortController, reason: string): void {
    const state = this.#state;
    if (state.kind === "connecting") return this.#failed(abort, reason);
    if (state.kind !== "ready" && state.kind !== "draining") return;
    if (state.connection !== connection) return;
    this.#dependencies.log.debug("Lost a server", { server: this.address, reason });
    this.#failed(undefined, reason);
  }

  /** The connection, or the attempt to make one, has failed. */
  #failed(abort: AbortController | undefined, reason: string): void {
    const state = this.#state;
    if (state.kind === "closed") return;
    if (abort !== undefined && (state.kind !== "connecting" || state.abort !== abort)) return;
    this.#lastFailure = reason;
    if (!this.#listed) {
      this.#state = { kind: "closed" };
      this.#ejection.forget();
    } else {
      const timer = this.#dependencies.clock.after(this.#backoff.next(), () => {
        if (this.#state.kind === "waiting") this.#reconnect(timer);
      });
      this.#state = { kind: "waiting", timer };
    }
    this.#owner.changed(this);
  }

  #reconnect(timer: Timer): void {
    timer.cancel();
    this.#state = this.#connecting();
  }
}
