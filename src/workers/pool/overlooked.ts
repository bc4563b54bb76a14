import type { Clock } from "../../base/clock.ts";
import type { Deadline, DeadlineWheel } from "../../base/deadline_wheel.ts";
import type { ProcessorTime } from "../../base/system/processor_time.ts";
import { heldUpMs, overlooksMaxMs, overlooksPastDeadlineMaxMs } from "../limits.ts";
import type { WorkerProcess } from "../process/worker_process.ts";
import { waitsForCore } from "./core_wait.ts";
import type { WorkerSlot } from "./worker_slot.ts";

/** What {@link Overlooked} needs. */
interface OverlookedOptions {
  readonly clock: Clock;
  readonly wheel: DeadlineWheel;
  /** The workers to look at. */
  slots(): readonly WorkerSlot[];
  /** What a process has had of the processor's time; `undefined`: nobody knows. */
  processorTime(pid: number): ProcessorTime | undefined;
}

/** How often workers are checked while one of them owes an answer. */
const lookEveryMs = 100;

/**
 * Finds idle workers that do not begin their next call: a procedure has answered and then spins,
 * fills the microtask queue, or has broken something that the worker needs; or the process was
 * stopped. No deadline would ever end such a worker, and it would look like the least busy one.
 *
 * It takes two checks in a row: if the server itself was held up, it may not have read the output.
 * The time before it went on does not count, since its workers were perhaps held up, too. And one
 * that waits for a core is waited for, as the heartbeat does.
 */
export class Overlooked {
  readonly #options: OverlookedOptions;
  /** Workers that let a call's deadline pass, and since when they have been silent. */
  readonly #expiredSince = new WeakMap<WorkerProcess, number>();
  /** Idle ones past their time, and what they had had of the processor's when that was seen. */
  readonly #suspects = new WeakMap<WorkerProcess, number | undefined>();
  /** How much those have taken to which a request is still written, and when that was seen. */
  readonly #taken = new WeakMap<WorkerProcess, { readonly bytes: number; readonly atMs: number }>();
  #next: Deadline | undefined;
  /** When the server went on that had been held up. */
  #wentOnAtMs = -Infinity;

  constructor(options: OverlookedOptions) {
    this.#options = options;
  }

  /** Starts checking, since a worker was given a call. */
  watch(): void {
    if (this.#next !== undefined) return;
    const { clock, wheel } = this.#options;
    const dueMs = clock.now() + lookEveryMs;
    this.#next = wheel.add(dueMs, () => {
      this.#next = undefined;
      const nowMs = clock.now();
      if (nowMs - dueMs >= heldUpMs) this.#wentOnAtMs = nowMs;
      this.#look();
    });
  }

  /**
   * A worker let a call's deadline pass without beginning it. No other call should suffer that.
   */
  expired(slot: WorkerSlot, worker: WorkerProcess): void {
    // It was busy with the call before that one.
    if (worker.owed.load > 0) return;
    this.#expiredSince.set(worker, worker.owed.busySinceMs);
    const forMs = this.#forMs(worker, this.#options.clock.now());
    const isHeldUp = forMs < overlooksPastDeadlineMaxMs || this.#waitsForCore(worker, forMs);
    if (isHeldUp) this.watch();
    else this.#kill(slot, worker, forMs);
  }

  /** Stops checking. */
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
      // The cheap check comes first, and is nearly always false.
      const isLong = nowMs - worker.owed.busySinceMs >= limitMs;
      const forMs = isLong ? this.#forMs(worker, nowMs) : 0;
      if (forMs < limitMs) this.#suspects.delete(worker);
      else if (!this.#suspects.has(worker)) {
        this.#suspects.set(worker, this.#options.processorTime(worker.pid)?.usedMs);
      } else if (!this.#waitsForCore(worker, forMs)) this.#kill(slot, worker, forMs);
    }
    if (isAnyBusy) this.watch();
  }

  /** How long a worker has not begun its next call while this process could see it. */
  #forMs(worker: WorkerProcess, nowMs: number): number {
    const { owed } = worker;
    const readingForMs = nowMs - this.#tookAtMs(worker, nowMs) - owed.readingMs;
    return Math.min(owed.overlooksForMs(nowMs), nowMs - this.#wentOnAtMs, readingForMs);
  }

  /** When a worker was last seen to have taken some of a request that is still written to it. */
  #tookAtMs(worker: WorkerProcess, nowMs: number): number {
    const { bytesTaken } = worker;
    const last = this.#taken.get(worker);
    if (bytesTaken === undefined || bytesTaken === last?.bytes) return last?.atMs ?? -Infinity;
    this.#taken.set(worker, { bytes: bytesTaken, atMs: nowMs });
    return nowMs;
  }

  /** Whether a suspect wants a core, and has since had too little time on one to begin a call. */
  #waitsForCore(worker: WorkerProcess, forMs: number): boolean {
    const now = () => this.#options.processorTime(worker.pid);
    return waitsForCore(this.#suspects.get(worker), forMs, now);
  }

  #kill(slot: WorkerSlot, worker: WorkerProcess, forMs: number): void {
    if (slot.worker !== worker) return;
    this.#suspects.delete(worker);
    // First, so that calls which have not begun need not wait for its end.
    worker.owed.takeBack();
    slot.kill(`it did not begin a call within ${Math.round(forMs)} ms though it ran none`);
  }
}
