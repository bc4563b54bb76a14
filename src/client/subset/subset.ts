import type { Clock } from "../../base/clock.ts";
import { addressOf } from "../../base/names/host_port.ts";
import { type Random, shuffled } from "../../base/random.ts";
import type { Change, Instance } from "../../discovery/discovery.ts";
import type { Loads } from "../endpoints/loads.ts";
import {
  leavesShare,
  rankedShare,
  searchedShare,
  spareShare,
  sparesMin,
  surplusMs,
  surplusShare,
  triesMaxShare,
  triesShare,
  untriedMsMax,
} from "./limits.ts";
import type { Member } from "./member.ts";
import { type Ranked, Ranking } from "./ranking.ts";
import { Shares } from "./shares.ts";
import { SubsetSize } from "./subset_size.ts";

/** The set of endpoints, as a subset needs it. */
interface Members {
  readonly loads: Loads;
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
  /** How long attempts to connect have had. */
  readonly patience: Pick<Clock, "now">;
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
  readonly #size: SubsetSize;
  /** How many more first attempts each ranking may make. */
  readonly #tries = new Map<Ranking, number>();
  /** When the client began to connect to them, by its {@link SubsetOptions.patience}. */
  readonly #since = new Map<Member, number>();
  /** Since when they have not been needed. */
  readonly #surplus = new Map<Member, number>();
  /** Servers that were left, until their calls have ended. */
  readonly #left = new Set<Member>();

  constructor(members: Members, options: SubsetOptions) {
    this.#members = members;
    this.#options = options;
    const { clock, random, size } = options;
    this.#size = new SubsetSize(size);
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

  /** How many servers of other zones are connected to in advance. */
  get #spares(): number {
    const { size, zone } = this.#options;
    return zone === undefined ? 0 : Math.max(sparesMin, Math.ceil(size * spareShare));
  }

  /** Unneeded connections that are kept for a while. */
  get #keptMax(): number {
    return Math.floor(this.#size.now * surplusShare);
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

  /**
   * Connects to as many servers as are wanted, and leaves what is too many.
   *
   * @param leaves how many may be left of those that have not been needed for a while
   */
  connect(leaves = 0): void {
    if (this.#ranked === undefined) return;
    const { near, far } = this.#ranked;
    const nowMs = this.#options.clock.now();
    const wanted = new Set<Member>();
    // A dead zone is not searched to its end if there are other zones.
    const depth = far.first.length > 0 ? this.#size.now * searchedShare : Infinity;
    const found = this.#choose(near, this.#size.now, depth, wanted);
    this.#choose(far, Math.max(this.#spares, this.#size.now - found), Infinity, wanted);
    this.#noteSurplus(wanted, nowMs);
    this.#leave(nowMs, leaves);
  }

  /** Whether so many connections are more than are wanted or kept. */
  isCrowdedBy(connections: number): boolean {
    return connections > this.#size.now + this.#spares + this.#keptMax;
  }

  /** Called every `heartbeatTickMs`. */
  tick({ items: near }: Level, { items: far }: Level): void {
    for (const endpoint of this.#left) this.#finish(endpoint);
    if (this.#ranked === undefined) return;
    const usable = far.length === 0 ? near : [...near, ...far];
    const nowMs = this.#options.clock.now();
    for (const [ranking, tries] of this.#tries) {
      const more = tries + Math.ceil(triesShare * this.#size.now);
      this.#tries.set(ranking, Math.min(more, triesMaxShare * this.#size.now));
    }
    this.#size.adapt(usable, this.#members.loads, nowMs);
    this.connect(Math.ceil(this.#options.size * leavesShare));
    if (this.#shares.tick(near, far, this.#members.loads.sent)) {
      this.#members.reweighed(this.#shares.weightOfOne);
    }
  }

  /** Connects to all servers, since there are no more than are wanted. */
  #takeAll(listed: readonly Instance[]): void {
    if (this.#ranked === undefined) return this.#listAll(listed);
    this.#ranked = undefined;
    this.#tries.clear();
    this.#size.reset();
    this.#since.clear();
    this.#surplus.clear();
    this.#shares.forget();
    this.#members.reweighed(0);
    this.#listAll(this.#instances);
  }

  /**
   * Those of the client's zone first, and each client in another order: where there are too few
   * file handles, the first ones get them.
   */
  #listAll(listed: readonly Instance[]): void {
    const inOrder = shuffled(this.#options.random, listed);
    for (const isFar of [false, true]) {
      for (const instance of inOrder) {
        if (this.isFar(instance) === isFar) this.#members.list(addressOf(instance), instance);
      }
    }
  }

  #rankAll(): { readonly near: Ranking; readonly far: Ranking } {
    this.#seed ??= Math.floor(this.#options.random() * 2 ** 32);
    this.#ranked = { near: new Ranking(this.#seed), far: new Ranking(this.#seed) };
    for (const ranking of Object.values(this.#ranked)) {
      this.#rankMore(ranking, this.#size.now * rankedShare);
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
  ): number {
    let counted = 0;
    let tries = this.#tries.get(ranking) ?? triesMaxShare * this.#size.now;
    for (let index = 0; counted < count && index < depth; index++) {
      let one = ranking.first[index];
      if (one === undefined) {
        if (ranking.isWhole) break;
        this.#rankMore(ranking, Math.max(index, this.#size.now) * rankedShare);
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
      if (instance.weight > 0 && this.#canCountOn(member)) counted++;
    }
    this.#tries.set(ranking, Math.max(0, tries));
    return counted;
  }

  /** Found by its address once: all of them are looked at four times a second. */
  #memberOf(one: Ranked): Member | undefined {
    if (one.member?.isClosed !== false) one.member = this.#members.at(one.address);
    return one.member;
  }

  #canCountOn(endpoint: Member): boolean {
    if (!endpoint.isUntried) return endpoint.isSound;
    const nowMs = this.#options.patience.now();
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

  /**
   * Leaves servers that are not needed: those without a connection, those beyond what is kept, and
   * `leaves` of the rest that have not been needed for a while.
   */
  #leave(nowMs: number, leaves: number): void {
    // With a list that may lack servers, none is surplus.
    if (this.#isStale) return;
    let tooMany = -this.#keptMax;
    for (const endpoint of this.#surplus.keys()) if (isConnected(endpoint)) tooMany++;
    let left = leaves;
    for (const [endpoint, sinceMs] of this.#surplus) {
      if (endpoint.isClosed) this.#surplus.delete(endpoint);
      else if (
        !isConnected(endpoint) || tooMany-- > 0 || nowMs - sinceMs >= surplusMs && left-- > 0
      ) {
        this.#surplus.delete(endpoint);
        this.#left.add(endpoint);
        endpoint.unlist();
        this.#finish(endpoint);
      }
    }
    for (const endpoint of this.#since.keys()) {
      if (!endpoint.isUntried) this.#since.delete(endpoint);
    }
  }

  /** Closes a server that was left, unless it is wanted again or has calls. */
  #finish(endpoint: Member): void {
    if (endpoint.isListed || endpoint.isClosed) this.#left.delete(endpoint);
    else if (this.#members.loads.inFlightOf(endpoint.row) === 0) {
      this.#left.delete(endpoint);
      endpoint.close();
    }
  }
}

function isConnected({ priority }: Member): boolean {
  return priority !== "unusable";
}

function isEmpty(items: Iterable<unknown>): boolean {
  for (const _ of items) return false;
  return true;
}
