import type { Clock, Timer } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { loadLater } from "../base/system/load_later.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { KeyRing } from "../keys/key_ring.ts";

/** A program that only calls is one that runs for long from here on. Most are over by then. */
const longMs = 60 * 60 * 1_000;

const loadKeyWatch = loadLater(() => import("./running/key_watch.ts"));

/**
 * Looks after the keys of a program that calls, once it has run for an hour: as a server does, it
 * warns before they end, and renews them. Does not keep the process alive.
 */
export function tendLater(
  keys: KeyRing | undefined,
  place: { readonly discovery: Discovery; readonly service: string; readonly clock: Clock },
  log: Logger,
): Timer | undefined {
  if (keys === undefined) return undefined;
  const over = new AbortController();
  let timer: Timer;
  const tend = async () => {
    const { tendKeys } = await loadKeyWatch();
    if (over.signal.aborted) return;
    const connected = Promise.resolve();
    timer = tendKeys({ keys, place: { ...place, signal: over.signal }, log, connected });
  };
  const tendAfterAnHour = () => {
    if (over.signal.aborted) return;
    const tried = () => {
      tend().catch((error) => {
        log.warn("Cannot look after the keys yet", { reason: messageOf(error) });
        tendAfterAnHour();
      });
    };
    timer = place.clock.after(longMs, tried, { keepAlive: false });
  };
  tendAfterAnHour();
  return {
    cancel() {
      over.abort();
      timer.cancel();
    },
  };
}
