import { Backoff } from "../../base/backoff.ts";
import type { Timer } from "../../base/clock.ts";
import { messageOf, type RpcError } from "../../base/errors.ts";
import { hastyReconnectMs } from "../../base/limits.ts";
import { addressOf } from "../../base/names/host_port.ts";
import type { Instance } from "../../discovery/discovery.ts";
import type { Call, Done } from "../call.ts";
import type { Connection } from "../connection.ts";
import type { DialPlaces } from "./dial_places.ts";
import { Ejection } from "./ejection.ts";
import type { EndpointDependencies, Priority } from "./endpoint_types.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { Idempotence } from "./idempotence.ts";
import type { HostPace } from "./host_pace.ts";
import { Link } from "./link.ts";
import type { Loads, MethodLoads } from "./loads.ts";
import { isRefusal, verdictOf } from "./verdict.ts";

/** Whoever holds the endpoints: is told when one may have become more or less useful. */
export interface EndpointOwner {
  /** Where what a pick looks at is kept. */
  readonly loads: Loads;
  /** When a host may be tried. */
  readonly pace: HostPace;
  /** Whose turn it is to be connected to. */
  readonly places: DialPlaces;
  /** Whether an instance is of another zone than the client. */
  isFar(instance: Instance): boolean;
  /** The endpoint's priority, or whether it is closed, may have changed. */
  changed(endpoint: Endpoint): void;
  /** Its calls end at their deadlines, one after the other: it may be {@link Endpoint.eject}ed. */
  suspected(endpoint: Endpoint): void;
}

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
  | { readonly kind: "connecting"; readonly link: Link }
  | {
    readonly kind: "ready" | "draining";
    readonly link: Link;
    readonly connection: Connection;
    readonly heartbeat: Heartbeat;
  }
  | { readonly kind: "waiting"; readonly timer: Timer; readonly hasteAtMs: number }
  | { readonly kind: "closed" };

const reconnectBackoff = { baseMs: 50, maxMs: 5_000 };

/** Past so many doublings an attempt's own time limits end it first. */
const patienceDoublingsMax = 5;

/** An instance as this client sees it: one address, one connection at most, what is known of it. */
export class Endpoint {
  readonly address: string;
  readonly #dependencies: EndpointDependencies;
  readonly #owner: EndpointOwner;
  readonly #backoff: Backoff;
  readonly #ejection: Ejection;
  #instance: Instance;
  #share = 1;
  #listed = true;
  /** Not before this is it taken for a new server again: none restarts as often as a list says. */
  #renewalAtMs = 0;
  #state: State;
  #lastFailure: string | undefined;
  #refusal: RpcError | undefined;
  /** Of the connection that was made last. */
  #idempotence: Idempotence | undefined;

  constructor(instance: Instance, owner: EndpointOwner, dependencies: EndpointDependencies) {
    this.address = addressOf(instance);
    this.#instance = instance;
    this.#owner = owner;
    this.#dependencies = dependencies;
    this.#backoff = new Backoff(dependencies.random, reconnectBackoff);
    this.#ejection = new Ejection(dependencies.clock, () => owner.changed(this));
    this.row = owner.loads.add(instance.weight);
    this.#state = this.#connecting();
  }

  /** Its row in {@link EndpointOwner.loads}, until it is closed. Nothing else writes to the row. */
  readonly row: number;
  /** Its position in its owner's list, kept here so that moving costs the same in a long one. */
  index = -1;
  /** The priority of the list that {@link index} is in. */
  listedAs: Priority = "unusable";

  get instance(): Instance {
    return this.#instance;
  }

  /** Its share of this client's calls, relative to others'. */
  get weight(): number {
    return this.#instance.weight * this.#share;
  }

  /** What this client makes of its weight: more where few other clients use it. @default 1 */
  set share(share: number) {
    this.#share = share;
    this.#owner.loads.setWeight(this.row, this.weight);
  }

  /** Why it has no connection, for people. `undefined` if nothing went wrong yet. */
  get lastFailure(): string | undefined {
    return this.#lastFailure;
  }

