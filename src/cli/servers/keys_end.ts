import { endsSoon, expiryText } from "../../keys/expiry.ts";

/** A warning about a server's keys that end soon; `undefined` if there is none to give. */
export function keysEndText(validToMs: number | undefined, nowMs: number): string | undefined {
  if (validToMs === undefined || !endsSoon(validToMs, nowMs)) return undefined;
  return `its keys end: ${expiryText(validToMs, nowMs)}`;
}
