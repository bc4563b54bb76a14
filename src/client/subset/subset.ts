import type { Clock } from "../../base/clock.ts";
import { addressOf } from "../../base/names/host_port.ts";
import type { Random } from "../../base/random.ts";
import type { Change, Instance } from "../../discovery/discovery.ts";
import type { Loads } from "../endpoints/loads.ts";
import {
  callsPerServer,
  leavesShare,
  rankedShare,
  searchedShare,
  shrinkMs,
  spareShare,
  sparesMin,
  subsetGrowthMax,
  subsetGrowthShare,
  surplusMs,
  triesMaxShare,
  triesShare,
  untriedMsMax,
} from "./limits.ts";
import type { Member } from "./member.ts";
import { type Ranked, Ranking } from "./ranking.ts";
import { Shares } from "./shares.ts";

/** The set of endpoints, as a subset needs it. */
interface Members {
  /** All endpoints, connected or not. */
  all(): Iterable<Member>;
  /** The endpoint of an address, if it has one. */
  at(address: string): Member | undefined;
  /** Connects to a server, or updates a known one. */
  list(address: string, instance: Instance): void;
  /** Whether some endpoints wait for a file handle while others can be used. */
  isShort(): boolean;
  /** Weights have changed, with the average weight, or 0 if no shares are known. */
  reweighed(weightOfOne: number): void;
}

/** Endpoints of one priority. */
interface Level {
  readonly items: readonly Member[];
}

/** How a client chooses its servers. */
interface SubsetOptions {
  /** Servers to connect to. `Infinity`: all. */
  readonly size: number;
  /** The client's zone. `undefined`: all servers are equally near. */
  readonly zone: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Chooses the servers of a large service that a client connects to: the first ones in its own
 * {@link Ranking}, and the next ones in place of those that cannot be used. The subset grows while
 * its servers are busy, and slowly shrinks again.
 *
 * If the service is no larger than the subset, the client connects to all servers, and this does
 * nothing.
 */
export class Subset {
  readonly #members: Members;
  readonly #options: SubsetOptions;
  /** The client's own, once it needs one: 32 bits. */
  #seed: number | undefined;
  /** `undefined`: the client connects to all servers. */
  #ranked: { readonly near: Ranking; readonly far: Ranking } | undefined;
  readonly #shares: Shares;
  #instances: readonly Instance[] = [];
  /** Whether the list may lack servers. */
  #isStale = false;
  #size: number;
  #calmSinceMs = 0;
  /** How many more first attempts each ranking may make. */
  readonly #tries = new Map<Ranking, number>();
  /** When the client began to connect to them. */
  readonly #since = new Map<Member, number>();
  /** Since when they have not been needed. */
  readonly #surplus = new Map<Member, number>();
  /** Servers that were left, until their calls have ended. */
  readonly #left = new Set<Member>();

  constructor(members: Members, options: SubsetOptions) {
    this.#members = members;
    this.#options = options;
    const { clock, random, size } = options;
    this.#size = size;
    this.#shares = new Shares(clock, random);
  }

  /** Whether there are more servers than the client connects to. */
  get isActive(): boolean {
    return this.#ranked !== undefined;
  }

  /** Whether there are more servers that may be connected to. */
  get hasOthers(): boolean {
    return this.isActive &&
      this.#instances.some((instance) => this.#members.at(addressOf(instance)) === undefined);
  }

  /** Whether a server is of another zone than the client. */
  isFar({ zone }: Instance): boolean {
    return this.#options.zone !== undefined && zone !== this.#options.zone;
  }

