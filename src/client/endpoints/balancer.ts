import {
  fewServersMax,
  firstMsMax,
  firstSlownessMax,
  startMsMax,
  startSlownessMax,
  startSlownessOfManyMax,
  unprovenCallsMax,
} from "./limits.ts";
import type { Random } from "../../base/random.ts";
import { randomInt } from "../../base/random.ts";
import type { BalancePolicy } from "./endpoint_types.ts";
import type { Loads, MethodLoads } from "./loads.ts";

/** What a policy chooses from: at least one server. */
export interface Candidates {
  /** The servers' rows in {@link Loads}. */
  readonly rows: readonly number[];
  /** No candidate weighs less. Best the weight of the lightest: a lower bound will do. */
  readonly weightMin: number;
  /**
   * No candidate weighs more. Best the weight of the heaviest: an upper bound will do, and costs
   * draws. If it equals {@link weightMin} nobody's weight is looked at.
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
 * Chooses one of the candidates for a call of a method, and returns its index among them. Pure but
 * for what it is given (round-robin counts). A weight of zero takes no calls while there is
 * another.
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
 * Costs this close to each other say nothing, since latencies are noisy. The server that was used
 * less recently is taken then: by a coin, clients that make one call at a time, and see nothing in
 * flight, would meet on one server while another idles.
 */
const costTolerance = 1.5;

/**
 * Added to each latency: machines differ by less than this for reasons that are not the server's.
 */
const noiseMs = 1;

/**
 * The cost of a server that has calls and has never answered: nothing is known of it, so others
 * come first.
 */
const unknownCost = 1e9;

/**
 * The better of two drawn at random (Mitzenmacher, "The Power of Two Choices in Randomized Load
 * Balancing", 2001): nearly as good as looking at all, in constant time, and clients that see the
 * same picture do not all run to the same server.
 */
function pickOfTwo(random: Random): Pick {
  return (candidates, loads, nowMs) => {
    const { servers } = loads;
    const { rows } = candidates;
    const one = weighted(candidates, servers, random);
    if (rows.length === 1) return one;
    const other = differentFrom(one, candidates, servers, random);
    const rowOfOne = rows[one] as number;
    const rowOfOther = rows[other] as number;
    const order = loads.isJudged(rowOfOne) && loads.isJudged(rowOfOther)
      ? byCost(costOf(rowOfOne, loads, nowMs), costOf(rowOfOther, loads, nowMs))
      : untilJudged(rowOfOne, rowOfOther, rows.length <= fewServersMax, loads, nowMs);
    if (order !== 0) return order < 0 ? one : other;
    // Weights that differ have their effect by the draw, which this must not undo.
    if (!areAlike(candidates) && servers.weightOf(rowOfOne) !== servers.weightOf(rowOfOther)) {
      return one;
    }
    return servers.lastTurnOf(rowOfOne) <= servers.lastTurnOf(rowOfOther) ? one : other;
  };
}

/** Below zero: the first is better; zero: that they differ says nothing. */
function byCost(one: number, other: number): number {
  if (one > other * costTolerance) return 1;
  return other > one * costTolerance ? -1 : 0;
}

// Weight is not part of the cost: it has decided already how often a server is drawn.
function costOf(row: number, loads: MethodLoads, nowMs: number): number {
  const waitMs = Math.max(loads.latencyOf(row, nowMs), loads.silenceOf(row, nowMs));
  return (loads.servers.loadOf(row) + 1) * (waitMs + noiseMs);
}

/**
 * Of two servers of which one at least has not answered often enough to be judged. They take turns,
 * whatever each has in flight: the one that starts faster would else get all calls while the other
 * starts. Only for as long as a start may take, and for so many calls: behind it may be a server
 * that never answers.
 *
 * Where servers are few the user sees how calls are shared, and what a slow one is given costs
 * little: the first answers of each may take far longer. Of many nobody misses one, and patience
 * with each would send as many calls to each slow one as there are clients.
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
    // That is no start any more: it is slow.
    const isSlow = (row: number, rowMs: number, besideMs: number) =>
      besideMs > 0 && rowMs > patienceFor(besideMs, areFew, loads.mayBeStarting(row));
    if (isSlow(one, oneMs, otherMs)) return 1;
    if (isSlow(other, otherMs, oneMs)) return -1;
    // What else they have to do counts all the same.
    return byCost(loads.othersInFlightOf(one) + 1, loads.othersInFlightOf(other) + 1);
  }
  return byCost(
    costBesides(one, other, areFew, isOneLate, loads, nowMs),
    costBesides(other, one, areFew, isOtherLate, loads, nowMs),
  );
}

/** How long a start may keep an answer beside a server that takes so long. */
function patienceFor(latencyMs: number, areFew: boolean, mayBeStarting: boolean): number {
  if (!areFew) return Math.max(startMsMax, startSlownessOfManyMax * latencyMs);
  return mayBeStarting
    ? Math.max(firstMsMax, firstSlownessMax * latencyMs)
    : Math.max(startMsMax, startSlownessMax * latencyMs);
}

/** The cost of a server beside one that is judged, or answers while this one does not. */
function costBesides(
  row: number,
  other: number,
  areFew: boolean,
  isLate: boolean,
  loads: MethodLoads,
  nowMs: number,
): number {
  if (loads.isJudged(row)) return costOf(row, loads, nowMs);
  const latencyMs = loads.latencyOf(row, nowMs);
  const inFlight = loads.servers.loadOf(row);
  if (isLate) return latencyMs === 0 ? unknownCost + inFlight : costOf(row, loads, nowMs);
  if (latencyMs === 0 && loads.isJudged(other)) return inFlight === 0 ? 0 : unknownCost + inFlight;
  // It counts as no worse than the other one until that is known: its first answers show how it
  // starts.
  const otherMs = loads.latencyOf(other, nowMs);
  const isSlow = latencyMs > patienceFor(otherMs, areFew, loads.mayBeStarting(row));
  // The shortest of its answers would count against the other's average, and undo shares: those who
  // are given more calls are judged sooner.
  const bestMs = loads.servers.weightOfOne === 0 ? Math.min(latencyMs, otherMs) : otherMs;
  const startsMs = isSlow ? latencyMs : bestMs;
  return (inFlight + 1) * (startsMs + noiseMs);
}

/** Whether all weigh the same, which is usual. */
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
    // Always another one: else, of two servers, a dead one would now and then be drawn against
    // itself.
    const other = randomInt(random, candidates.rows.length - 1);
    return other < one ? other : other + 1;
  }
  for (let draws = 0; draws < 4; draws++) {
    const other = weighted(candidates, servers, random);
    if (other !== one) return other;
  }
  // One weight outweighs all others together: then it is right that it meets itself.
  return one;
}

/**
 * Draws that may be rejected. Past them all weights are summed up, which costs more and always
 * ends.
 */
const drawsMax = 16;

/**
 * Drawn by weight: by rejection, so that it costs the same for ten candidates and for ten thousand.
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

/** Drawn by weight; where nobody has any, from all alike. */
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
    // From a random start, so that ties do not all go to the first of the list.
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
