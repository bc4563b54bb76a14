import type { Random } from "../base/random.ts";
import { randomInt } from "../base/random.ts";

/** What a policy looks at. */
export interface Candidate {
  /** Its share relative to others': zero takes no calls while there is another. */
  readonly weight: number;
  /** Calls of this client that it works on. */
  readonly inFlight: number;
  /** When it was last sent a call, on the clock's monotonic scale; `-Infinity` if never. */
  readonly usedAtMs: number;
  /** Its recent latency with a method, in milliseconds; 0 if nothing is known. */
  latencyOf(method: string, nowMs: number): number;
}

/** The names of the policies. */
export const balancePolicies = ["p2c", "random", "round-robin", "least-loaded"] as const;

/** How calls are spread. */
export type BalancePolicy = typeof balancePolicies[number];

/** What a policy chooses from. */
export interface Candidates<Item extends Candidate> {
  readonly items: readonly Item[];
  /** No item weighs more. Best the weight of the heaviest: an upper bound will do, and costs draws. */
  readonly weightMax: number;
}

/** Candidates from a list of them. */
export function candidatesOf<Item extends Candidate>(items: readonly Item[]): Candidates<Item> {
  return { items, weightMax: items.reduce((max, { weight }) => Math.max(max, weight), 0) };
}

/** Chooses one of at least one candidates. Pure but for what it is given (round-robin counts). */
export type Pick = <Item extends Candidate>(
  candidates: Candidates<Item>,
  method: string,
  nowMs: number,
) => Item;

/** Builds the policy of a name. */
export function createPick(policy: BalancePolicy, random: Random): Pick {
  switch (policy) {
    case "p2c":
      return pickOfTwo(random);
    case "random":
      return (candidates) => weighted(candidates, random);
    case "round-robin":
      return roundRobin();
    case "least-loaded":
      return leastLoaded(random);
  }
}

/**
 * Costs this close to each other say nothing: latencies are noisy. Then whoever was used less recently
 * is taken: clients that make one call at a time see nothing in flight, and by a coin they meet on one
 * server while another idles.
 */
const costTolerance = 1.5;

/** The cost of a server that is working and has never answered: nothing is known, so others first. */
const unknownCost = 1e9;

/**
 * The better of two drawn at random (Mitzenmacher, "The Power of Two Choices in Randomized Load
 * Balancing", 2001): nearly as good as looking at all, in constant time, and clients that see the same
 * picture do not all run to the same server.
 */
function pickOfTwo(random: Random): Pick {
  return (candidates, method, nowMs) => {
    const one = weighted(candidates, random);
    if (candidates.items.length === 1) return one;
    const other = differentFrom(one, candidates, random);
    const costOfOne = costOf(one, method, nowMs);
    const costOfOther = costOf(other, method, nowMs);
    if (costOfOne > costOfOther * costTolerance) return other;
    if (costOfOther > costOfOne * costTolerance) return one;
    // Weights that differ have their effect by the draw, which this must not undo.
    if (one.weight !== other.weight) return one;
    return one.usedAtMs <= other.usedAtMs ? one : other;
  };
}

// Weight is not part of the cost: it has decided already how often a server is drawn.
function costOf(candidate: Candidate, method: string, nowMs: number): number {
  const latencyMs = candidate.latencyOf(method, nowMs);
  if (latencyMs === 0) return candidate.inFlight === 0 ? 0 : unknownCost + candidate.inFlight;
  return (candidate.inFlight + 1) * latencyMs;
}

function differentFrom<Item extends Candidate>(
  one: Item,
  candidates: Candidates<Item>,
  random: Random,
): Item {
  for (let draws = 0; draws < 4; draws++) {
    const other = weighted(candidates, random);
    if (other !== one) return other;
  }
  // One weight outweighs all others together: then it is right that it meets itself.
  return one;
}

/** Draws that may be rejected. Past them all weights are summed up, which costs more and always ends. */
const drawsMax = 16;

/** Drawn by weight: by rejection, so that it costs the same for ten candidates and for ten thousand. */
function weighted<Item extends Candidate>(
  { items, weightMax }: Candidates<Item>,
  random: Random,
): Item {
  for (let draws = 0; draws < drawsMax; draws++) {
    const drawn = items[randomInt(random, items.length)] as Item;
    // Equal weights, the usual case, are accepted at the first draw.
    if (drawn.weight === weightMax || random() * weightMax < drawn.weight) return drawn;
  }
  return weightedBySum(items, random);
}

/** Drawn by weight; where nobody has any, from all alike. */
function weightedBySum<Item extends Candidate>(items: readonly Item[], random: Random): Item {
  const sum = items.reduce((total, { weight }) => total + weight, 0);
  let left = random() * sum;
  const drawn = items.find(({ weight }) => (left -= weight) < 0);
  return drawn ?? items[randomInt(random, items.length)] as Item;
}

function roundRobin(): Pick {
  let next = 0;
  return ({ items }) => {
    for (let tries = 0; tries < items.length; tries++) {
      const candidate = items[next++ % items.length];
      if (candidate !== undefined && candidate.weight > 0) return candidate;
    }
    return items[next++ % items.length] as typeof items[number];
  };
}

function leastLoaded(random: Random): Pick {
  return ({ items }) => {
    // From a random start, so that ties do not all go to the first of the list.
    const start = randomInt(random, items.length);
    let best = items[start] as typeof items[number];
    for (let i = 1; i < items.length; i++) {
      const candidate = items[(start + i) % items.length] as typeof best;
      if (loadOf(candidate) < loadOf(best)) best = candidate;
    }
    return best;
  };
}

function loadOf(candidate: Candidate): number {
  return candidate.weight > 0 ? (candidate.inFlight + 1) / candidate.weight : Infinity;
}
