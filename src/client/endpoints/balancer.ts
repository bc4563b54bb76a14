import {
  fewServersMax,
  firstMsMax,
  firstSlownessMax,
  noiseMs,
  startMsMax,
  startSlownessMax,
  startSlownessOfManyMax,
  unprovenCallsMax,
} from "./limits.ts";
import type { Random } from "../../base/random.ts";
import { randomInt } from "../../base/random.ts";
import type { BalancePolicy } from "./endpoint_types.ts";
import type { Loads, MethodLoads } from "./loads.ts";

/** The servers that a policy chooses from, at least one. */
export interface Candidates {
  /** The servers' rows in {@link Loads}. */
  readonly rows: readonly number[];
  /** A lower bound of the candidates' weights, best the smallest weight. */
  readonly weightMin: number;
  /**
   * An upper bound of the candidates' weights, best the largest weight: a higher bound costs draws.
   * If it equals {@link weightMin}, no weight is looked at.
   */
  readonly weightMax: number;
}

/** Candidates from a list of their rows. */
export function candidatesOf(rows: readonly number[], loads: Loads): Candidates {
  const weights = rows.map((row) => loads.weightOf(row));
  const least = weights.reduce((min, weight) => Math.min(min, weight), Infinity);
  const most = weights.reduce((max, weight) => Math.max(max, weight), 0);
  return { rows, weightMin: least, weightMax: most };
}

/**
 * Chooses one of the candidates for a call of a method, and returns its index. Pure apart from its
 * random source and the counter of round-robin. A server of weight zero gets no calls while there
 * is another.
 */
export type Pick = (candidates: Candidates, loads: MethodLoads, nowMs: number) => number;

/** Builds the policy of a name. */
export function createPick(policy: BalancePolicy, random: Random): Pick {
  switch (policy) {
    case "p2c":
      return pickOfTwo(random);
    case "random":
      return (candidates, { servers }) => weighted(candidates, servers, random);
    case "round-robin":
      return roundRobin();
    case "least-loaded":
      return leastLoaded(random);
  }
}

/**
 * Costs within this factor count as equal, since latencies are noisy. Then the server that was used
 * less recently is taken. With a coin, clients that make one call at a time would meet on one
 * server while another idles.
 */
const costTolerance = 1.5;

/** The cost of a server that has calls and never answered, so that others come first. */
const unknownCost = 1e9;

/**
 * The better of two drawn at random (Mitzenmacher, "The Power of Two Choices in Randomized Load
 * Balancing", 2001): nearly as good as comparing all, in constant time, and clients with the same
 * view do not all choose the same server.
 */
function pickOfTwo(random: Random): Pick {
  return (candidates, loads, nowMs) => {
    const { servers } = loads;
    const { rows } = candidates;
    if (rows.length === 1) return 0;
    const one = weighted(candidates, servers, random);
    const other = differentFrom(one, candidates, servers, random);
    const rowOfOne = rows[one] as number;
    const rowOfOther = rows[other] as number;
    const areJudged = loads.isJudged(rowOfOne) && loads.isJudged(rowOfOther);
    const order = areJudged
      ? byCost(loads.costOf(rowOfOne, nowMs), loads.costOf(rowOfOther, nowMs))
      : untilJudged(rowOfOne, rowOfOther, rows.length <= fewServersMax, loads, nowMs);
    if (order !== 0) return order < 0 ? one : other;
    // Different weights take effect in the draw, which this comparison must not undo.
    if (!areAlike(candidates) && servers.weightOf(rowOfOne) !== servers.weightOf(rowOfOther)) {
      return one;
    }
    // "Join-idle-queue" (Lu et al., 2011): to leave a server that has no other call would let it
    // wait. Of all clients only the one with its last answer knows, so they do not come together.
    const isOneIdle = loads.saidIdle(rowOfOne);
    if (areJudged && isOneIdle !== loads.saidIdle(rowOfOther)) return isOneIdle ? one : other;
    return servers.lastTurnOf(rowOfOne) <= servers.lastTurnOf(rowOfOther) ? one : other;
  };
}

/** Below zero: the first is better; zero: they count as equal. */
function byCost(one: number, other: number): number {
  if (one > other * costTolerance) return 1;
  return other > one * costTolerance ? -1 : 0;
}

/**
 * Compares two servers if at least one has not answered often enough to be judged. They take turns,
 * whatever each has in flight: otherwise the server that starts faster would get all calls while
 * the other one starts. This holds only for a bounded time and number of calls, since the server
 * may never answer.
 *
 * With few servers users notice how calls are shared, and calls to a slow one cost little, so first
 * answers may take far longer. With many servers no one is missed, and patience would send as many
 * calls to each slow one as there are clients.
 */
