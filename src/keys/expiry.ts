/** How long a certificate is good still, in words. */

const dayMs = 24 * 60 * 60 * 1_000;

/** So long before a certificate ends everybody who looks is told. */
const warnedDays = 30;

/** So long before a certificate ends it is renewed. */
const renewedDays = 60;

/** Whole days until a moment; negative when it is past. */
export function wholeDaysLeft(validToMs: number, nowMs: number): number {
  return Math.floor((validToMs - nowMs) / dayMs);
}

/** `2027-01-31, 42 days left`, or that it is over. */
export function expiryText(validToMs: number, nowMs: number): string {
  const days = wholeDaysLeft(validToMs, nowMs);
  const date = dateText(validToMs);
  if (days < 0) return `${date}: it has expired`;
  return `${date}, ${days} ${days === 1 ? "day" : "days"} left`;
}

/** A day, as ISO 8601 writes it, in UTC. */
export function dateText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

/** Whether a certificate ends soon enough to renew it. */
export function isToRenew(validToMs: number, nowMs: number): boolean {
  return validToMs - nowMs < renewedDays * dayMs;
}

/** Whether a certificate ends soon enough to tell of it. */
export function endsSoon(validToMs: number, nowMs: number): boolean {
  return validToMs - nowMs < warnedDays * dayMs;
}
