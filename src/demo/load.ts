/** The time constant of the system's load average: after it, 1/e of the former value is left. */
const averagedOverMs = 60_000;

/**
 * How many processes wanted to run during a span of time. It is computed from the load averages of
 * the last minute at the beginning and at the end of the span: the latter alone still counts what
 * ran before the span, and counts too little of what has just begun.
 */
export function loadDuring(before: number, after: number, elapsedMs: number): number {
  const left = Math.exp(-elapsedMs / averagedOverMs);
  return left === 1 ? after : Math.max(0, (after - before * left) / (1 - left));
}
