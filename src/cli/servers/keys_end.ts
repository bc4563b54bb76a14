import { endsSoon, expiryText } from "../../keys/expiry.ts";

/** What to say of a server's keys; `undefined`: nothing, they are good for long or it has none. */
export function keysEndText(validToMs: number | undefined, nowMs: number): string | undefined {
  if (validToMs === undefined || !endsSoon(validToMs, nowMs)) return undefined;
  return `its keys end: ${expiryText(validToMs, nowMs)}`;
}
