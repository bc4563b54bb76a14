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

/** Why a certificate is not good at a moment; `undefined`: it is, as far as its dates tell. */
export function dateProblem(
  { validFromMs, validToMs }: { readonly validFromMs: number; readonly validToMs: number },
  nowMs: number,
): string | undefined {
  const today = dateText(nowMs);
  if (nowMs < validFromMs) {
    return `this machine's clock says ${today}, and its keys begin on ${dateText(validFromMs)}: ` +
      "is the clock wrong?";
  }
  if (nowMs <= validToMs) return undefined;
  return `this machine's keys have expired on ${
    dateText(validToMs)
  }, and its clock says ${today}: ` +
    "rpc keys renew, or is the clock wrong?";
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