  /** Takes over a change of the registry's list, and connects as needed. */
  update({ listed, unlisted }: Change, instances: readonly Instance[], isStale: boolean): void {
    this.#instances = instances;
    this.#isStale = isStale;
    if (instances.length <= this.#options.size) return this.#takeAll(listed);
    const isFirst = this.#ranked === undefined;
    const { near, far } = this.#ranked ?? this.#rankAll();
    let isOther = isFirst;
    // Most clients learn of a large service at once, when they know none of its servers.
    if (isFirst && isEmpty(this.#members.all())) return this.connect();
    for (const instance of unlisted) {
      const address = addressOf(instance);
      if (near.remove(address) || far.remove(address)) isOther = true;
    }
    for (const instance of listed) {
      const address = addressOf(instance);
      if (this.#members.at(address) !== undefined) this.#members.list(address, instance);
      if (isFirst) continue;
      if (near.remove(address) || far.remove(address)) isOther = true;
      if ((this.isFar(instance) ? far : near).add(instance)) isOther = true;
    }
    if (isOther) this.connect();
  }

  /** Connects to as many servers as are wanted. */
  connect(): void {
    if (this.#ranked === undefined) return;
    const { near, far } = this.#ranked;
    const nowMs = this.#options.clock.now();
    const wanted = new Set<Member>();
    // A dead zone is not searched to its end if there are other zones.
    const depth = far.first.length > 0 ? this.#size * searchedShare : Infinity;
    const found = this.#choose(near, this.#size, depth, wanted, nowMs);
    const spares = this.#options.zone === undefined
      ? 0
      : Math.max(sparesMin, Math.ceil(this.#options.size * spareShare));
    this.#choose(far, Math.max(spares, this.#size - found), Infinity, wanted, nowMs);
    this.#noteSurplus(wanted, nowMs);
  }

  /** Called every `heartbeatTickMs`. */
  tick({ items: near }: Level, { items: far }: Level, loads: Loads): void {
    for (const endpoint of this.#left) this.#finish(endpoint, loads);
    if (this.#ranked === undefined) return;
    const usable = far.length === 0 ? near : [...near, ...far];
    const nowMs = this.#options.clock.now();
    for (const [ranking, tries] of this.#tries) {
      const more = tries + Math.ceil(triesShare * this.#size);
      this.#tries.set(ranking, Math.min(more, triesMaxShare * this.#size));
    }
    this.#resize(usable, loads, nowMs);
    this.connect();
    this.#leave(nowMs);
    if (this.#shares.tick(usable)) this.#members.reweighed(this.#shares.weightOfOne);
  }

  /** Connects to all servers, since there are no more than are wanted. */
  #takeAll(listed: readonly Instance[]): void {
    if (this.#ranked === undefined) {
      for (const instance of listed) this.#members.list(addressOf(instance), instance);
      return;
    }
    this.#ranked = undefined;
    this.#tries.clear();
    this.#size = this.#options.size;
    this.#since.clear();
    this.#surplus.clear();
    this.#shares.forget();
    this.#members.reweighed(0);
    for (const instance of this.#instances) this.#members.list(addressOf(instance), instance);
  }

  #rankAll(): { readonly near: Ranking; readonly far: Ranking } {
    this.#seed ??= Math.floor(this.#options.random() * 2 ** 32);
    this.#ranked = { near: new Ranking(this.#seed), far: new Ranking(this.#seed) };
    for (const ranking of Object.values(this.#ranked)) {
      this.#rankMore(ranking, this.#size * rankedShare);
    }
    return this.#ranked;
  }

  #rankMore(ranking: Ranking, kept: number): void {
    const isFar = ranking === this.#ranked?.far;
    ranking.rank(this.#instances.filter((instance) => this.isFar(instance) === isFar), kept);
  }

  /**
   * Goes through a ranking, no further than `depth`, until there are enough servers that probably
   * work. It adds all of them to `wanted`, and returns their number.
   */
  #choose(
    ranking: Ranking,
    count: number,
    depth: number,
    wanted: Set<Member>,
    nowMs: number,
  ): number {
    let counted = 0;
    let tries = this.#tries.get(ranking) ?? triesMaxShare * this.#size;
    for (let index = 0; counted < count && index < depth; index++) {
      let one = ranking.first[index];
      if (one === undefined) {
        if (ranking.isWhole) break;
        this.#rankMore(ranking, Math.max(index, this.#size) * rankedShare);
        one = ranking.first[index];
        if (one === undefined) break;
      }
      const { instance } = one;
      // Servers of weight 0 are only used if there is no other.
      if (instance.weight <= 0 && counted > 0) break;
      let member = this.#memberOf(one);
      if (member === undefined) {
        // After many failures, not all others are tried at once.
        if (this.#members.isShort() || tries-- <= 0) break;
        this.#members.list(one.address, instance);
        member = this.#memberOf(one);
        if (member === undefined) continue;
      } else if (!member.isListed) {
        this.#members.list(one.address, instance);
      }
      wanted.add(member);
      if (instance.weight > 0 && this.#canCountOn(member, nowMs)) counted++;
    }
    this.#tries.set(ranking, Math.max(0, tries));
    return counted;
  }

  /** Found by its address once: all of them are looked at four times a second. */
  #memberOf(one: Ranked): Member | undefined {
    if (one.member?.isClosed !== false) one.member = this.#members.at(one.address);
    return one.member;
  }

  #canCountOn(endpoint: Member, nowMs: number): boolean {
    if (!endpoint.isUntried) return endpoint.isSound;
    const sinceMs = this.#since.get(endpoint);
    if (sinceMs === undefined) this.#since.set(endpoint, nowMs);
    return nowMs - (sinceMs ?? nowMs) < untriedMsMax;
  }

  #noteSurplus(wanted: ReadonlySet<Member>, nowMs: number): void {
    for (const endpoint of this.#members.all()) {
      if (wanted.has(endpoint) || !endpoint.isListed) this.#surplus.delete(endpoint);
      else if (!this.#surplus.has(endpoint)) this.#surplus.set(endpoint, nowMs);
    }
  }

  /** Grows with the calls in flight, or if most servers are busy. */
  #resize(usable: readonly Member[], loads: Loads, nowMs: number): void {
    let inFlight = 0;
    let busy = 0;
    for (const { row } of usable) {
      inFlight += loads.inFlightOf(row);
      if (loads.isBusy(row)) busy++;
    }
    const needed = Math.max(this.#options.size, Math.ceil(inFlight / callsPerServer));
    if (this.#size < needed) {
      this.#size = needed;
      this.#calmSinceMs = nowMs;
    } else if (busy * 2 >= usable.length && busy > 0) {
      const max = Math.max(needed, this.#options.size * subsetGrowthMax);
      this.#size = Math.max(
        this.#size,
        Math.min(max, Math.ceil(this.#size * (1 + subsetGrowthShare))),
      );
      this.#calmSinceMs = nowMs;
    } else if (this.#size > needed && nowMs - this.#calmSinceMs >= surplusMs) {
      this.#size -= Math.ceil((this.#size - needed) / 8);
      this.#calmSinceMs = nowMs - surplusMs + shrinkMs;
    }
  }

  /** Leaves some servers that have not been needed for a while. */
  #leave(nowMs: number): void {
    // With a list that may lack servers, none is surplus.
    if (this.#isStale) return;
    let left = Math.ceil(this.#options.size * leavesShare);
    for (const [endpoint, sinceMs] of this.#surplus) {
      if (endpoint.isClosed) this.#surplus.delete(endpoint);
      else if (nowMs - sinceMs >= surplusMs && left-- > 0) {
        this.#surplus.delete(endpoint);
        this.#left.add(endpoint);
        endpoint.unlist();
      }
    }
    for (const endpoint of this.#since.keys()) {
      if (!endpoint.isUntried) this.#since.delete(endpoint);
    }
  }

  /** Closes a server that was left, unless it is wanted again or has calls. */
  #finish(endpoint: Member, loads: Loads): void {
    if (endpoint.isListed || endpoint.isClosed) this.#left.delete(endpoint);
    else if (loads.inFlightOf(endpoint.row) === 0) {
      this.#left.delete(endpoint);
      endpoint.close();
    }
  }
}

function isEmpty(items: Iterable<unknown>): boolean {
  for (const _ of items) return false;
  return true;
}
