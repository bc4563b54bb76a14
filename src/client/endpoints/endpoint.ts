import { Backoff } from "../../base/backoff.ts";
import type { Timer } from "../../base/clock.ts";
import { messageOf, type RpcError } from "../../base/errors.ts";
import { hastyReconnectMs } from "../../base/limits.ts";
import { addressOf } from "../../base/names/host_port.ts";
import type { Instance } from "../../discovery/discovery.ts";
import type { ToldOfClients } from "../../wire/reply_checks.ts";
import type { Call, Done } from "../call.ts";
import type { Connection } from "../connection.ts";
import { EndpointCalls } from "./endpoint_calls.ts";
import type { EndpointOwner } from "./endpoint_owner.ts";
import type { EndpointDependencies, Priority } from "./endpoint_types.ts";
import { type Idempotence, mayMove } from "../links/idempotence.ts";
import { Link, SideLinks } from "../links/link.ts";
import { connectionOf, type EndpointState } from "./endpoint_state.ts";
import { isRefusal } from "./verdict.ts";

const reconnectBackoff = { baseMs: 50, maxMs: 5_000 };

/** One address as this client sees it, with at most one connection and what is known of it. */
export class Endpoint {
  readonly address: string;
  readonly #dependencies: EndpointDependencies;
  readonly #owner: EndpointOwner<Endpoint>;
  readonly #backoff: Backoff;
  readonly #calls: EndpointCalls;
  #instance: Instance;
  #share = 1;
  #listed = true;
  /** Before this it does not count as a restarted server again: no server restarts that often. */
  #renewalAtMs = 0;
  #state: EndpointState;
  readonly #sides: SideLinks;
  #lastFailure: string | undefined;
  #refusal: RpcError | undefined;
  /** The idempotence of the last connection. */
  #idempotence: Idempotence | undefined;

