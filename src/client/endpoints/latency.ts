/**
 * A server's recent latency for a method: a moving average whose weights decay with time, not with
 * the number of answers ("EWMA", as in Finagle's balancer). Without calls it decays, so that a
 * server which was slow for a while is tried again. These are pure functions of numbers, which
 * {@link MethodLoads} stores.
 */

/** The longest decay time, in milliseconds: after it the weight of an answer is 1/e. */
const decayMs = 10_000;

/** The decay time as a multiple of the average: a server of short calls is soon tried again. */
const decayShare = 10;

/** How long nothing decays, as a share of the decay time. */
const restShare = 0.1;

/** The shortest latency there is: 0 means that nothing is known. */
const latencyMsMin = 0.001;

/** Failures alone make no server slower than this, so that one that recovers is soon used again. */
const penaltyMsMax = 5_000;

/** An answer counts as at most this many times the average: a single pause means little. */
const slownessMax = 3;

/** The share of the average that remains after one answer. */
const kept = 0.9;

/** Answers no farther apart than this are close together: by time alone, more would remain. */
const closeMs = decayMs * (1 - kept);

/** The same after an answer in less than half of it: fast answers show what a server can do. */
const keptAfterFast = 0.5;

/**
 * Answers before a server is judged by its latency. The first ones take longer, because a process
 * has just started on either side, and judging by them would keep calls away from the server for
 * long.
 */
export const answersToJudge = 50;

/**
 * An answer counts once more for each such time that it took, in milliseconds, so that servers of
 * long calls are judged after a second or two.
 */
const weightyMs = 40;

/** How often one answer counts at most: several are needed to tell a start from normal work. */
const answerWeightMax = 10;

/**
 * The first answers, which may all be from the server's start. Each counts once, however long it
 * took, and the shortest one tells how fast the server is.
 */
export const answersOfStart = 4;

/** The weighted number of answers after one more. */
export function answersAfter(answers: number, measuredMs: number): number {
  if (answers < answersOfStart) return answers + 1;
  const weight = Math.min(1 + Math.floor(measuredMs / weightyMs), answerWeightMax);
  return Math.min(answers + weight, answersToJudge);
}

/**
 * The average after one more answer, `idleMs` after the one before.
 *
 * @param answers how many there were before, capped at `answersToJudge`
 */
export function averageWith(
  averageMs: number,
  measuredMs: number,
  idleMs: number,
  answers: number,
): number {
  const latencyMs = Math.max(measuredMs, latencyMsMin);
  if (averageMs === 0) return latencyMs;
  if (answers < answersToJudge) return Math.min(averageMs, latencyMs);
  if (latencyMs * 2 < averageMs) return mixed(averageMs, latencyMs, idleMs, keptAfterFast);
  return mixed(averageMs, Math.min(latencyMs, averageMs * slownessMax), idleMs);
}

/** The average after a call that ended at its deadline, which counts in full. */
export function averageWithLate(averageMs: number, lateMs: number, idleMs: number): number {
  return averageMs === 0 ? lateMs : mixed(averageMs, lateMs, idleMs);
}

function mixed(
  averageMs: number,
  latencyMs: number,
  idleMs: number,
  keptMax: number = kept,
): number {
  // By time alone, answers that come close together would hardly count. For those the exponential,
  // which takes a while, would be the larger one.
  const share = idleMs <= closeMs ? keptMax : Math.min(Math.exp(-idleMs / decayMs), keptMax);
  return averageMs * share + latencyMs * (1 - share);
}

/**
 * The average after the server failed a call that another one might have carried out: twice as
 * slow. Otherwise a server that fails at once, and has nothing in flight, would attract ever more
 * calls.
 */
export function penalized(averageMs: number, idleMs: number): number {
  const valueMs = Math.max(forgottenPenalty(averageMs, idleMs), 1);
  return Math.max(valueMs, Math.min(valueMs * 2, penaltyMsMax));
}

/** The average `idleMs` after the last answer; 0 if nothing is known. */
export function forgotten(averageMs: number, idleMs: number): number {
  return faded(averageMs, idleMs, Math.min(averageMs * decayShare, decayMs));
}

/** The same for an average made by {@link penalized}, which decays more slowly. */
export function forgottenPenalty(averageMs: number, idleMs: number): number {
  return faded(averageMs, idleMs, decayMs);
}

function faded(averageMs: number, idleMs: number, lengthMs: number): number {
  const restMs = lengthMs * restShare;
  // Nothing decays at first, which saves the exponential.
  return idleMs <= restMs ? averageMs : averageMs * Math.exp((restMs - idleMs) / lengthMs);
}
