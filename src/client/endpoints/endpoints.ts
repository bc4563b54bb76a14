import type { Change, Instance, Snapshot } from "../../discovery/discovery.ts";
import { hastyReconnectsMax } from "../../base/limits.ts";
import { addressOf } from "../../base/names/host_port.ts";
import { candidatesOf, type Pick } from "./balancer.ts";
import type { Call } from "../call.ts";
import { Subset } from "../subset/subset.ts";
import { DialPlaces } from "./dial_places.ts";
import { Endpoint, type EndpointOwner } from "./endpoint.ts";
import type { EndpointDependencies, Priority } from "./endpoint_types.ts";
import { HostPace } from "./host_pace.ts";
import { Loads, type MethodLoads } from "./loads.ts";
import { PriorityLevel } from "./priority_level.ts";

/** What the set tells its owner. */
interface EndpointsEvents {
  /** An endpoint can take calls that could not before. */
  usable(): void;
  /** Every endpoint's first connection attempt is over. */
  tried(): void;
  /** An endpoint was ejected. */
  ejected(endpoint: Endpoint): void;
}

/** So many picks may meet a server that will not do before all servers are looked through. */
const picksMax = 4;

/**
 * The endpoints of a service: follows the registry, and picks.
 *
 * Membership and health are kept apart. The registry says who should be there: an address that it
 * drops is demoted. The connection says who is: only a lost one evicts. So a registry that hands
 * out an empty list for a moment costs nothing.
 *
 * What one call or one change takes does not grow with the number of endpoints, unless most of them
 * will not do for the call.
 */
export class Endpoints implements EndpointOwner {
  readonly loads = new Loads();
  readonly pace: HostPace;
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
  /** Those whose first connection attempt is still under way. */
  readonly #untried = new Set<Endpoint>();
  /** Those that are connected and ejected. */
  readonly #ejected = new Set<Endpoint>();
  readonly #subset: Subset;
  /** Whether the subset will be looked at in a moment, since one of its servers has failed. */
  #isReplacing = false;
  #isClosed = false;

