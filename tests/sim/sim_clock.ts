import { setImmediate } from "node:timers";
import type { Clock, Timer } from "../../src/base/clock.ts";

interface SimTimer extends Timer {
  dueMs: number;
  order: number;
  run: (() => void) | undefined;
}

/**
 * A virtual clock for many timers: time moves in whole milliseconds, and after each in which
 * something happened all promises go on as far as they can. A heap, since a simulation has a
 * hundred thousand.
 */
export class SimClock implements Clock {
  #nowMs = 0;
  #order = 0;
  readonly #heap: SimTimer[] = [];

  now(): number {
    return this.#nowMs;
  }

  wallTimeMs(): number {
    return 1_767_225_600_000 + this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer: SimTimer = {
      dueMs: this.#nowMs + Math.max(0, Math.ceil(delayMs)),
      order: this.#order++,
      run: callback,
      cancel: () => timer.run = undefined,
    };
    this.#push(timer);
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
      let next = this.#heap[0];
      next !== undefined && next.dueMs <= endMs;
      next = this.#heap[0]
    ) {
      this.#nowMs = next.dueMs;
      let ran = false;
      for (let due = this.#due(); due !== undefined; due = this.#due()) {
        due();
        ran = true;
      }
      if (ran) await settled();
    }
    this.#nowMs = endMs;
  }

  /**
   * Takes out what the next timer does, if it is due now. Those that were cancelled are passed
   * over.
   */
  #due(): (() => void) | undefined {
    while (this.#heap[0] !== undefined && this.#heap[0].dueMs <= this.#nowMs) {
      const { run } = this.#pop();
      if (run !== undefined) return run;
    }
    return undefined;
  }

  #push(timer: SimTimer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, heap[parent] as SimTimer)) break;
      heap[at] = heap[parent] as SimTimer;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): SimTimer {
    const heap = this.#heap;
    const first = heap[0] as SimTimer;
    const last = heap.pop() as SimTimer;
    if (heap.length === 0) return first;
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as SimTimer)) child++;
      if (!isBefore(heap[child] as SimTimer, last)) break;
      heap[at] = heap[child] as SimTimer;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: SimTimer, b: SimTimer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

/** Resolves when all promises have gone on as far as they can without time. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
