import type { Clock, Timer } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { endsSoon, expiryText } from "../keys/expiry.ts";
import type { KeyRing } from "../keys/key_ring.ts";

const hourMs = 60 * 60 * 1_000;

/** How often it is told that keys end soon: once a day is enough to be read, and little enough to be. */
const toldEveryMs = 24 * hourMs;

/** Tells the log, now and every day, when this machine's keys end soon or have ended. */
export function watchExpiry(keys: KeyRing, clock: Clock, log: Logger): Timer {
  let toldAtMs = -Infinity;
  const look = () => {
    const { own } = keys.current();
    const nowMs = clock.wallTimeMs();
    if (!endsSoon(own.validToMs, nowMs) || clock.now() - toldAtMs < toldEveryMs) return;
    toldAtMs = clock.now();
    log.warn(`The keys of ${own.name} end: ${expiryText(own.validToMs, nowMs)}. rpc keys renew`);
  };
  look();
  return clock.every(hourMs, look);
}
