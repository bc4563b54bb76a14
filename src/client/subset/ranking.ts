import { addressOf } from "../../base/names/host_port.ts";
import type { Instance } from "../../discovery/discovery.ts";

/** A server and how much it is wanted: the less, the more. */
interface Ranked {
  readonly address: string;
  readonly instance: Instance;
  readonly rank: number;
}

/**
 * Servers in the order in which one client wants them: weighted rendezvous hashing (Thaler and
 * Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", 1998). What one server ranks
 * depends on nothing but its address, its weight and the client, so that one more or less moves
 * none of the others, and each client has an order of its own.
 *
 * Only the first ones are kept, and the whole list is looked through when these run out.
 */
export class Ranking {
  readonly #seed: number;
  /** The first ones, in order. */
  #ranked: Ranked[] = [];
  /** All servers that rank before this are in {@link #ranked}. */
  #end = Infinity;

  /** @param seed the client's own, 32 bits */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The first ones, in order. */
  get first(): readonly Ranked[] {
    return this.#ranked;
  }

  /** Whether these are all that there are. */
  get isWhole(): boolean {
    return this.#end === Infinity;
  }

  /** Ranks servers anew, and keeps so many. */
  rank(instances: readonly Instance[], kept: number): void {
    const ranks = Float64Array.from(instances, (instance) => this.#rankOf(instance));
    const last = ranks.length > kept ? Float64Array.from(ranks).sort()[kept] as number : Infinity;
    this.#end = last;
    this.#ranked = [];
    for (let i = 0; i < ranks.length; i++) {
      const rank = ranks[i] as number;
      const instance = instances[i] as Instance;
      if (rank < last) this.#ranked.push({ address: addressOf(instance), instance, rank });
    }
    this.#ranked.sort(inOrder);
  }

  /**
   * A server is new, or says something else of itself. Returns whether it is among the first ones.
   */
  add(instance: Instance): boolean {
    const rank = this.#rankOf(instance);
    if (rank >= this.#end) return false;
    const one = { address: addressOf(instance), instance, rank };
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

  /** A server is not there any more. Returns whether it was among the first ones. */
  remove(address: string): boolean {
    const index = this.#ranked.findIndex((one) => one.address === address);
    if (index >= 0) this.#ranked.splice(index, 1);
    return index >= 0;
  }

  /** From 0 to 2; from 1 on it is one that is to be given no calls. */
  #rankOf({ host, port, weight }: Instance): number {
    const hash = mixed(mixed(hashOf(host, port) ^ this.#seed) + this.#seed);
    // Never 0 and never 1, of which the logarithm would not do.
    const draw = (hash + 0.5) / 2 ** 32;
    if (weight <= 0) return 1 + draw;
    const lateness = -Math.log(draw) / weight;
    return lateness / (1 + lateness);
  }
}

function inOrder(one: Ranked, other: Ranked): number {
  if (one.rank !== other.rank) return one.rank - other.rank;
  return one.address < other.address ? -1 : 1;
}

/** FNV-1a of an address. */
function hashOf(host: string, port: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < host.length; i++) hash = Math.imul(hash ^ host.charCodeAt(i), 0x01000193);
  return Math.imul(hash ^ port, 0x01000193);
}

/** MurmurHash3's end, which spreads each bit over all. */
function mixed(bits: number): number {
  bits ^= bits >>> 16;
  bits = Math.imul(bits, 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
