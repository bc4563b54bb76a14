import { type Clock, systemClock } from "../../src/base/clock.ts";

/**
 * The machine's clock as if it were many times slower, so that bounds on what has to be done in
 * time are as many times longer. For tests of what is done within them, on machines of any speed.
 *
 * @param slowness how many milliseconds of the machine one of this clock takes
 */
export function slowClock(slowness: number): Clock {
  return {
    now: () => systemClock.now() / slowness,
    wallTimeMs: () => systemClock.wallTimeMs(),
    after: (delayMs, ...rest) => systemClock.after(delayMs * slowness, ...rest),
    every: (periodMs, callback) => systemClock.every(periodMs * slowness, callback),
  };
}
