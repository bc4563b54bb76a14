/** A time as text, to the second or the minute; `-` for 0 and for values that are no valid time. */
export function timeText(wallTimeMs: number, precision: "seconds" | "minutes"): string {
  const time = new Date(wallTimeMs);
  if (wallTimeMs === 0 || Number.isNaN(time.getTime())) return "-";
  // A year past 9999 has six digits and a sign, so the text has no fixed length.
  const text = time.toISOString();
  return `${text.slice(0, text.indexOf("T") + (precision === "seconds" ? 9 : 6))}Z`;
}
