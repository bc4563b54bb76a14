import type { Clock } from "../../base/clock.ts";
import type { WorkerProcess } from "../process/worker_process.ts";
import type { WorkerSlot } from "./worker_slot.ts";

/** What a {@link OneAhead} needs. */
interface OneAheadOptions {
  readonly clock: Clock;
  /** The workers of the calls. */
  slots(): readonly WorkerSlot[];
}

/**
 * Medium calls behind others in the pipes of busy workers, one each, so that a worker begins its
 * next call in the moment in which it ends one. They are there only while as many wait as there are
 * workers, and are taken back when another worker could run them sooner
 * (docs/adr/0061-one-call-ahead-of-busy-workers.md).
 *
 * As long as no worker ends a call, none could run another one, so this has no timer of its own.
 * But who waits for a caller that keeps all workers is found in the queue, so the scheduler's timer
 * for that looks here first.
 */
export class OneAhead {
  readonly #options: OneAheadOptions;
  /** Who was sent one last is the last. */
  readonly #workers = new Set<WorkerProcess>();

  constructor(options: OneAheadOptions) {
    this.#options = options;
  }

  /** Whether no call is behind another one, as far as has been looked. */
  get isEmpty(): boolean {
    return this.#workers.size === 0;
  }

  /** Whether a call may go to a busy worker, if so many wait that were sent to none. */
  mayGo(waiting: number): boolean {
    const slots = this.#options.slots();
    let behind = 0;
    for (const { worker } of slots) {
      // One that starts now is free soon.
      if (worker === undefined) return false;
      behind += Math.max(worker.owed.total - 1, 0);
    }
    return waiting + behind >= slots.length;
  }

  /** Notes that a call was sent to a worker behind another one. */
  sent(worker: WorkerProcess): void {
    this.#workers.delete(worker);
    this.#workers.add(worker);
  }

  /**
   * Takes back the calls behind one that turns out to be long, and all of them if a worker has
   * nothing to do. To be called when a call has ended, and now and then.
   *
   * @param waiting calls that were sent to no worker
   */
  look(waiting: number): void {
    if (this.#workers.size === 0) return;
    const isAnyIdle = waiting === 0 &&
      this.#options.slots().some(({ worker }) => worker?.owed.total === 0);
    const nowMs = this.#options.clock.now();
    // What goes back becomes the first of the queue.
    for (const worker of [...this.#workers].reverse()) {
      const { isAlive, owed } = worker;
      const mayWait = isAlive && owed.load > 1;
      if (mayWait && !isAnyIdle && nowMs - owed.busySinceMs < owed.patienceMs) continue;
      this.#workers.delete(worker);
      if (mayWait) owed.takeBack();
    }
  }
}

/** Calls that a caller may keep a worker busy with: one ahead has to wait for the other to end. */
export function placesOf(worker: WorkerProcess | undefined): number {
  return worker === undefined || worker.owed.isMedium ? 1 : worker.owed.capacity;
}
