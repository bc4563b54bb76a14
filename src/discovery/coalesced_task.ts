/** Work that is requested more often than it needs to be done. */

import type { Clock, Timer } from "../base/clock.ts";

/**
 * Runs a task on request, never twice at once. All requests before it starts lead to one run, at
 * the earliest of the requested times. Requests while it runs lead to one more run.
 */
export class CoalescedTask {
  readonly #clock: Clock;
  readonly #task: () => Promise<void>;
  /** When the next run is due, on the clock's scale. Infinity: there is no request. */
  #dueAtMs = Infinity;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;

  /** @param task must not reject, since nobody could be told */
  constructor(clock: Clock, task: () => Promise<void>) {
    this.#clock = clock;
    this.#task = task;
  }

  /** Requests a run within `delayMs`. */
  request(delayMs: number): void {
    const dueAtMs = this.#clock.now() + delayMs;
    if (this.#isClosed || dueAtMs >= this.#dueAtMs) return;
    this.#dueAtMs = dueAtMs;
    if (this.#running === undefined) this.#schedule();
  }

  /** Drops all requests, for good. Resolves when a run under way has ended. */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    return this.#running ?? Promise.resolve();
  }

  #schedule(): void {
    this.#timer?.cancel();
    const delayMs = this.#dueAtMs - this.#clock.now();
    if (delayMs > 0) this.#timer = this.#clock.after(delayMs, () => void this.#run());
    // Not by a timer, which takes two milliseconds for none.
    else queueMicrotask(() => void this.#run());
  }

  async #run(): Promise<void> {
    if (this.#isClosed) return;
    this.#dueAtMs = Infinity;
    this.#running = this.#task();
    await this.#running;
    this.#running = undefined;
    if (!this.#isClosed && this.#dueAtMs < Infinity) this.#schedule();
  }
}
