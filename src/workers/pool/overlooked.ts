import type { Clock } from "../../base/clock.ts";
import type { Deadline, DeadlineWheel } from "../../base/deadline_wheel.ts";
import { overlooksMaxMs, overlooksPastDeadlineMaxMs } from "../limits.ts";
import type { WorkerProcess } from "../process/worker_process.ts";
import type { WorkerSlot } from "./worker_slot.ts";

/** What {@link Overlooked} needs. */
interface OverlookedOptions {
  readonly clock: Clock;
  readonly wheel: DeadlineWheel;
  /** The workers to look at. */
  slots(): readonly WorkerSlot[];
}

/** How often workers are looked at while one of them owes an answer. */
const lookEveryMs = 100;

/**
 * Finds workers that have nothing to do and begin nothing all the same: a procedure that has
 * answered and then spins, fills the queue of microtasks or has broken what the worker itself
 * needs; a process that was stopped. Such a one has no call to blame and no deadline, so without
 * this it would stay for good, and would seem to be the one that is least busy.
 *
 * It is found at two looks in a row: a server that was itself held up has not read what it was
 * told.
 */
export class Overlooked {
  readonly #options: OverlookedOptions;
  /** Workers that let a call's time go by, and since when they have been silent. */
  readonly #expiredSince = new WeakMap<WorkerProcess, number>();
  readonly #suspects = new WeakSet<WorkerProcess>();
  #next: Deadline | undefined;

  constructor(options: OverlookedOptions) {
    this.#options = options;
  }

  /** A worker was given something to do. */
  watch(): void {
    if (this.#next !== undefined) return;
    const { clock, wheel } = this.#options;
    this.#next = wheel.add(clock.now() + lookEveryMs, () => {
      this.#next = undefined;
      this.#look();
    });
  }

  /**
   * A worker let the time of a call go by without beginning it. That call paid for it, and no other
   * shall.
   */
  expired(slot: WorkerSlot, worker: WorkerProcess): void {
    // It runs the call before that one.
    if (worker.owed.load > 0) return;
    this.#expiredSince.set(worker, worker.owed.busySinceMs);
    const forMs = worker.owed.overlooksForMs(this.#options.clock.now());
    if (forMs >= overlooksPastDeadlineMaxMs) this.#kill(slot, worker, forMs);
    else this.watch();
  }

  /** Looks no more. */
  stop(): void {
    this.#next?.cancel();
    this.#next = undefined;
  }

  #look(): void {
    const nowMs = this.#options.clock.now();
    let isAnyBusy = false;
    for (const slot of this.#options.slots()) {
      const { worker } = slot;
      if (worker === undefined || worker.owed.total === 0) continue;
      isAnyBusy = true;
      const isSilent = this.#expiredSince.get(worker) === worker.owed.busySinceMs;
      const limitMs = isSilent ? overlooksPastDeadlineMaxMs : overlooksMaxMs;
      // First the question that costs nothing, and whose answer is nearly always no.
      const isLong = nowMs - worker.owed.busySinceMs >= limitMs;
      const forMs = isLong ? worker.owed.overlooksForMs(nowMs) : 0;
      if (forMs < limitMs) this.#suspects.delete(worker);
      else if (this.#suspects.has(worker)) this.#kill(slot, worker, forMs);
      else this.#suspects.add(worker);
    }
    if (isAnyBusy) this.watch();
  }

  #kill(slot: WorkerSlot, worker: WorkerProcess, forMs: number): void {
    if (slot.worker !== worker) return;
    this.#suspects.delete(worker);
    // First, so that what it has not begun need not wait for its end.
    worker.owed.takeBack();
    slot.kill(`it did not begin a call within ${Math.round(forMs)} ms though it ran none`);
  }
}