  constructor(
    instance: Instance,
    owner: EndpointOwner<Endpoint>,
    dependencies: EndpointDependencies,
  ) {
    this.address = addressOf(instance);
    this.#instance = instance;
    this.#owner = owner;
    this.#dependencies = dependencies;
    this.#backoff = new Backoff(dependencies.random, reconnectBackoff);
    this.#sides = new SideLinks(() => this.#connect(), dependencies.clock);
    this.#calls = new EndpointCalls({
      loads: owner.loads,
      weight: instance.weight,
      clock: dependencies.clock,
      ejectionOver: () => owner.changed(this),
      suspected: () => {
        if (this.isSound) owner.suspected(this);
      },
    });
    this.row = this.#calls.row;
    this.#state = { kind: "connecting", link: this.#connect() };
  }

  /** Its row in {@link EndpointOwner.loads}, until it is closed. */
  readonly row: number;
  /** Its position in its owner's list, so that it can be moved in constant time. */
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

  /** Factor of its weight for this client: larger if few other clients use it. @default 1 */
  set share(share: number) {
    this.#share = share;
    this.#calls.weight = this.weight;
  }

  /** Why it has no connection, for messages. `undefined` if nothing went wrong yet. */
  get lastFailure(): string | undefined {
    return this.#lastFailure;
  }

  /** The server's refusal of this caller, if that is why it has no connection. */
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

  /** Whether its very first connection attempt is under way. */
  get isUntried(): boolean {
    return this.#state.kind === "connecting" && this.#lastFailure === undefined;
  }

  get isDraining(): boolean {
    return this.#state.kind === "draining";
  }

  get isEjected(): boolean {
    return this.#calls.isEjected;
  }

  get priority(): Priority {
    if (this.isSound) return this.#owner.isFar(this.#instance) ? "distant" : "preferred";
    return connectionOf(this.#state) === undefined ? "unusable" : "fallback";
  }

  /** Whether it is connected and nothing speaks against giving it calls. */
  get isSound(): boolean {
    return this.#state.kind === "ready" && this.#listed && !this.#calls.isEjected;
  }

  /** The registry lists it (again), maybe as a new instance at the same address. */
  list(instance: Instance): void {
    const nowMs = this.#dependencies.clock.now();
    if (instance.id !== this.#instance.id && nowMs >= this.#renewalAtMs) {
      // This is a restarted server: failures before do not count, and no waiting is needed.
      this.#renewalAtMs = nowMs + hastyReconnectMs;
      this.#calls.restarted();
      this.#backoff.reset();
      if (this.#state.kind === "waiting") this.#reconnect(this.#state.timer);
    }
    this.#instance = instance;
    this.#calls.weight = this.weight;
    this.#listed = true;
    this.#owner.changed(this);
  }

  /** The registry does not list it any more. It is only demoted: its connection tells its end. */
  unlist(): void {
    this.#listed = false;
    const { kind } = this.#state;
    if ((kind === "waiting" || kind === "connecting") && this.#sides.areIdle) this.close();
    else this.#owner.changed(this);
  }

  /** The server does not offer the method. */
  lacks(method: string): void {
    this.#calls.lacks(method);
  }

  /** Whether the server declares the method idempotent, now or on its last connection. */
  isIdempotent(method: string): boolean | undefined {
    return this.#idempotence?.of(method);
  }

  /** The longest message that the server takes, in bytes; 0 if it is not connected. */
  get takes(): number {
    return connectionOf(this.#state)?.takes.bytes ?? 0;
  }

  /** Sends a call on its connection. Its {@link priority} must not be `unusable`. */
  send(call: Call, nowMs: number, done: Done): void {
    const connection = connectionOf(this.#state);
    if (connection === undefined) throw new Error(`Cannot send to ${this.address}: not connected`);
    call.endpoint = this;
    call.attempts++;
    this.#calls.sent(call, nowMs);
    connection.send(call, done);
  }

  #ended(call: Call, error: RpcError | undefined, connection: Connection): void {
    // The row of a closed one may be another's already.
    if (!this.isClosed) this.#calls.ended(call, error, connection);
    call.sentAtMs = undefined;
  }

  /** A call that it was working on was cancelled. */
  gaveUp(call: Call): void {
    call.sentAtMs = undefined;
    if (!this.isClosed) this.#calls.gaveUp(call);
  }

  /** A call that it was working on has ended at its deadline. */
  timedOut(method: string, sentAtMs: number): void {
    this.#calls.timedOut(method, sentAtMs);
  }

  /** Tells this client's load, and asks for that of all clients, which some servers do not tell. */
  askLoad(own: number, tell: (told: ToldOfClients) => void): void {
    if (this.#state.kind === "ready") this.#state.connection.askLoad(own, tell);
  }

  /** Ejects it: it is not preferred for a while. It must not be ejected now. */
  eject(): void {
    const durationMs = this.#calls.eject();
    this.#dependencies.log.warn("Ejected a server whose calls end at their deadlines", {
      server: this.address,
      durationMs,
    });
    this.#owner.changed(this);
  }

  /** Checks whether a server with pending calls still lives. Called every `heartbeatTickMs`. */
  tick(): void {
    this.#sides.tick();
    const state = this.#state;
    if (state.kind !== "ready" && state.kind !== "draining") return;
    if (this.#isToRenew && state.link.hasExpired()) {
      this.#sides.retire(state.link);
      return this.#waitFor(this.#sides.takeNext() ?? this.#connect());
    }
    state.link.tick(!this.isSound);
    // It would take a handle from those without a connection, and the one that it has is good.
    if (this.#isToRenew && !this.#owner.places.isShort) this.#sides.renew();
    else if (!this.isInDoubt) this.#sides.dropNext();
  }

  /** Whether it is connected, and new certificates should be shown. */
  get #isToRenew(): boolean {
    return this.#state.kind === "ready" && this.#listed && this.#state.link.isToRetire();
  }

  /** Whether it is connected, and its server may not be there any more. */
  get isInDoubt(): boolean {
    return this.#state.kind === "ready" && this.#state.link.isInDoubt;
  }

  /** Closes everything. Calls under way fail as Cancelled. */
  close(): void {
    const state = this.#state;
    if (state.kind === "closed") return;
    // First of all, so that retries of its calls do not pick it.
    this.#end();
    if (state.kind === "waiting") state.timer.cancel();
    else state.link.close();
  }

  #connect(): Link {
    const link = new Link(
      {
        address: this.address,
        target: () => this.#instance,
        failures: this.#backoff.failures,
        isFirst: this.#lastFailure === undefined,
      },
      this.#owner,
      this.#dependencies,
      {
        ready: (connection, idempotence) => this.#ready(link, connection, idempotence),
        failed: (error) => this.#attemptFailed(link, error),
        lost: (reason) => this.#lost(link, reason),
        ended: (call, error, connection) => this.#ended(call, error, connection),
        drains: () => this.#drains(link),
        described: () => this.#owner.changed(this),
      },
    );
    return link;
  }

  /** Tries to connect again, if it is time: no endpoint is connected, or this one is in doubt. */
  hurry(nowMs: number): boolean {
    const state = this.#state;
    if (state.kind === "connecting") return state.link.hurry();
    // It would take a handle from those that have no connection at all.
    if (this.isInDoubt) return !this.#owner.places.isShort && this.#sides.hurry(nowMs);
    const isTime = state.kind === "waiting" && nowMs >= state.hasteAtMs;
    if (isTime) this.#reconnect(state.timer);
    return isTime;
  }

  #ready(link: Link, connection: Connection, idempotence: Idempotence): void {
    if (this.#sides.isNext(link)) return this.#takeOver(link, connection, idempotence);
    if (!this.#sides.areIdle) idempotence.follow(this.#idempotence);
    this.#idempotence = idempotence;
    this.#backoff.reset();
    this.#lastFailure = undefined;
    this.#refusal = undefined;
    // It may be another process than before, with other methods.
    this.#calls.forgetLacking();
    this.#state = { kind: connection.wentAway ? "draining" : "ready", link, connection };
    this.#dependencies.log.debug("Connected", { server: this.address });
    this.#dependencies.serverChanged?.(this.address, "connected");
    this.#owner.changed(this);
  }

  /**
   * A new connection was answered while the old one is silent, or will end. From a silent one calls
   * that may run again move there, which takes nothing from the budget for retries, as their server
   * is there and they are no more than before. The others wait, since the network may bring their
   * answers yet.
   */
  #takeOver(link: Link, connection: Connection, idempotence: Idempotence): void {
    const [state, isInDoubt] = [this.#state, this.isInDoubt];
    const isOfUse = !connection.wentAway && (isInDoubt || this.#isToRenew);
    if (state.kind !== "ready" || !isOfUse) return this.#sides.dropNext();
    this.#sides.replaced(state.link);
    this.#dependencies.log.debug("Connected anew", { server: this.address });
    const before = this.#idempotence;
    idempotence.follow(before);
    this.#idempotence = idempotence;
    this.#calls.forgetLacking();
    this.#state = { kind: "ready", link, connection };
    const moves = (call: Call) => call.endpoint === this && mayMove(call, before, idempotence);
    if (isInDoubt) state.connection.handOver(connection, moves);
  }

  /** The server asked that new calls go elsewhere. */
  #drains(link: Link): void {
    const state = this.#state;
    if (state.kind !== "ready" || state.link !== link) return;
    this.#state = { ...state, kind: "draining" };
    this.#dependencies.log.debug("A server drains", { server: this.address });
    this.#dependencies.serverChanged?.(this.address, "draining");
    this.#owner.changed(this);
  }

  #lost(link: Link, reason: string): void {
    if (this.#sides.delete(link)) return;
    this.#dependencies.log.debug("Lost a server", { server: this.address, reason });
    this.#dependencies.serverChanged?.(this.address, "lost");
    this.#failed(reason);
  }

  #attemptFailed(link: Link, error: unknown): void {
    if (this.#sides.delete(link)) return;
    // The last attempt's outcome remains while the next one is under way.
    this.#refusal = isRefusal(error) ? error : undefined;
    this.#failed(messageOf(error));
  }

  /** The connection, or the attempt to make one, has failed. */
  #failed(reason: string): void {
    if (this.isClosed) return;
    this.#lastFailure = reason;
    if (!this.#listed && this.#sides.areIdle) return this.#end();
    const next = this.#sides.takeNext();
    if (next !== undefined) return this.#waitFor(next);
    const { clock } = this.#dependencies;
    const timer = clock.after(this.#backoff.next(), () => {
      if (this.#state.kind === "waiting") this.#reconnect(timer);
    });
    this.#state = { kind: "waiting", timer, hasteAtMs: clock.now() + hastyReconnectMs };
    this.#owner.changed(this);
  }

  #waitFor(link: Link): void {
    this.#state = { kind: "connecting", link };
    this.#owner.changed(this);
  }

  #end(): void {
    this.#state = { kind: "closed" };
    this.#calls.forgetEjection();
    this.#sides.close();
    this.#owner.changed(this);
    // Last of all: it may be picked until its owner has removed it from the lists.
    this.#calls.close();
  }

  #reconnect(timer: Timer): void {
    timer.cancel();
    this.#state = { kind: "connecting", link: this.#connect() };
  }
}
