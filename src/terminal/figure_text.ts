/** Figures as people read them. */

/** Calls a second. */
export function perSecond(calls: number, elapsedMs: number): number {
  return elapsedMs > 0 ? calls * 1_000 / elapsedMs : 0;
}

/** Milliseconds as seconds, with more decimals for short times. */
export function seconds(ms: number): string {
  return (ms / 1_000).toFixed(ms < 10_000 ? 3 : 1);
}

/** Milliseconds with their unit. */
export function milliseconds(ms: number): string {
  return `${rounded(ms)} ms`;
}

/** A number to three significant digits. */
export function rounded(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value.toPrecision(3);
}

/** A number with its noun: `1 call`, `2 calls`, `2 retries`. */
export function counted(count: number, noun: string): string {
  if (count === 1) return `1 ${noun}`;
  return `${count} ${noun.replace(/y$/, "ie")}s`;
}