function untilJudged(
  one: number,
  other: number,
  areFew: boolean,
  loads: MethodLoads,
  nowMs: number,
): number {
  const { servers } = loads;
  const oneMs = loads.latencyOf(one, nowMs);
  const otherMs = loads.latencyOf(other, nowMs);
  const patienceMs = patienceFor(Math.max(oneMs, otherMs), areFew, true);
  const isLate = (row: number) =>
    !loads.isJudged(row) && (loads.silenceOf(row, nowMs) > patienceMs ||
      servers.inFlightOf(row) >= unprovenCallsMax);
  const isOneLate = isLate(one);
  const isOtherLate = isLate(other);
  if (isOneLate && isOtherLate) return servers.inFlightOf(one) - servers.inFlightOf(other);
  const areNew = !loads.isJudged(one) && !loads.isJudged(other);
  const haveAnswered = oneMs > 0 && otherMs > 0;
  if ((areNew || areFew && haveAnswered) && !isOneLate && !isOtherLate) {
    // Past its patience this is no start any more: the server is slow.
    const isSlow = (row: number, rowMs: number, besideMs: number) =>
      besideMs > 0 && rowMs > patienceFor(besideMs, areFew, loads.mayBeStarting(row));
    if (isSlow(one, oneMs, otherMs)) return 1;
    if (isSlow(other, otherMs, oneMs)) return -1;
    // Calls of other methods that they work on count all the same.
    return byCost(loads.othersInFlightOf(one) + 1, loads.othersInFlightOf(other) + 1);
  }
  return byCost(
    costBesides(one, other, areFew, isOneLate, loads, nowMs),
    costBesides(other, one, areFew, isOtherLate, loads, nowMs),
  );
}

/** How long a starting server may take for an answer, beside a server with this latency. */
function patienceFor(latencyMs: number, areFew: boolean, mayBeStarting: boolean): number {
  if (!areFew) return Math.max(startMsMax, startSlownessOfManyMax * latencyMs);
  return mayBeStarting
    ? Math.max(firstMsMax, firstSlownessMax * latencyMs)
    : Math.max(startMsMax, startSlownessMax * latencyMs);
}

/** The cost of a server that is not judged yet, beside another one. */
function costBesides(
  row: number,
  other: number,
  areFew: boolean,
  isLate: boolean,
  loads: MethodLoads,
  nowMs: number,
): number {
  if (loads.isJudged(row)) return loads.costOf(row, nowMs);
  const latencyMs = loads.latencyOf(row, nowMs);
  const inFlight = loads.servers.loadOf(row);
  if (isLate) return latencyMs === 0 ? unknownCost + inFlight : loads.costOf(row, nowMs);
  if (latencyMs === 0 && loads.isJudged(other)) return inFlight === 0 ? 0 : unknownCost + inFlight;
  // It counts as no worse than the other one, since its first answers only show how it starts.
  const otherMs = loads.latencyOf(other, nowMs);
  const isSlow = latencyMs > patienceFor(otherMs, areFew, loads.mayBeStarting(row));
  // Its shortest answer against the other's average would be unfair, and would undo shares: servers
  // with larger shares are judged sooner.
  const bestMs = loads.servers.weightOfOne === 0 ? Math.min(latencyMs, otherMs) : otherMs;
  const startsMs = isSlow ? latencyMs : bestMs;
  return (inFlight + 1) * (startsMs + noiseMs);
}

/** Whether all candidates weigh the same, as usual. */
function areAlike({ weightMin, weightMax }: Candidates): boolean {
  return weightMin === weightMax;
}

function differentFrom(
  one: number,
  candidates: Candidates,
  servers: Loads,
  random: Random,
): number {
  if (areAlike(candidates)) {
    // Always another one: otherwise a dead server might be drawn against itself.
    const other = randomInt(random, candidates.rows.length - 1);
    return other < one ? other : other + 1;
  }
  for (let draws = 0; draws < 4; draws++) {
    const other = weighted(candidates, servers, random);
    if (other !== one) return other;
  }
  // One server outweighs all others together, so it may be drawn twice.
  return one;
}

/**
 * Most draws that may be rejected. After that all weights are summed, which costs more but ends.
 */
const drawsMax = 16;

/**
 * Draws by weight, by rejection sampling: it costs the same for ten candidates and ten thousand.
 */
function weighted(candidates: Candidates, servers: Loads, random: Random): number {
  const { rows, weightMax } = candidates;
  if (areAlike(candidates)) return randomInt(random, rows.length);
  for (let draws = 0; draws < drawsMax; draws++) {
    const drawn = randomInt(random, rows.length);
    const weight = servers.weightOf(rows[drawn] as number);
    if (weight === weightMax || random() * weightMax < weight) return drawn;
  }
  return weightedBySum(rows, servers, random);
}

/** Draws by weight; if all weights are zero, uniformly. */
function weightedBySum(rows: readonly number[], servers: Loads, random: Random): number {
  const sum = rows.reduce((total, row) => total + servers.weightOf(row), 0);
  let left = random() * sum;
  const drawn = rows.findIndex((row) => (left -= servers.weightOf(row)) < 0);
  return drawn >= 0 ? drawn : randomInt(random, rows.length);
}

function roundRobin(): Pick {
  let next = 0;
  return ({ rows }, { servers }) => {
    for (let tries = 0; tries < rows.length; tries++) {
      const index = next++ % rows.length;
      if (servers.weightOf(rows[index] as number) > 0) return index;
    }
    return next++ % rows.length;
  };
}

function leastLoaded(random: Random): Pick {
  return ({ rows }, { servers }) => {
    // From a random start, so that ties do not all go to the first server.
    const start = randomInt(random, rows.length);
    let best = start;
    let least = loadOf(rows[start] as number, servers);
    for (let i = 1; i < rows.length; i++) {
      const index = (start + i) % rows.length;
      const load = loadOf(rows[index] as number, servers);
      if (load < least) [best, least] = [index, load];
    }
    return best;
  };
}

function loadOf(row: number, servers: Loads): number {
  const weight = servers.weightOf(row);
  return weight > 0 ? (servers.inFlightOf(row) + 1) / weight : Infinity;
}
