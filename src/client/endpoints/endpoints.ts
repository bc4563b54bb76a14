import type { Change, Instance, Snapshot } from "../../discovery/discovery.ts";
import { hastyReconnectsMax } from "../../base/limits.ts";
import { addressOf } from "../../base/names/host_port.ts";
import { candidatesOf, type Pick } from "./balancer.ts";
import { boundOfServerAt, boundOfServers, type TooLongError } from "../../wire/message_bound.ts";
import type { Call } from "../call.ts";
import { warnOfEmptyZone } from "./empty_zone.ts";
import { Subset } from "../subset/subset.ts";
import { DialPlaces } from "../links/dial_places.ts";
import { Dropped, isWell } from "./dropped.ts";
import { Endpoint } from "./endpoint.ts";
import type { EndpointOwner } from "./endpoint_owner.ts";
import type { EndpointDependencies, Priority } from "./endpoint_types.ts";
import { HostPace } from "../links/host_pace.ts";
import { queueShare } from "./limits.ts";
import { Patience } from "../links/patience.ts";
import { Loads, type MethodLoads } from "./loads.ts";
import { PriorityLevel } from "./priority_level.ts";

/** The events of the set. */
interface EndpointsEvents {
  /** An endpoint has become usable. */
  usable(): void;
  /** Every endpoint's first connection attempt is over. */
  tried(): void;
  /** An endpoint was ejected. */
  ejected(endpoint: Endpoint): void;
}

/** How many picks may hit an unsuitable server before all servers are searched. */
const picksMax = 4;

/**
 * The endpoints of a service: follows the registry, and picks.
 *
 * Membership and health are separate. The registry tells which servers should exist: an address
 * that it drops is only demoted. The connection tells which do: only its loss removes an endpoint.
 * So a registry that lists nothing for a moment does no harm.
 *
 * The cost of a call or a change does not grow with the number of endpoints, unless most of them
 * are unsuitable for the call.
 */
