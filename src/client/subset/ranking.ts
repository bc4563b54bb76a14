import { addressOf } from "../../base/names/host_port.ts";
import type { Instance } from "../../discovery/discovery.ts";
import type { Member } from "./member.ts";

/** A server and its rank: the lowest comes first. */
export interface Ranked {
  readonly address: string;
  readonly instance: Instance;
  readonly rank: number;
  /** Its endpoint, as far as its reader has found it. */
  member: Member | undefined;
}

/**
 * A client's own order of servers: weighted rendezvous hashing (Thaler and Ravishankar, "Using
 * Name-Based Mappings to Increase Hit Rates", 1998). A server's rank depends only on its address,
 * its weight and the client. So a new or lost server does not move the others, and each client has
 * another order.
 *
 * It is by the root of the weight that a server is in more clients' orders, and by the other root
 * that it is given more calls in each (see `shares.ts`). By the whole weight most of those that
 * weigh little would be in no client's.
 *
 * Only the first servers are kept. The whole list is ranked again when they run out.
 */
export class Ranking {
  readonly #seed: number;
  /** The first servers, in order. */
  #ranked: Ranked[] = [];
  /** All servers that rank before this are in {@link #ranked}. */
  #end = Infinity;

  /** @param seed the client's own, 32 bits */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The first servers, in order. */
  get first(): readonly Ranked[] {
    return this.#ranked;
  }

  /** Whether these are all servers. */
  get isWhole(): boolean {
    return this.#end === Infinity;
  }

  /** Ranks all servers anew, and keeps the first ones. */
  rank(instances: readonly Instance[], kept: number): void {
    const ranks = this.#ranksOf(instances);
    const last = ranks.length > kept ? smallest(ranks.slice(), kept) : Infinity;
    this.#end = last;
    this.#ranked = [];
    for (let i = 0; i < ranks.length; i++) {
      const rank = ranks[i] as number;
      if (rank >= last) continue;
      const instance = instances[i] as Instance;
      this.#ranked.push({ address: addressOf(instance), instance, rank, member: undefined });
    }
    this.#ranked.sort(inOrder);
  }

  /** Adds a new or changed server. Returns whether it is among the first ones. */
  add(instance: Instance): boolean {
    const rank = this.#rankOf(instance);
    if (rank >= this.#end) return false;
    const one: Ranked = { address: addressOf(instance), instance, rank, member: undefined };
    let from = 0;
    let to = this.#ranked.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (inOrder(this.#ranked[middle] as Ranked, one) < 0) from = middle + 1;
      else to = middle;
    }
    this.#ranked.splice(from, 0, one);
    return true;
  }

  /** Removes a server. Returns whether it was among the first ones. */
  remove(address: string): boolean {
    const index = this.#ranked.findIndex((one) => one.address === address);
    if (index >= 0) this.#ranked.splice(index, 1);
    return index >= 0;
  }

  #ranksOf(instances: readonly Instance[]): Float64Array<ArrayBuffer> {
    const ranks = new Float64Array(instances.length);
    let last = "";
    let hash = hashOf(last);
    for (let i = 0; i < ranks.length; i++) {
      const instance = instances[i] as Instance;
      // In a list in order the servers of one host follow each other.
      if (instance.host !== last) hash = hashOf(last = instance.host);
      ranks[i] = this.#rankOf(instance, hash);
    }
    return ranks;
  }

  /** From 0 to 2; from 1 on for servers of weight 0. */
  #rankOf({ host, port, weight }: Instance, hashOfHost = hashOf(host)): number {
    const address = Math.imul(hashOfHost ^ port, fnvPrime);
    const hash = mixed(mixed(address ^ this.#seed) + this.#seed);
    // Neither 0 nor 1, for the sake of the logarithm.
    const draw = (hash + 0.5) / 2 ** 32;
    if (weight <= 0) return 1 + draw;
    const lateness = -Math.log(draw) / Math.sqrt(weight);
    return lateness / (1 + lateness);
  }
}

function inOrder(one: Ranked, other: Ranked): number {
  if (one.rank !== other.rank) return one.rank - other.rank;
  return one.address < other.address ? -1 : 1;
}

/**
 * The value with so many smaller ones, whose order it changes: Hoare's selection, in a time that
 * grows with their number, where sorting ten thousand takes a millisecond.
 */
function smallest(values: Float64Array, index: number): number {
  let from = 0;
  let to = values.length - 1;
  while (from < to) {
    const pivot = values[(from + to) >> 1] as number;
    let low = from;
    let high = to;
    while (low <= high) {
      while ((values[low] as number) < pivot) low++;
      while ((values[high] as number) > pivot) high--;
      if (low > high) break;
      const swapped = values[low] as number;
      values[low++] = values[high] as number;
      values[high--] = swapped;
    }
    if (index <= high) to = high;
    else if (index >= low) from = low;
    else break;
  }
  return values[index] as number;
}

const fnvPrime = 0x01000193;

/** FNV-1a of a host, to which a port is still to be added. */
function hashOf(host: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < host.length; i++) hash = Math.imul(hash ^ host.charCodeAt(i), fnvPrime);
  return hash;
}

/** MurmurHash3's finalizer, which spreads each bit over all. */
function mixed(bits: number): number {
  bits ^= bits >>> 16;
  bits = Math.imul(bits, 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
