import type { Clock, Timer } from "../../src/base/clock.ts";

/**
 * Most timers that one step runs: a timer that always sets another due at once is a bug, not a
 * wait.
 */
const runsMax = 1_000_000;

/**
 * A clock that stands still until a test moves it. Timers run in the order in which they are due,
 * those due at the same moment in the order in which they were set, each with {@link now} at its
 * own moment.
 *
 * @example
 * ```ts
 * const clock = new VirtualClock();
 * const seen: number[] = [];
 * clock.after(10, () => seen.push(clock.now()));
 * clock.advance(25);
 * assert.deepEqual(seen, [10]);
 * ```
 */
export class VirtualClock implements Clock {
  #nowMs: number;
  #wallTimeMs: number;
  #timers: VirtualTimer[] = [];

  /**
   * @param nowMs where the monotonic scale stands at first. Default 0
   * @param wallTimeMs the time of day at first. Default 2026-01-01 UTC
   */
  constructor(nowMs = 0, wallTimeMs = 1_767_225_600_000) {
    this.#nowMs = nowMs;
    this.#wallTimeMs = wallTimeMs;
  }

  now(): number {
    return this.#nowMs;
  }

  wallTimeMs(): number {
    return this.#wallTimeMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#set(delayMs, undefined, callback);
  }

  every(periodMs: number, callback: () => void): Timer {
    return this.#set(periodMs, Math.max(periodMs, 1), callback);
  }

  /** Timers that are set: 0 says that nothing was left behind. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** When the next timer is due on the monotonic scale, or `undefined` if none is set. */
  get nextDueMs(): number | undefined {
    return this.#next()?.dueMs;
  }

  /**
   * Lets `ms` pass and runs what falls due, at its moment. Promises do not go on in between: see
   * {@link advanceAsync}.
   */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let runs = 0; this.#runNext(endMs); runs++) refuseEndless(runs);
    this.#moveTo(endMs);
  }

  /** As {@link advance}, and before and after each timer lets all promises go on that can. */
  async advanceAsync(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settled();
    for (let runs = 0; this.#runNext(endMs); runs++) {
      refuseEndless(runs);
      await settled();
    }
    this.#moveTo(endMs);
  }

  /**
   * Lets `ms` pass at once, as a suspended machine sees it: everything due runs afterwards, with
   * the clock at the end, and a periodic timer only once however many periods it missed.
   */
  jump(ms: number): void {
    this.#moveTo(this.#nowMs + ms);
    const due = this.#timers.filter((timer) => timer.dueMs <= this.#nowMs).sort(byDue);
    for (const timer of due) {
      if (this.#timers.includes(timer)) this.#run(timer);
    }
  }

  /** Lets `ms` pass in which nothing runs: what is due is so when time passes the next time. */
  stall(ms: number): void {
    this.#moveTo(this.#nowMs + ms);
  }

  /** Sets the time of day, forward or back. The monotonic scale does not notice. */
  setWallTime(wallTimeMs: number): void {
    this.#wallTimeMs = wallTimeMs;
  }

  #set(delayMs: number, periodMs: number | undefined, callback: () => void): Timer {
    const timer: VirtualTimer = {
      dueMs: this.#nowMs + Math.max(delayMs, 0),
      periodMs,
      callback,
    };
    this.#timers.push(timer);
    return { cancel: () => this.#remove(timer) };
  }

  #next(): VirtualTimer | undefined {
    let next: VirtualTimer | undefined;
    for (const timer of this.#timers) {
      if (next === undefined || timer.dueMs < next.dueMs) next = timer;
    }
    return next;
  }

  /** Runs the next timer if it is due by `endMs`, and says whether it was. */
  #runNext(endMs: number): boolean {
    const timer = this.#next();
    if (timer === undefined || timer.dueMs > endMs) return false;
    this.#moveTo(Math.max(timer.dueMs, this.#nowMs));
    this.#run(timer);
    return true;
  }

  #run(timer: VirtualTimer): void {
    this.#remove(timer);
    if (timer.periodMs !== undefined) {
      timer.dueMs = this.#nowMs + timer.periodMs;
      this.#timers.push(timer);
    }
    timer.callback();
  }

  #remove(timer: VirtualTimer): void {
    const index = this.#timers.indexOf(timer);
    if (index !== -1) this.#timers.splice(index, 1);
  }

  #moveTo(nowMs: number): void {
    this.#wallTimeMs += nowMs - this.#nowMs;
    this.#nowMs = nowMs;
  }
}

/** Resolves when every promise has gone on as far as it can without time or I/O. */
export function settled(): Promise<void> {
  // A task of the event loop comes after all microtasks, however long their chains.
  return new Promise((resolve) => setTimeout(resolve, 0));
}

interface VirtualTimer {
  dueMs: number;
  readonly periodMs: number | undefined;
  readonly callback: () => void;
}

/** `sort` is stable, so timers of one moment keep the order in which they were set. */
function byDue(a: VirtualTimer, b: VirtualTimer): number {
  return a.dueMs - b.dueMs;
}

function refuseEndless(runs: number): void {
  if (runs >= runsMax) throw new Error(`Cannot advance: ${runsMax} timers ran and more are due`);
}
