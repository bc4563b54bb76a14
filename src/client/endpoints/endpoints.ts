import type { Change, Instance } from "../../discovery/discovery.ts";
import { hastyReconnectsMax } from "../../base/limits.ts";
import { addressOf } from "../../base/names/host_port.ts";
import { candidatesOf, type Pick } from "./balancer.ts";
import type { Call } from "../call.ts";
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
    fallback: new PriorityLevel(),
    unusable: new PriorityLevel(),
  };
  /** Those whose first connection attempt is still under way. */
  readonly #untried = new Set<Endpoint>();
  /** Those that are connected and ejected. */
  readonly #ejected = new Set<Endpoint>();

  constructor(pick: Pick, dependencies: EndpointDependencies, events: EndpointsEvents) {
    this.#pick = pick;
    this.#dependencies = dependencies;
    this.pace = new HostPace(dependencies.clock);
    this.places = new DialPlaces(dependencies);
    this.#events = events;
  }

  /** All endpoints, connected or not. */
  get all(): Iterable<Endpoint> {
    return this.#byAddress.values();
  }

  /** How many can take calls now. */
  get usableCount(): number {
    return this.#lists.preferred.size + this.#lists.fallback.size;
  }

  /** Takes over what is different in the registry's list. */
  update({ listed, unlisted }: Change): void {
    for (const instance of unlisted) this.#byAddress.get(addressOf(instance))?.unlist();
    for (const instance of listed) this.#list(addressOf(instance), instance);
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
    const { preferred, fallback } = this.#lists;
    const loads = this.loads.of(call.method);
    call.loads = loads;
    for (let picks = 0; picks < picksMax && preferred.size > 0; picks++) {
      const index = this.#pick(preferred, loads, nowMs);
      const endpoint = preferred.items[index] as Endpoint;
      if (
        loads.mayOffer(preferred.rows[index] as number) && !call.avoid?.has(endpoint) &&
        mayRunAt(endpoint, call)
      ) return endpoint;
    }
    return this.#pickFrom(preferred.items, call, loads, nowMs) ??
      this.#pickFrom(fallback.items, call, loads, nowMs) ?? this.#pickAgain(call, loads, nowMs);
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
    const { preferred, fallback } = this.#lists;
    if (call.executed === "no" && preferred.size > 0) {
      return preferred.items[this.#pick(preferred, loads, nowMs)];
    }
    const able = preferred.items.filter((endpoint) => mayRunAt(endpoint, call));
    if (able.length > 0) return this.#pickAmong(able, loads, nowMs);
    const staying = fallback.items.filter((endpoint) =>
      (!endpoint.isDraining || !call.avoid?.has(endpoint)) && mayRunAt(endpoint, call)
    );
    return this.#pickAmong(staying, loads, nowMs);
  }

  /** Whether all that can take calls now say that a call which may have run must not run again. */
  refuseAgain(call: Call): boolean {
    const { preferred, fallback } = this.#lists;
    if (call.idempotent || preferred.size + fallback.size === 0) return false;
    return [preferred, fallback].every(({ items }) =>
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
    return this.#untried.size > 0 && this.places.areMoving;
  }

  /** Whether any that can take calls now may offer a call's method. */
  offers({ method }: Call): boolean {
    const { preferred, fallback } = this.#lists;
    const loads = this.loads.of(method);
    // Usually known at once, without a look at each.
    if (loads.lacking < this.usableCount) return true;
    return [preferred, fallback].some(({ rows }) => rows.some((row) => loads.mayOffer(row)));
  }

  /**
   * Lets every endpoint look after its connection. Called every `heartbeatTickMs`. `isAwaited`: a
   * call waits for one to be connected, and is worth trying some again sooner than they would be by
   * themselves.
   */
  tick(isAwaited: boolean): void {
    this.places.tick();
    if (isAwaited && this.usableCount === 0) this.#hurry();
    for (const list of [this.#lists.preferred, this.#lists.fallback]) {
      for (const endpoint of [...list.items]) endpoint.tick();
    }
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
    if (wasLast) this.#events.tried();
  }

  suspected(endpoint: Endpoint): void {
    // Never the last half of those that could be used: when most look bad, the fault is likely
    // elsewhere, and none can be spared. One that is not connected does not count: it could not
    // take the calls.
    const ejected = this.#ejected.size;
    if (ejected + 1 > Math.floor((this.#lists.preferred.size + ejected) / 2)) return;
    endpoint.eject();
    this.#events.ejected(endpoint);
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
