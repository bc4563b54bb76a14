/** How long a certificate is still valid, in words. */

const dayMs = 24 * 60 * 60 * 1_000;

/** From so many days before a certificate expires, logs, `rpc servers` and metrics tell of it. */
const warnedDays = 30;

/** From so many days before a certificate expires, a server renews it. */
const renewedDays = 60;

/** Whole days until a moment; negative when it is past. */
export function wholeDaysLeft(validToMs: number, nowMs: number): number {
  return Math.floor((validToMs - nowMs) / dayMs);
}

/** Such as `2027-01-31, 42 days left`, or that it has expired. */
export function expiryText(validToMs: number, nowMs: number): string {
  const days = wholeDaysLeft(validToMs, nowMs);
  const date = dateText(validToMs);
  if (days < 0) return `${date}: it has expired`;
  return `${date}, ${days} ${days === 1 ? "day" : "days"} left`;
}

/** Why a certificate is not valid at a moment; `undefined`: its dates allow it. */
export function dateProblem(
  { validFromMs, validToMs }: { readonly validFromMs: number; readonly validToMs: number },
  nowMs: number,
): string | undefined {
  if (nowMs < validFromMs) {
    const [now, begin] = momentTexts(nowMs, validFromMs);
    return `this machine's clock says ${now}, and its keys begin on ${begin}: is the clock wrong? ` +
      "If not, rpc keys renew";
  }
  if (nowMs <= validToMs) return undefined;
  const [end, now] = momentTexts(validToMs, nowMs);
  return `this machine's keys have expired on ${end}, and its clock says ${now}: rpc keys renew, ` +
    "or is the clock wrong?";
}

/** A date in UTC, as in ISO 8601. */
export function dateText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

/** Two moments in UTC: their dates, and the time of day too if that alone tells them apart. */
export function momentTexts(oneMs: number, otherMs: number): [string, string] {
  const isOneDay = dateText(oneMs) === dateText(otherMs);
  const textOf = (timeMs: number) =>
    isOneDay ? new Date(timeMs).toISOString().replace(/:\d\d\.\d+Z$/, "Z") : dateText(timeMs);
  return [textOf(oneMs), textOf(otherMs)];
}

/** What to do about a cluster that ends. */
export const anotherCluster =
  "move the old keys away, make another cluster (rpc keys init), and have all machines join it " +
  "(rpc keys join --force)";

/** What to do about keys that end. `isLast`: their cluster ends with them. */
export function renewalAdvice(isLast: boolean): string {
  return isLast ? `their cluster ends then too: ${anotherCluster}` : "rpc keys renew";
}

/** Whether a certificate expires soon enough to be renewed. */
export function isToRenew(validToMs: number, nowMs: number): boolean {
  return validToMs - nowMs < renewedDays * dayMs;
}

/** Whether a certificate expires soon enough to be told of. */
export function endsSoon(validToMs: number, nowMs: number): boolean {
  return validToMs - nowMs < warnedDays * dayMs;
}
