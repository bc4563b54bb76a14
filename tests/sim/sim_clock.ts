import { setImmediate } from "node:timers";
import type { Clock, Timer } from "../../src/base/clock.ts";

/** What is to be done at one moment, in order. */
class SimTimer implements Timer {
  run: (() => void) | undefined;

  constructor(run: () => void) {
    this.run = run;
  }

  cancel(): void {
    this.run = undefined;
  }
}

/**
 * A virtual clock for many timers: time moves in whole milliseconds, and after each in which
 * something happened all promises go on as far as they can. A list for each millisecond, and a heap
 * of those moments only, since a simulation has millions of timers, most of which are cancelled.
 */
export class SimClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Map<number, SimTimer[]>();
  /** The moments that have timers, as a heap. */
  readonly #moments: number[] = [];

  now(): number {
    return this.#nowMs;
  }

  wallTimeMs(): number {
    return 1_767_225_600_000 + this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const dueMs = this.#nowMs + Math.max(0, Math.ceil(delayMs));
    const timer = new SimTimer(callback);
    const others = this.#timers.get(dueMs);
    if (others === undefined) {
      this.#timers.set(dueMs, [timer]);
      this.#push(dueMs);
    } else others.push(timer);
    return timer;
  }

  every(periodMs: number, callback: () => void): Timer {
    let next: Timer;
    const again = () => {
      next = this.after(Math.max(1, periodMs), again);
      callback();
    };
    next = this.after(Math.max(1, periodMs), again);
    return { cancel: () => next.cancel() };
  }

  /** Lets `ms` pass. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settled();
    for (
      let next = this.#moments[0];
      next !== undefined && next <= endMs;
      next = this.#moments[0]
    ) {
      this.#nowMs = next;
      if (this.#runDue(next)) await settled();
    }
    this.#nowMs = endMs;
  }

  /** Runs what is due at a moment, and what that adds to it. Returns whether there was anything. */
  #runDue(momentMs: number): boolean {
    const timers = this.#timers.get(momentMs) as SimTimer[];
    let ran = false;
    // The list grows by timers without a delay.
    for (const timer of timers) {
      const { run } = timer;
      if (run === undefined) continue;
      timer.run = undefined;
      run();
      ran = true;
    }
    this.#timers.delete(momentMs);
    this.#pop();
    return ran;
  }

  #push(momentMs: number): void {
    const heap = this.#moments;
    let at = heap.push(momentMs) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((heap[parent] as number) <= momentMs) break;
      heap[at] = heap[parent] as number;
      at = parent;
    }
    heap[at] = momentMs;
  }

  /** Takes out the earliest moment. */
  #pop(): void {
    const heap = this.#moments;
    const last = heap.pop() as number;
    if (heap.length === 0) return;
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as number) < (heap[child] as number)) child++;
      if ((heap[child] as number) >= last) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = last;
  }
}

/** Resolves when all promises have gone on as far as they can without time. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
