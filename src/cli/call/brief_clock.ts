import { type Clock, systemClock, type Timer } from "../../base/clock.ts";

/**
 * The machine's clock, for a command that runs for a moment. A program's first `setTimeout` makes
 * Deno set up timers as Node.js has them, which takes a third of the time that an empty program
 * runs. The timeout of an abort signal does without. In return its timers keep no process alive, so
 * something else must (here the listener for Ctrl-C), and one that was cancelled is only forgotten
 * when its time comes. What is due at once waits for no timer, only for its caller to be done.
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
