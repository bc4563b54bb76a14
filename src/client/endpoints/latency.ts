/**
 * A server's recent latency with a method: a moving average whose weights fall off with time, not
 * with the number of answers ("EWMA", as Finagle's balancer keeps it). One that is not used
 * forgets, so that a server which was slow for a while is tried again. Functions of numbers: where
 * these are kept is {@link MethodLoads}' business.
 */

/**
 * How long a past answer goes on to count at the most, in milliseconds: after this time its weight
 * is 1/e.
 */
const decayMs = 10_000;

/**
 * The same as a multiple of the average: what a short call took is soon tried again, at little
 * cost.
 */
const decayShare = 10;

/** How long nothing is forgotten, as a share of that time. */
const restShare = 0.1;

/** The shortest latency there is: 0 means that nothing is known. */
const latencyMsMin = 0.001;

/** Failures alone make nobody slower than this, so that one that mends is back within a minute. */
const penaltyMsMax = 5_000;

/** An answer counts as at most so many times the average: one pause says nothing of a server. */
const slownessMax = 3;

/** What one answer leaves of the average. */
const kept = 0.9;

/**
 * What is left of the average after one answer in less than half of it: fast answers show what a
 * server can do.
 */
const keptAfterFast = 0.5;

/**
 * Answers before a server is judged by its latency. The first ones take longer, of a process that
 * has just been started on either side, and would be remembered for as long as they keep others
 * away. Short calls are over before a machine has given both servers the same time, and cost little
 * where they go.
 */
export const answersToJudge = 50;

/**
 * An answer counts once more for each time that it took this, in milliseconds: a second or two will
 * do.
 */
const weightyMs = 40;

/** What one answer counts at the most: some are needed to tell a start from what follows. */
const answerWeightMax = 10;

/**
 * Answers that may all be those of a start. Each of them counts once however long it took, and the
 * shortest of them says how fast the server is.
 */
export const answersOfStart = 4;

/** How many answers there have been, by their weight, after one more. */
export function answersAfter(answers: number, measuredMs: number): number {
  if (answers < answersOfStart) return answers + 1;
  const weight = Math.min(1 + Math.floor(measuredMs / weightyMs), answerWeightMax);
  return Math.min(answers + weight, answersToJudge);
}

/**
 * The average after one more answer, `idleMs` after the one before.
 *
 * @param answers how many there have been before, at least `answersToJudge` of many
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

/**
 * The average after a call that ended at its deadline: that one counts in full, however few there
 * were.
 */
export function averageWithLate(averageMs: number, lateMs: number, idleMs: number): number {
  return averageMs === 0 ? lateMs : mixed(averageMs, lateMs, idleMs);
}

function mixed(
  averageMs: number,
  latencyMs: number,
  idleMs: number,
  keptMax: number = kept,
): number {
  // Answers that come close together would hardly count by time alone.
  const share = Math.min(Math.exp(-idleMs / decayMs), keptMax);
  return averageMs * share + latencyMs * (1 - share);
}

/**
 * The average after the server failed a call that another one might have carried out. It counts as
 * twice as slow as it was: one that fails at once has nothing in flight, and would draw ever more
 * calls.
 */
export function penalized(averageMs: number, idleMs: number): number {
  const valueMs = Math.max(forgottenPenalty(averageMs, idleMs), 1);
  return Math.max(valueMs, Math.min(valueMs * 2, penaltyMsMax));
}

/** What is left of an average `idleMs` after the last answer; 0 if nothing is known. */
export function forgotten(averageMs: number, idleMs: number): number {
  return faded(averageMs, idleMs, Math.min(averageMs * decayShare, decayMs));
}

/**
 * What is left of what {@link penalized} made. Failures are no accident of a moment, however quick.
 */
export function forgottenPenalty(averageMs: number, idleMs: number): number {
  return faded(averageMs, idleMs, decayMs);
}

function faded(averageMs: number, idleMs: number, lengthMs: number): number {
  const restMs = lengthMs * restShare;
  // Up to that there is nothing to forget, which spares the exponential.
  return idleMs <= restMs ? averageMs : averageMs * Math.exp((restMs - idleMs) / lengthMs);
}