  /** How the server refused this caller, if that is why it has no connection. */
  get refusal(): RpcError | undefined {
    return this.#refusal;
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

  get priority(): Priority {
    const { kind } = this.#state;
    if (kind === "draining") return "fallback";
    if (kind !== "ready") return "unusable";
    if (!this.#listed || this.#ejection.isActive) return "fallback";
    return this.#owner.isFar(this.#instance) ? "distant" : "preferred";
  }

  /** Whether it is connected and nothing speaks against giving it calls. */
  get isSound(): boolean {
    const { priority } = this;
    return priority === "preferred" || priority === "distant";
  }

  /** The registry lists it (again), maybe as a new instance at the same address. */
  list(instance: Instance): void {
    const nowMs = this.#dependencies.clock.now();
    if (instance.id !== this.#instance.id && nowMs >= this.#renewalAtMs) {
      // A restarted server owes nothing to its predecessor, and need not be waited for.
      this.#renewalAtMs = nowMs + hastyReconnectMs;
      this.#owner.loads.forgetLacking(this.row);
      this.#ejection.forget();
      this.#backoff.reset();
      if (this.#state.kind === "waiting") this.#reconnect(this.#state.timer);
    }
    this.#instance = instance;
    this.#owner.loads.setWeight(this.row, this.weight);
    this.#listed = true;
    this.#owner.changed(this);
  }

  /** The registry lists it no more. It is only demoted: its connection says when it is gone. */
  unlist(): void {
    this.#listed = false;
    if (this.#state.kind === "waiting" || this.#state.kind === "connecting") this.close();
    else this.#owner.changed(this);
  }

  /** The server said that it does not offer the method. */
  lacks(method: string): void {
    this.#owner.loads.of(method).lacks(this.row);
  }

  /** Whether the server says, or said over its last connection, that the method is idempotent. */
  isIdempotent(method: string): boolean | undefined {
    return this.#idempotence?.of(method);
  }

  /** Sends a call on its connection. Only for one whose {@link priority} is not `unusable`. */
  send(call: Call, nowMs: number, done: Done): void {
    const state = this.#state;
    if (state.kind !== "ready" && state.kind !== "draining") {
      throw new Error(`Cannot send to ${this.address}: it is ${state.kind}`);
    }
    const loads = call.loads ??= this.#owner.loads.of(call.method);
    call.endpoint = this;
    call.attempts++;
    call.sentAtMs = nowMs;
    loads.sent(this.row, nowMs, call.stream !== undefined);
    state.connection.send(call, done);
  }

  #ended(call: Call, error: RpcError | undefined, connection: Connection): void {
    const { loads, sentAtMs } = call;
    // A call that was given up is counted already, and a closed endpoint's row may be another's.
    if (loads !== undefined && sentAtMs !== undefined && !this.isClosed) {
      loads.answered(this.row);
      // How long a stream takes is its caller's doing as well.
      if (call.stream !== undefined && call.stream.received > 0) this.#ejection.answered();
      else this.#judge(call, loads, error, sentAtMs, connection);
    }
    call.sentAtMs = undefined;
  }

  /** A call that it was working on was given up. */
  gaveUp(call: Call): void {
    call.sentAtMs = undefined;
    if (!this.isClosed) call.loads?.gaveUp(this.row);
  }

  /** A call of a method, sent at `sentAtMs`, that it was working on, has ended at its deadline. */
  timedOut(method: string, sentAtMs: number): void {
    const nowMs = this.#dependencies.clock.now();
    this.#owner.loads.of(method).observeLate(this.row, nowMs - sentAtMs, nowMs);
    if (this.#ejection.timedOut() && this.isSound) this.#owner.suspected(this);
  }

  /** Asks how many connections the server has. Older ones do not say. */
  askConnections(told: (connections: number) => void): void {
    const state = this.#state;
    if (state.kind === "ready") state.connection.askConnections(told);
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

  /** Looks whether a server with calls pending is still there. Called every `heartbeatTickMs`. */
  tick(): void {
    const state = this.#state;
    if (state.kind !== "ready" && state.kind !== "draining") return;
    state.heartbeat.tick(this.priority === "fallback");
  }

  /** Lets go of everything. Calls under way fail as Cancelled. */
  close(): void {
    const state = this.#state;
    if (state.kind === "closed") return;
    // First of all, so that whoever hears of a call's end does not find it.
    this.#end();
    if (state.kind === "waiting") state.timer.cancel();
    else state.link.close();
  }

  /** Takes in what the end of a call says of the server. */
  #judge(
    call: Call,
    loads: MethodLoads,
    error: RpcError | undefined,
    sentAtMs: number,
    connection: Connection,
  ): void {
    const nowMs = error === undefined ? connection.receivedAtMs : this.#dependencies.clock.now();
    const took = { tookMs: nowMs - sentAtMs, hadMs: call.deadlineAtMs - sentAtMs };
    switch (verdictOf(error, took)) {
      case "answered":
        if (error === undefined) loads.observe(this.row, took.tookMs, nowMs);
        this.#owner.loads.carriedOut(this.row);
        return this.#ejection.answered();
      case "late":
        return this.timedOut(call.method, sentAtMs);
      case "overloaded":
        loads.penalize(this.row, nowMs);
        this.#owner.loads.refused(this.row);
        // Too much to do is no fault: without this server the others had even more.
        return this.#ejection.answered();
      case "failed":
        return loads.penalize(this.row, nowMs);
    }
  }

  #connecting(): State {
    const failures = Math.min(this.#backoff.failures, patienceDoublingsMax);
    const link = new Link(
      {
        address: this.address,
        target: () => this.#instance,
        patienceMs: hastyReconnectMs * 2 ** failures,
        isFirst: this.#lastFailure === undefined,
      },
      this.#owner,
      this.#dependencies,
      {
        ready: (connection, idempotence) => this.#ready(link, connection, idempotence),
        failed: (error) => this.#attemptFailed(error),
        lost: (reason) => this.#lost(reason),
        ended: (call, error, connection) => this.#ended(call, error, connection),
        drains: () => this.#drains(),
        described: () => this.#owner.changed(this),
      },
    );
    return { kind: "connecting", link };
  }

  /** A call waits, and no endpoint is connected: tries again, if it is time. */
  hurry(nowMs: number): boolean {
    const state = this.#state;
    if (state.kind === "connecting") return state.link.hurry(nowMs);
    if (state.kind !== "waiting" || nowMs < state.hasteAtMs) return false;
    this.#reconnect(state.timer);
    return true;
  }

  #ready(link: Link, connection: Connection, idempotence: Idempotence): void {
    this.#idempotence = idempotence;
    this.#backoff.reset();
    this.#lastFailure = undefined;
    this.#refusal = undefined;
    // It may be another process than the one before, which offers other methods.
    this.#owner.loads.forgetLacking(this.row);
    const kind = connection.wentAway ? "draining" : "ready";
    this.#state = { kind, link, connection, heartbeat: new Heartbeat(connection) };
    this.#dependencies.log.debug("Connected", { server: this.address });
    this.#dependencies.serverChanged?.(this.address, "connected");
    this.#owner.changed(this);
  }

  /** The server said so. */
  #drains(): void {
    const state = this.#state;
    if (state.kind !== "ready") return;
    this.#state = { ...state, kind: "draining" };
    this.#dependencies.log.debug("A server drains", { server: this.address });
    this.#dependencies.serverChanged?.(this.address, "draining");
    this.#owner.changed(this);
  }

  #lost(reason: string): void {
    this.#dependencies.log.debug("Lost a server", { server: this.address, reason });
    this.#dependencies.serverChanged?.(this.address, "lost");
    this.#failed(reason);
  }

  #attemptFailed(error: unknown): void {
    // What the last attempt came to stands while the next one is under way.
    this.#refusal = isRefusal(error) ? error : undefined;
    this.#failed(messageOf(error));
  }

  /** The connection, or the attempt to make one, has failed. */
  #failed(reason: string): void {
    if (this.isClosed) return;
    this.#lastFailure = reason;
    if (!this.#listed) return this.#end();
    const { clock } = this.#dependencies;
    const timer = clock.after(this.#backoff.next(), () => {
      if (this.#state.kind === "waiting") this.#reconnect(timer);
    });
    this.#state = { kind: "waiting", timer, hasteAtMs: clock.now() + hastyReconnectMs };
    this.#owner.changed(this);
  }

  #end(): void {
    this.#state = { kind: "closed" };
    this.#ejection.forget();
    this.#owner.changed(this);
    // Last of all: it may be picked until its owner has taken it out of the lists.
    this.#owner.loads.remove(this.row);
  }

  #reconnect(timer: Timer): void {
    timer.cancel();
    this.#state = this.#connecting();
  }
}
