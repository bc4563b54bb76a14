/** Work that is asked for more often than it is worth doing. */

import type { Clock, Timer } from "../base/clock.ts";

/**
 * Runs a task when asked to, never twice at once. However often it is asked before it starts, it
 * runs once, at the earliest of the times asked for; asked while it runs, it runs once more
 * afterwards.
 */
export class CoalescedTask {
  readonly #clock: Clock;
  readonly #task: () => Promise<void>;
  /** When the next run is due, on the clock's scale. Infinity: nobody has asked. */
  #dueAtMs = Infinity;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;

  /** @param task must not reject: whom should it tell? */
  constructor(clock: Clock, task: () => Promise<void>) {
    this.#clock = clock;
    this.#task = task;
  }

  /** Asks for a run within `delayMs`. */
  request(delayMs: number): void {
    const dueAtMs = this.#clock.now() + delayMs;
    if (this.#isClosed || dueAtMs >= this.#dueAtMs) return;
    this.#dueAtMs = dueAtMs;
    if (this.#running === undefined) this.#schedule();
  }

  /** Forgets what was asked for, for good. Resolves when a run under way has ended. */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    return this.#running ?? Promise.resolve();
  }

  #schedule(): void {
    this.#timer?.cancel();
    const delayMs = Math.max(0, this.#dueAtMs - this.#clock.now());
    this.#timer = this.#clock.after(delayMs, () => void this.#run());
  }

  async #run(): Promise<void> {
    this.#dueAtMs = Infinity;
    this.#running = this.#task();
    await this.#running;
    this.#running = undefined;
    if (!this.#isClosed && this.#dueAtMs < Infinity) this.#schedule();
  }
}
