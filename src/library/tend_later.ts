import type { Clock, Timer } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { KeyRing } from "../keys/key_ring.ts";

/** A program that only calls is one that runs for long from here on. Most are over by then. */
const longMs = 60 * 60 * 1_000;

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
  let tending: Timer | undefined;
  const tend = async () => {
    const { tendKeys } = await import("./running/key_watch.ts");
    if (over.signal.aborted) return;
    const connected = Promise.resolve();
    tending = tendKeys({ keys, place: { ...place, signal: over.signal }, log, connected });
  };
  const timer = place.clock.after(longMs, () => void tend(), { keepAlive: false });
  return {
    cancel() {
      over.abort();
      timer.cancel();
      tending?.cancel();
    },
  };
}
