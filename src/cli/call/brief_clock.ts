import { type Clock, systemClock, type Timer } from "../../base/clock.ts";

/**
 * The machine's clock, for a command that runs for a moment. A program's first `setTimeout` makes
 * Deno set up Node.js's timers, which takes a third of the time of an empty program. The timeout of
 * an abort signal avoids that. But its timers do not keep the process alive, so something else must
 * (here the listener for Ctrl-C), and a cancelled one is only freed when its time comes. A callback
 * that is due at once is run by a microtask.
 */
export const briefClock: Clock = {
  now: () => systemClock.now(),
  wallTimeMs: () => systemClock.wallTimeMs(),
  after,
  every(periodMs, callback) {
    let timer: Timer;
    const again = () => {
      timer = after(periodMs, () => {
        again();
        callback();
      });
    };
    again();
    return { cancel: () => timer.cancel() };
  },
};

function after(delayMs: number, callback: () => void): Timer {
  let isPending = true;
  const ring = () => {
    if (!isPending) return;
    isPending = false;
    callback();
  };
  if (delayMs <= 0) queueMicrotask(ring);
  else AbortSignal.timeout(Math.ceil(delayMs)).onabort = ring;
  return {
    cancel() {
      isPending = false;
    },
  };
}
