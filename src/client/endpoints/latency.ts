/**
 * A server's recent latency with a method: a moving average whose weights fall off with time, not with
 * the number of answers ("EWMA", as Finagle's balancer keeps it). One that is not used forgets, so that
 * a server which was slow for a while is tried again. Functions of numbers: where these are kept is
 * {@link MethodLoads}' business.
 */

/** How long a past answer goes on to count, in milliseconds: after this time its weight is 1/e. */
const decayMs = 10_000;

/** The shortest latency there is: 0 means that nothing is known. */
const latencyMsMin = 0.001;

/** Failures alone make nobody slower than this, so that one that mends is back within a minute. */
const penaltyMsMax = 5_000;

/** The average after one more answer, `idleMs` after the one before. */
export function averageWith(averageMs: number, measuredMs: number, idleMs: number): number {
  const latencyMs = Math.max(measuredMs, latencyMsMin);
  if (averageMs === 0) return latencyMs;
  // Answers that come close together would hardly count by time alone.
  const kept = Math.min(Math.exp(-idleMs / decayMs), 0.9);
  return averageMs * kept + latencyMs * (1 - kept);
}

/**
 * The average after the server failed a call that another one might have carried out. It counts as twice
 * as slow as it was: one that fails at once has nothing in flight, and would draw ever more calls.
 */
export function penalized(averageMs: number, idleMs: number): number {
  const valueMs = Math.max(forgotten(averageMs, idleMs), 1);
  return Math.max(valueMs, Math.min(valueMs * 2, penaltyMsMax));
}

/** What is left of an average `idleMs` after the last answer; 0 if nothing is known. */
export function forgotten(averageMs: number, idleMs: number): number {
  // Up to a second without answers is nothing to forget for, and spares the exponential.
  return idleMs < 1_000 ? averageMs : averageMs * Math.exp((1_000 - idleMs) / decayMs);
}
