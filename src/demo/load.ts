/** The system's average is one over a minute: so much of what it was is left after this time. */
const averagedOverMs = 60_000;

/**
 * How many processes wanted to run in a time, from the system's averages over the last minute at
 * its beginning and its end: the latter alone still tells of what was before, and little of what
 * has just begun.
 */
export function loadDuring(before: number, after: number, elapsedMs: number): number {
  const left = Math.exp(-elapsedMs / averagedOverMs);
  return left === 1 ? after : Math.max(0, (after - before * left) / (1 - left));
}
