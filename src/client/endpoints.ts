import type { Instance, Snapshot } from "../discovery/discovery.ts";
import { addressOf } from "../discovery/discovery.ts";
import { candidatesOf, type Pick } from "./balancer.ts";
import type { Call } from "./call.ts";
import { Endpoint, type EndpointDependencies, type EndpointOwner, type Rank } from "./endpoint.ts";
import { RankList } from "./rank_list.ts";

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
  readonly #dependencies: EndpointDependencies;
  readonly #events: EndpointsEvents;
  readonly #byAddress = new Map<string, Endpoint>();
  readonly #lists: Readonly<Record<Rank, RankList>> = {
    preferred: new RankList(),
    fallback: new RankList(),
    unusable: new RankList(),
  };

  constructor(pick: Pick, dependencies: EndpointDependencies, events: EndpointsEvents) {
    this.#pick = pick;
    this.#dependencies = dependencies;
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
  pick(call: Call, nowMs: number): Endpoint | undefined {
    const { preferred, fallback } = this.#lists;
    if (call.avoid === undefined && preferred.size > 0) {
      const endpoint = this.#pick(preferred, call.method, nowMs);
      if (endpoint.offers(call.method)) return endpoint;
    }
    return this.#pickFrom(preferred.items, call, nowMs) ??
      this.#pickFrom(fallback.items, call, nowMs) ?? this.#pickAgain(call, nowMs);
  }

  #pickFrom(endpoints: readonly Endpoint[], call: Call, nowMs: number): Endpoint | undefined {
    const untried = endpoints.filter((endpoint) =>
      !call.avoid?.has(endpoint) && endpoint.offers(call.method)
    );
    if (untried.length === 0) return undefined;
    // One that drains goes soon: those that stay come first.
    const staying = untried.filter((endpoint) => !endpoint.isDraining);
    return this.#pick(candidatesOf(staying.length === 0 ? untried : staying), call.method, nowMs);
  }

  /** All have failed it once: again to any that could do better now, which one that drains cannot. */
  #pickAgain(call: Call, nowMs: number): Endpoint | undefined {
    const { preferred, fallback } = this.#lists;
    if (preferred.size > 0) return this.#pick(preferred, call.method, nowMs);
    const staying = fallback.items.filter((endpoint) =>
      !endpoint.isDraining || !call.avoid?.has(endpoint)
    );
    return staying.length === 0 ? undefined : this.#pick(candidatesOf(staying), call.method, nowMs);
  }

  /** Whether there is one whose first connection attempt is still under way. */
  get isAnyUntried(): boolean {
    return this.#lists.unusable.items.some((endpoint) => endpoint.isUntried);
  }

  /** Whether any that can take calls now may offer a call's method. */
  offers({ method }: Call): boolean {
    const { preferred, fallback } = this.#lists;
    return preferred.items.some((endpoint) => endpoint.offers(method)) ||
      fallback.items.some((endpoint) => endpoint.offers(method));
  }

  /** Lets every endpoint look after its connection. Called every `heartbeatBeatMs`. */
  beat(): void {
    for (const list of [this.#lists.preferred, this.#lists.fallback]) {
      for (const endpoint of [...list.items]) endpoint.beat();
    }
  }

  close(): void {
    for (const endpoint of [...this.#byAddress.values()]) endpoint.close();
  }

  changed(endpoint: Endpoint): void {
    // Its first state is set before it is in any list.
    if (this.#byAddress.get(endpoint.address) !== endpoint) return;
    this.#lists[endpoint.listedAs].remove(endpoint);
    if (endpoint.isClosed) {
      this.#byAddress.delete(endpoint.address);
      return;
    }
    this.#place(endpoint, endpoint.rank);
    if (endpoint.rank !== "unusable") this.#events.usable();
  }

  suspected(endpoint: Endpoint): void {
    // Never the last half of those that could be used: when most look bad, the fault is likely elsewhere,
    // and none can be spared. One that is not connected does not count: it could not take the calls.
    const { preferred, fallback } = this.#lists;
    const ejected = fallback.items.filter((other) => other.isEjected).length;
    if (ejected + 1 > Math.floor((preferred.size + ejected) / 2)) return;
    endpoint.eject();
    this.#events.ejected(endpoint);
  }

  #place(endpoint: Endpoint, rank: Rank): void {
    endpoint.listedAs = rank;
    this.#lists[rank].add(endpoint);
  }
}
