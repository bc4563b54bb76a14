import type { Clock, Timer } from "../../base/clock.ts";
import { heartbeatTickMs } from "../../base/limits.ts";
import { busyShare, calmTicks, lateTickMs } from "../endpoints/limits.ts";

/** A tick that comes later than this after the last one is late. */
const timelyMsMax = heartbeatTickMs + lateTickMs;

/**
 * The time that servers have to answer attempts to connect. It is slower than the clock while this
 * process gets too little time of its machine: then answers wait unread, and who gives their
 * servers up and tries others has even more to do, and in the end reads none.
 *
 * That shows in ticks that are late.
 */
export class Patience implements Pick<Clock, "now" | "after"> {
  readonly #clock: Clock;
  #tickedAtMs: number | undefined;
  /** By how much this time is behind the clock. */
  #behindMs = 0;
  /** Ticks in a row that were not late. */
  #calmTicks = calmTicks;
  /** Whether the last tick did not count. */
  #hasSkipped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds since an arbitrary start; never goes back. */
  now(): number {
    const nowMs = this.#clock.now();
    return nowMs - this.#behindMs - this.#uncounted(nowMs);
  }

  /** Runs `callback` once, when this time has come so far. */
  after(delayMs: number, callback: () => void): Timer {
    const dueMs = this.now() + delayMs;
    const check = () => {
      const leftMs = dueMs - this.now();
      // The clock's own timers may come a little early.
      if (leftMs < 1) callback();
      else timer = this.#clock.after(leftMs, check);
    };
    let timer = this.#clock.after(delayMs, check);
    return { cancel: () => timer.cancel() };
  }

  /**
   * Called every `heartbeatTickMs`, if the process has the time. Returns whether servers may be
   * blamed for their silence since the last tick: not if this one is late. Of late ones in a row
   * each second one counts all the same, or a process that is always busy would never notice that a
   * server hangs.
   */
  tick(): boolean {
    const nowMs = this.#clock.now();
    this.#behindMs += this.#uncounted(nowMs);
    const isLate = nowMs - (this.#tickedAtMs ?? nowMs) > timelyMsMax;
    this.#tickedAtMs = nowMs;
    this.#calmTicks = isLate ? 0 : this.#calmTicks + 1;
    this.#hasSkipped = isLate && !this.#hasSkipped;
    return !this.#hasSkipped;
  }

  /** How much of the time since the last tick does not count. */
  #uncounted(nowMs: number): number {
    const sinceMs = nowMs - (this.#tickedAtMs ?? nowMs);
    const counted = Math.min(sinceMs, timelyMsMax);
    return sinceMs - (this.#calmTicks < calmTicks ? busyShare * counted : counted);
  }
}