  constructor(pick: Pick, dependencies: EndpointDependencies, events: EndpointsEvents) {
    this.#pick = pick;
    this.#dependencies = dependencies;
    this.pace = new HostPace(dependencies.clock);
    this.places = new DialPlaces(dependencies);
    this.#events = events;
    const { clock, random, subset: size = Infinity, zone } = dependencies;
    this.#subset = new Subset({
      all: () => this.#byAddress.values(),
      at: (address) => this.#byAddress.get(address),
      list: (address, instance) => this.#list(address, instance),
      isShort: () => this.places.isShort && this.usableCount > 0,
      reweighed: (weightOfOne) => {
        this.loads.weightOfOne = weightOfOne;
        for (const list of Object.values(this.#lists)) list.reweighed();
      },
    }, { size, zone, clock, random });
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

  /** Takes over the registry's list, of which `change` is different from before. */
  update(change: Change, { instances, stale }: Snapshot): void {
    for (const instance of change.unlisted) this.#byAddress.get(addressOf(instance))?.unlist();
    this.#subset.update(change, instances, stale);
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

  /** The endpoint for a call, or `undefined` if there is none to send it to now. */
  pick(call: Call, nowMs: number): Endpoint | undefined {
    const { preferred, distant, fallback } = this.#lists;
    const loads = this.loads.of(call.method);
    call.loads = loads;
    const near = this.#pickQuickly(preferred, call, loads, nowMs);
    if (distant.size > 0 && (near === undefined || this.#isTooMuch(near, call))) {
      const far = this.#pickQuickly(distant, call, loads, nowMs);
      // Where all have enough to do, none need go far.
      if (far !== undefined && (near === undefined || !this.loads.isBusy(far.row))) return far;
    }
    return near ?? this.#pickFrom(preferred.items, call, loads, nowMs) ??
      this.#pickFrom(distant.items, call, loads, nowMs) ??
      this.#pickFrom(fallback.items, call, loads, nowMs) ?? this.#pickAgain(call, loads, nowMs);
  }

  /** A few picks; `undefined`: none of these would do. */
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
   * Whether a call is better sent to another zone than to this server of the client's own: it has
   * enough to do, is to be given nothing, or one like it has failed the call.
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
    // One that drains goes soon: those that stay come first.
    const staying = untried.filter((endpoint) => !endpoint.isDraining);
    return this.#pickAmong(staying.length === 0 ? untried : staying, loads, nowMs);
  }

  /**
   * All have failed the call once. Any may try again that could do better now; one that drains
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

  /** Whether all that can take calls now say that a call which may have run must not run again. */
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

  /**
   * Whether there is one whose first connection attempt is still under way, or has its turn soon.
   */
  get isAnyUntried(): boolean {
    return this.places.areMoving && (this.#untried.size > 0 || this.#subset.hasOthers);
  }

  /** Whether any that can take calls now may offer a call's method. */
  offers({ method }: Call): boolean {
    const loads = this.loads.of(method);
    // Usually known at once, without a look at each.
    if (loads.lacking < this.usableCount) return true;
    return this.#usable.some(({ rows }) => rows.some((row) => loads.mayOffer(row)));
  }

  /**
   * Lets every endpoint look after its connection. Called every `heartbeatTickMs`. `isAwaited`: a
   * call waits for one to be connected, and is worth trying some again sooner than they would be by
   * themselves.
   */
  tick(isAwaited: boolean): void {
    this.places.tick();
    if (isAwaited && this.usableCount === 0) this.#hurry();
    for (const list of this.#usable) {
      for (const endpoint of [...list.items]) endpoint.tick();
    }
    const { preferred, distant } = this.#lists;
    this.#subset.tick(preferred, distant, this.loads);
  }

  /** Where those are that can take calls now. */
  get #usable(): readonly PriorityLevel[] {
    const { preferred, distant, fallback } = this.#lists;
    return [preferred, distant, fallback];
  }

  /**
   * Begins anywhere, so that none is left out for ever behind those that are always tried first.
   */
  #hurry(): void {
    const endpoints = [...this.#lists.unusable.items];
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
    // Its first state is set before it is in any list.
    if (this.#byAddress.get(endpoint.address) !== endpoint) return;
    this.#lists[endpoint.listedAs].remove(endpoint);
    const wasLast = !endpoint.isUntried && this.#untried.delete(endpoint) && !this.isAnyUntried;
    this.#ejected.delete(endpoint);
    if (endpoint.isClosed) {
      this.#byAddress.delete(endpoint.address);
    } else {
      this.#place(endpoint, endpoint.priority);
      if (endpoint.priority !== "unusable") this.#events.usable();
    }
    if (this.#subset.isActive && !endpoint.isSound && !endpoint.isUntried) this.#replaceSoon();
    if (wasLast) this.#events.tried();
  }

  suspected(endpoint: Endpoint): void {
    // Never the last half of those that could be used: when most look bad, the fault is likely
    // elsewhere, and none can be spared. One that is not connected does not count: it could not
    // take the calls.
    const ejected = this.#ejected.size;
    const { preferred, distant } = this.#lists;
    if (ejected + 1 > Math.floor((preferred.size + distant.size + ejected) / 2)) return;
    endpoint.eject();
    this.#events.ejected(endpoint);
  }

  /** Others are connected to in place of those that have just failed, as many as these are. */
  #replaceSoon(): void {
    if (this.#isReplacing) return;
    this.#isReplacing = true;
    queueMicrotask(() => {
      this.#isReplacing = false;
      if (!this.#isClosed && this.#subset.isActive) this.#subset.connect();
    });
  }

  #place(endpoint: Endpoint, priority: Priority): void {
    endpoint.listedAs = priority;
    this.#lists[priority].add(endpoint);
    if (priority === "fallback" && endpoint.isEjected) this.#ejected.add(endpoint);
  }
}

/**
 * A call that may have run elsewhere runs again only where the server says that this does no harm:
 * it may be newer than the one that was lost, and may have taken that back.
 */
function mayRunAt(endpoint: Endpoint, { executed, idempotent, method }: Call): boolean {
  return executed === "no" || (idempotent ?? endpoint.isIdempotent(method) === true);
}
