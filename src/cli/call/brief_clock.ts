import { type Clock, systemClock, type Timer } from "../../base/clock.ts";

/**
 * The machine's clock, for a command that runs for a moment. A program's first `setTimeout` makes
 * Deno set up Node.js's timers, which takes a third of the time of an empty program, and the first
 * timeout of an abort signal takes a twentieth. To wait for a number in memory that nobody changes
 * takes next to nothing. It does not keep the process alive, so something else must (here the
 * listener for Ctrl-C). A callback that is due at once is run by a microtask.
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
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const waiting = delayMs > 0 && Atomics.waitAsync(cell, 0, 0, delayMs);
  if (waiting && waiting.async) waiting.value.then(ring);
  else queueMicrotask(ring);
  return {
    cancel() {
      isPending = false;
      Atomics.notify(cell, 0);
    },
  };
}
