/** Time as everything else here sees it: injected, so that a test can hold it still. */

/** A pending timer. */
export interface Timer {
  /** Forgets the callback. Cancelling twice, or after it ran, does nothing. */
  cancel(): void;
}

/** How a timer is set. */
interface TimerOptions {
  /** Whether the process waits for it, though it had nothing else to do. @default true */
  readonly keepAlive?: boolean;
}

/**
 * A source of time. Deadlines use the monotonic {@link Clock.now}, so a set-back clock moves none.
 */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. */
  now(): number;
  /** Milliseconds since 1970 UTC, for what people and other programs read. */
  wallTimeMs(): number;
  /** Runs `callback` once, `delayMs` from now at the earliest. */
  after(delayMs: number, callback: () => void, options?: TimerOptions): Timer;
  /**
   * Runs `callback` every `periodMs` until cancelled. Does not keep the process alive by itself.
   */
  every(periodMs: number, callback: () => void): Timer;
}

// A user's module may put another clock in its place, which stands still or is none.
const now = performance.now.bind(performance);

/** The machine's own clock. */
export const systemClock: Clock = {
  now,
  wallTimeMs: () => Date.now(),
  after(delayMs, callback, { keepAlive = true } = {}) {
    // A moment that has just passed is due now; the runtime would warn of a negative delay.
    const id = setTimeout(callback, Math.max(0, delayMs));
    if (!keepAlive) Deno.unrefTimer(id);
    return { cancel: () => clearTimeout(id) };
  },
  every(periodMs, callback) {
    const id = setInterval(callback, periodMs);
    Deno.unrefTimer(id);
    return { cancel: () => clearInterval(id) };
  },
};

/** What was given the time of a look that others shared. */
export interface Stamped {
  /** Its time is that of the end of the go, this much later than it was told. */
  moved(lateMs: number): void;
}

/** Most that share a look, so that nobody's time is wrong by more than these take. */
const sharersMax = 64;

/**
 * One look at the clock for all that is made in one go, as are the calls that follow the answers of
 * one read: a look takes a tenth of such a call.
 *
 * The first in a go looks. The others are told the same time, and when the go is over, once more
 * the time of its end: so whatever they or somebody else computes in between, what they count from
 * their time comes too late by no more than that, and never too early. A go ends when the
 * microtasks that were due at its beginning have run, so it ends before anything is read.
 */
export class SharedLook {
  readonly #clock: Clock;
  #atMs: number | undefined;
  readonly #sharers: Stamped[] = [];
  #isFirst = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The one for this clock. */
  static of(clock: Clock): SharedLook {
    let look = looks.get(clock);
    if (look === undefined) looks.set(clock, look = new SharedLook(clock));
    return look;
  }

  /** The time for something that is made now. Whoever has it calls {@link share} before others. */
  now(): number {
    if (this.#sharers.length >= sharersMax) this.#end();
    this.#isFirst = this.#atMs === undefined;
    if (this.#atMs === undefined) {
      this.#atMs = this.#clock.now();
      queueMicrotask(this.#end);
    }
    return this.#atMs;
  }

  /** Has what was given the last time moved when the go is over, unless that time was its own. */
  share(stamped: Stamped): void {
    if (!this.#isFirst) this.#sharers.push(stamped);
  }

  readonly #end = (): void => {
    const sharers = this.#sharers;
    if (sharers.length > 0 && this.#atMs !== undefined) {
      const lateMs = this.#clock.now() - this.#atMs;
      for (const sharer of sharers) sharer.moved(lateMs);
      sharers.length = 0;
    }
    this.#atMs = undefined;
  };
}

const looks = new WeakMap<Clock, SharedLook>();

/**
 * Resolves after `delayMs`, or as soon as `signal` aborts (it never rejects: look at
 * `signal.aborted`).
 */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = clock.after(delayMs, done);
    signal?.addEventListener("abort", done, { once: true });
    function done() {
      timer.cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    }
  });
}

/** Resolves as soon as the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

/**
 * The promise's value, or a rejection with the signal's reason as soon as that aborts. The work
 * behind the promise goes on: ending it is up to the caller.
 */
export async function orAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (signal === undefined) return await promise;
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
