import type { Clock } from "../base/clock.ts";
import type { Instance, Snapshot } from "../discovery/discovery.ts";
import { addressOf } from "../discovery/discovery.ts";
import type { Pick } from "./balancer.ts";
import type { Call } from "./call.ts";
import { Endpoint, type EndpointDependencies, type EndpointOwner, type Rank } from "./endpoint.ts";

/** What the set tells its owner. */
export interface EndpointsEvents {
  /** An endpoint can take calls that could not before. */
  usable(): void;
  /** An endpoint was ejected. */
  ejected(endpoint: Endpoint): void;
}

/**
 * The endpoints of a service: follows the registry, and picks.
 *
 * Membership and health are kept apart. The registry says who should be there: an address that it drops
 * is demoted. The connection says who is: only a lost one evicts. So a registry that hands out an
 * empty list for a moment costs nothing.
 */
export class Endpoints implements EndpointOwner {
  readonly #pick: Pick;
  readonly #clock: Clock;
  readonly #dependencies: EndpointDependencies;
  readonly #events: EndpointsEvents;
  readonly #byAddress = new Map<string, Endpoint>();
  readonly #lists: Readonly<Record<Rank, Endpoint[]>> = {
    preferred: [],
    fallback: [],
    unusable: [],
  };

  constructor(pick: Pick, dependencies: EndpointDependencies, events: EndpointsEvents) {
    this.#pick = pick;
    this.#clock = dependencies.clock;
    this.#dependencies = dependencies;
    this.#events = events;
  }

  /** All endpoints, connected or not. */
  get all(): Iterable<Endpoint> {
    return this.#byAddress.values();
  }

  get size(): number {
    return this.#byAddress.size;
  }

  /** Takes over the registry's list. A stale one only adds: it is no evidence that anybody has gone. */
  update(snapshot: Snapshot): void {
    const listed = new Set<string>();
    for (const instance of snapshot.instances) {
      const address = addressOf(instance);
      listed.add(address);
      this.#list(address, instance);
    }
    if (snapshot.stale) return;
    for (const [address, endpoint] of this.#byAddress) {
      if (!listed.has(address)) endpoint.unlist();
    }
  }

  #list(address: string, instance: Instance): void {
    const known = this.#byAddress.get(address);
    if (known !== undefined) {
      if (known.instance !== instance || !known.isListed) known.list(instance);
      return;
    }
    const endpoint = new Endpoint(instance, this, this.#dependencies);
    this.#byAddress.set(address, endpoint);
    this.#place(endpoint, endpoint.rank);
  }

  /** The endpoint for a call, or `undefined` if there is none to send it to now. */
  pick(call: Call): Endpoint | undefined {
    const { preferred, fallback } = this.#lists;
    const nowMs = this.#clock.now();
    if (call.avoid === undefined && preferred.length > 0) {
      const endpoint = this.#pick(preferred, nowMs);
      if (endpoint.offers(call.method)) return endpoint;
    }
    return this.#pickFrom(preferred, call, nowMs) ?? this.#pickFrom(fallback, call, nowMs) ??
      this.#pickAgain(call, nowMs);
  }

  #pickFrom(endpoints: readonly Endpoint[], call: Call, nowMs: number): Endpoint | undefined {
    const untried = endpoints.filter((endpoint) =>
      !call.avoid?.has(endpoint) && endpoint.offers(call.method)
    );
    return untried.length === 0 ? undefined : this.#pick(untried, nowMs);
  }

  /** All have failed it once: again to any that could do better now, which one that drains cannot. */
  #pickAgain(call: Call, nowMs: number): Endpoint | undefined {
    const { preferred, fallback } = this.#lists;
    if (preferred.length > 0) return this.#pick(preferred, nowMs);
    const staying = fallback.filter((endpoint) =>
      !endpoint.isDraining || !call.avoid?.has(endpoint)
    );
    return staying.length === 0 ? undefined : this.#pick(staying, nowMs);
  }

  /** Lets every endpoint look after its connection. Called every heartbeat interval. */
  beat(): void {
    for (const list of [this.#lists.preferred, this.#lists.fallback]) {
      for (const endpoint of [...list]) endpoint.beat();
    }
  }

  close(): void {
    for (const endpoint of [...this.#byAddress.values()]) endpoint.close();
  }

  changed(endpoint: Endpoint): void {
    // Its first state is set before it is in any list.
    if (this.#byAddress.get(endpoint.address) !== endpoint) return;
    this.#remove(endpoint);
    if (endpoint.isClosed) {
      this.#byAddress.delete(endpoint.address);
      return;
    }
    this.#place(endpoint, endpoint.rank);
    if (endpoint.rank !== "unusable") this.#events.usable();
  }

  suspected(endpoint: Endpoint): void {
    // Never the last half: when most look bad, the fault is likely elsewhere, and none can be spared.
    const ejected = [...this.#byAddress.values()].filter((other) => other.isEjected).length;
    if (this.size < 2 || ejected + 1 > Math.max(1, Math.floor(this.size / 2))) return;
    endpoint.eject();
    this.#events.ejected(endpoint);
  }

  #place(endpoint: Endpoint, rank: Rank): void {
    const list = this.#lists[rank];
    endpoint.listedAs = rank;
    endpoint.index = list.length;
    list.push(endpoint);
  }

  /** The last of the list takes its place, so that it costs the same in any list. */
  #remove(endpoint: Endpoint): void {
    const list = this.#lists[endpoint.listedAs];
    const last = list.pop() as Endpoint;
    if (last === endpoint) return;
    list[endpoint.index] = last;
    last.index = endpoint.index;
  }
}