export class Endpoints implements EndpointOwner<Endpoint> {
  readonly loads = new Loads();
  readonly pace: HostPace;
  readonly patience: Patience;
  readonly places: DialPlaces;
  readonly #pick: Pick;
  readonly #dependencies: EndpointDependencies;
  readonly #events: EndpointsEvents;
  readonly #byAddress = new Map<string, Endpoint>();
  readonly #lists: Readonly<Record<Priority, PriorityLevel>> = {
    preferred: new PriorityLevel(),
    distant: new PriorityLevel(),
    fallback: new PriorityLevel(),
    unusable: new PriorityLevel(),
  };
  /** Endpoints whose first connection attempt is under way. */
  readonly #untried = new Set<Endpoint>();
  /** Endpoints that are connected and ejected. */
  readonly #ejected = new Set<Endpoint>();
  readonly #dropped: Dropped;
  /** Whether the client's zone was looked for among the first servers. */
  #isZoneSeen = false;
  /** How many servers the registry lists. */
  #listed = 0;
  /** Dropped endpoints that are called like listed ones. */
  readonly #trusted = new Set<Endpoint>();
  readonly #subset: Subset;
  /** Whether failed servers of the subset will be replaced in a moment. */
  #isReplacing = false;
  #isClosed = false;

  constructor(pick: Pick, dependencies: EndpointDependencies, events: EndpointsEvents) {
    this.#pick = pick;
    this.#dependencies = dependencies;
    this.pace = new HostPace(dependencies.clock);
    this.patience = new Patience(dependencies.clock);
    this.places = new DialPlaces(dependencies);
    this.#dropped = new Dropped(dependencies.clock);
    this.#events = events;
    const { clock, random, subset: size = Infinity, zone } = dependencies;
    this.#subset = new Subset({
      loads: this.loads,
      all: () => this.#byAddress.values(),
      at: (address) => this.#byAddress.get(address),
      list: (address, instance) => this.#list(address, instance),
      isShort: () => this.places.isShort && this.usableCount > 0,
      reweighed: (weightOfOne) => {
        this.loads.weightOfOne = weightOfOne;
        for (const list of Object.values(this.#lists)) list.reweighed();
      },
    }, { size, zone, clock, patience: this.patience, random });
  }

  /** All endpoints, connected or not. */
  get all(): Iterable<Endpoint> {
    return this.#byAddress.values();
  }

  /** How many can take calls now. */
  get usableCount(): number {
    const { preferred, distant, fallback } = this.#lists;
    return preferred.size + distant.size + fallback.size;
  }

  /** Takes over the registry's list, which differs from the one before by `change`. */
  update(change: Change, { instances, stale }: Snapshot): void {
    for (const instance of change.unlisted) this.#byAddress.get(addressOf(instance))?.unlist();
    this.#listed = instances.length;
    if (!this.#isZoneSeen && instances.length > 0) this.#seeZone(instances);
    this.#dropped.update(change);
    this.#subset.update(change, instances, stale);
    this.#judgeDropped();
  }

  #seeZone(instances: readonly Instance[]): void {
    this.#isZoneSeen = true;
    const { zone, log } = this.#dependencies;
    if (zone !== undefined) warnOfEmptyZone(zone, instances, log);
  }

  /** Whether the registry's list is to be believed: see {@link Dropped}. */
  #judgeDropped(): void {
    if (this.#dropped.size === 0 && this.#trusted.size === 0) return;
    this.#dropped.tick();
    const isDoubted = this.#dropped.size > this.#listed;
    const fallback = isDoubted ? this.#lists.fallback.items : [];
    const changing = [...fallback].filter((one) => isWell(one) && this.#dropped.has(one));
    for (const endpoint of this.#trusted) {
      if (isDoubted && this.#dropped.has(endpoint)) continue;
      this.#trusted.delete(endpoint);
      this.#move(endpoint);
    }
    for (const endpoint of changing) {
      this.#trusted.add(endpoint);
      this.#move(endpoint);
    }
  }

  isFar(instance: Instance): boolean {
    return this.#subset.isFar(instance);
  }

  #list(address: string, instance: Instance): void {
    const known = this.#byAddress.get(address);
    if (known !== undefined) return known.list(instance);
    const endpoint = new Endpoint(instance, this, this.#dependencies);
    this.#byAddress.set(address, endpoint);
    this.#untried.add(endpoint);
    this.#place(endpoint, endpoint.priority);
  }

  /** The endpoint for a call, or `undefined` if there is none now. */
  pick(call: Call, nowMs: number): Endpoint | undefined {
    const { preferred, distant, fallback } = this.#lists;
    const loads = this.loads.of(call.method);
    call.loads = loads;
    const near = this.#pickQuickly(preferred, call, loads, nowMs);
    if (distant.size > 0) {
      if (near === undefined || this.#isTooMuch(near, call)) {
        const far = this.#pickQuickly(distant, call, loads, nowMs);
        // If all have enough to do, a call need not leave its zone.
        if (far !== undefined && (near === undefined || !this.loads.isBusy(far.row))) return far;
      } else if (loads.hasQueue(near.row, nowMs)) {
        const far = this.#pickQuickly(distant, call, loads, nowMs);
        const enough = loads.costOf(near.row, nowMs) * queueShare;
        if (far !== undefined && loads.costOf(far.row, nowMs) < enough) return far;
      }
    }
    return near ?? this.#pickFrom(preferred.items, call, loads, nowMs) ??
      this.#pickFrom(distant.items, call, loads, nowMs) ??
      this.#pickFrom(fallback.items, call, loads, nowMs) ?? this.#pickAgain(call, loads, nowMs);
  }

  /** Tries a few picks; `undefined` if all were unsuitable. */
  #pickQuickly(
    level: PriorityLevel,
    call: Call,
    loads: MethodLoads,
    nowMs: number,
  ): Endpoint | undefined {
    for (let picks = 0; picks < picksMax && level.size > 0; picks++) {
      const index = this.#pick(level, loads, nowMs);
      const endpoint = level.items[index] as Endpoint;
      if (
        loads.mayOffer(level.rows[index] as number) && !call.avoid?.has(endpoint) &&
        mayRunAt(endpoint, call)
      ) return endpoint;
    }
    return undefined;
  }

  /**
   * Whether a call should rather go to another zone than to this server of the client's own zone:
   * the server is busy or has no weight, or a server has failed the call before.
   */
  #isTooMuch({ row }: Endpoint, { avoid }: Call): boolean {
    return avoid !== undefined || this.loads.isBusy(row) || this.loads.weightOf(row) === 0;
  }

  #pickFrom(
    endpoints: readonly Endpoint[],
    call: Call,
    loads: MethodLoads,
    nowMs: number,
  ): Endpoint | undefined {
    const untried = endpoints.filter((endpoint) =>
      !call.avoid?.has(endpoint) && loads.mayOffer(endpoint.row) && mayRunAt(endpoint, call)
    );
    // Draining servers come last, since they stop soon.
    const staying = untried.filter((endpoint) => !endpoint.isDraining);
    return this.#pickAmong(staying.length === 0 ? untried : staying, loads, nowMs);
  }

  /**
   * All have failed the call once. Those may try again that may do better now; draining ones
   * cannot.
   */
  #pickAgain(call: Call, loads: MethodLoads, nowMs: number): Endpoint | undefined {
    const { preferred, distant, fallback } = this.#lists;
    for (const level of [preferred, distant]) {
      if (call.executed === "no" && level.size > 0) {
        return level.items[this.#pick(level, loads, nowMs)];
      }
      const able = level.items.filter((endpoint) => mayRunAt(endpoint, call));
      if (able.length > 0) return this.#pickAmong(able, loads, nowMs);
    }
    const staying = fallback.items.filter((endpoint) =>
      (!endpoint.isDraining || !call.avoid?.has(endpoint)) && mayRunAt(endpoint, call)
    );
    return this.#pickAmong(staying, loads, nowMs);
  }

  /** Whether no usable server allows a call that may have run to run again. */
  refuseAgain(call: Call): boolean {
    if (call.idempotent || this.usableCount === 0) return false;
    return this.#usable.every(({ items }) =>
      items.every((endpoint) => endpoint.isIdempotent(call.method) === false)
    );
  }

  #pickAmong(
    endpoints: readonly Endpoint[],
    loads: MethodLoads,
    nowMs: number,
  ): Endpoint | undefined {
    if (endpoints.length === 0) return undefined;
    const candidates = candidatesOf(endpoints.map(({ row }) => row), this.loads);
    return endpoints[this.#pick(candidates, loads, nowMs)];
  }

  /** Whether any first connection attempt is under way, or will be soon. */
  get isAnyUntried(): boolean {
    return this.places.areMoving && (this.#untried.size > 0 || this.#subset.hasOthers);
  }

  /** Whether any usable server may offer a call's method. */
  offers({ method }: Call): boolean {
    const loads = this.loads.of(method);
    // Usually this decides, without a look at each.
    if (loads.lacking < this.usableCount) return true;
    return this.#usable.some(({ rows }) => rows.some((row) => loads.mayOffer(row)));
  }

  /**
   * Has a call go past the servers that take no message as long. If none is left, returns the error
   * for its caller, which names the largest bound.
   */
  avoidShort(call: Call, error: TooLongError): TooLongError | undefined {
    const avoid = call.avoid ??= new Set();
    const usable = this.#usable.flatMap(({ items }) => items);
    let longest: Endpoint | undefined;
    for (const endpoint of usable) {
      if (endpoint.takes < error.bytes) avoid.add(endpoint);
      // Also one that has failed it before: it alone may do better now.
      else avoid.delete(endpoint);
      if (endpoint.takes > (longest?.takes ?? 0)) longest = endpoint;
    }
    if (longest === undefined) return error;
    const { address, takes } = longest;
    if (takes >= error.bytes) return undefined;
    return error.of(
      usable.length > 1 ? boundOfServers(address, takes) : boundOfServerAt(address, takes),
    );
  }

  /**
   * Lets every endpoint check its connection. Called every `heartbeatTickMs`. `isAwaited`: a call
   * waits for a connection, so some endpoints are tried again sooner.
   */
  tick(isAwaited: boolean): void {
    const mayBlame = this.patience.tick();
    if (mayBlame) this.places.tick();
    if (isAwaited && this.usableCount === 0) this.#hurry([...this.#lists.unusable.items]);
    if (mayBlame) this.#tickAll();
    this.#judgeDropped();
    this.#hurry(this.#usable.flatMap(({ items }) => items.filter(({ isInDoubt }) => isInDoubt)));
    const { preferred, distant } = this.#lists;
    if (mayBlame) this.#subset.tick(preferred, distant);
  }

  #tickAll(): void {
    // Also those without a connection for new calls: calls may be under way on former ones.
    for (const list of [this.#lists.unusable, ...this.#usable]) {
      for (const endpoint of [...list.items]) endpoint.tick();
    }
  }

  /** The levels with usable endpoints. */
  get #usable(): readonly PriorityLevel[] {
    const { preferred, distant, fallback } = this.#lists;
    return [preferred, distant, fallback];
  }

  /** Hurries a few endpoints from a random start, so that all get their turn. */
  #hurry(endpoints: readonly Endpoint[]): void {
    const { clock, random } = this.#dependencies;
    const start = Math.floor(random() * endpoints.length);
    let left = hastyReconnectsMax;
    for (let i = 0; i < endpoints.length && left > 0; i++) {
      if (endpoints[(start + i) % endpoints.length]?.hurry(clock.now())) left--;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.pace.close();
    this.places.close();
    for (const endpoint of [...this.#byAddress.values()]) endpoint.close();
  }

  changed(endpoint: Endpoint): void {
    // Its first change comes before it is in any list.
    if (this.#byAddress.get(endpoint.address) !== endpoint) return;
    const { listedAs } = endpoint;
    // One that was of no use before has been replaced already.
    const wasCounted = listedAs === "preferred" || listedAs === "distant" ||
      this.#untried.has(endpoint);
    this.#lists[listedAs].remove(endpoint);
    if (!isWell(endpoint)) this.#trusted.delete(endpoint);
    const wasLast = !endpoint.isUntried && this.#untried.delete(endpoint) && !this.isAnyUntried;
    this.#ejected.delete(endpoint);
    if (endpoint.isClosed) {
      this.#byAddress.delete(endpoint.address);
    } else {
      this.#place(endpoint, this.#priorityOf(endpoint));
      if (endpoint.priority !== "unusable") this.#events.usable();
    }
    if (this.#subset.isActive) {
      const isLost = wasCounted && !endpoint.isSound && !endpoint.isUntried;
      if (isLost || this.#subset.isCrowdedBy(this.usableCount)) this.#replaceSoon();
    }
    if (wasLast) this.#events.tried();
  }

  suspected(endpoint: Endpoint): void {
    // At most half of the usable ones: if most look bad, the fault is likely elsewhere. Only
    // connected ones count, since others could not take the calls.
    const ejected = this.#ejected.size;
    const { preferred, distant } = this.#lists;
    if (ejected + 1 > Math.floor((preferred.size + distant.size + ejected) / 2)) return;
    endpoint.eject();
    this.#events.ejected(endpoint);
  }

  /** Connects to others in a moment, one for each that has failed, and leaves what is too many. */
  #replaceSoon(): void {
    if (this.#isReplacing) return;
    this.#isReplacing = true;
    queueMicrotask(() => {
      this.#isReplacing = false;
      if (!this.#isClosed && this.#subset.isActive) this.#subset.connect();
    });
  }

  #move(endpoint: Endpoint): void {
    this.#lists[endpoint.listedAs].remove(endpoint);
    this.#place(endpoint, this.#priorityOf(endpoint));
  }

  #priorityOf(endpoint: Endpoint): Priority {
    if (!this.#trusted.has(endpoint)) return endpoint.priority;
    return this.isFar(endpoint.instance) ? "distant" : "preferred";
  }

  #place(endpoint: Endpoint, priority: Priority): void {
    endpoint.listedAs = priority;
    this.#lists[priority].add(endpoint);
    if (priority === "fallback" && endpoint.isEjected) this.#ejected.add(endpoint);
  }
}

/**
 * A call that may have run elsewhere may run again only on a server that declares its method
 * idempotent too: it may be of a newer version, where the method is not.
 */
function mayRunAt(endpoint: Endpoint, { executed, idempotent, method }: Call): boolean {
  return executed === "no" || (idempotent ?? endpoint.isIdempotent(method) === true);
}
