import { Backoff } from "../../base/backoff.ts";
import { type Clock, orAborted, sleep } from "../../base/clock.ts";
import { DeadlineWheel } from "../../base/deadline_wheel.ts";
import { RpcError } from "../../base/errors.ts";
import { queueMaxDefault } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { OpenRpcDocument } from "../../procedures/openrpc.ts";
import { readParams } from "../../wire/unread/read_unread.ts";
import { Scheduler } from "./scheduler.ts";
import type { PoolTask, TaskHandle } from "./task.ts";
import { ioCallsPerWorkerMaxDefault, spawnTimeoutMsDefault } from "../limits.ts";
import type { WorkerCommand } from "../process/worker_command.ts";
import { WorkerSlot } from "./worker_slot.ts";

/** What {@link WorkerPool.start} takes. */
export interface WorkerPoolOptions {
  /** Starts one worker. */
  readonly command: WorkerCommand;
  /** Workers for `cpu` calls. If there are `io` procedures, up to two more run those. */
  readonly size: number;
  /** How many of them to start at first, if not all fit: see {@link Pool.grow}. @default size */
  readonly startWith?: number;
  /**
   * How many of each kind are kept while nobody calls. The others are started when there is work.
   * @default all
   */
  readonly sizeMin?: number | undefined;
  /** Whether all are started at once nevertheless, since there is work. @default false */
  readonly startAll?: boolean;
  /** Most calls that wait, for `cpu` and for `io` each. @default queueMaxDefault */
  readonly queueMax?: number;
  /** How long a worker may take to answer its first request. @default spawnTimeoutMsDefault */
  readonly spawnTimeoutMs?: number;
  /**
   * Most `cpu` calls in one worker, of which one runs and the others are in its pipe.
   * @default one while calls are long, more while they are short
   */
  readonly cpuCallsPerWorkerMax?: number;
  /** Most `io` calls in one worker. @default ioCallsPerWorkerMaxDefault */
  readonly ioCallsPerWorkerMax?: number;
  /** Cancels the start when it aborts. */
  readonly signal?: AbortSignal | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** What the pool is doing. */
export interface WorkerPoolStats {
  /** Most workers. */
  readonly size: number;
  /** Workers that take calls now. */
  readonly up: number;
  /** Workers with at least one call. */
  readonly busy: number;
  /** Calls that wait for a worker. */
  readonly queued: number;
  /** Workers that were started to replace one. */
  readonly restarts: number;
}

/** Runs calls: worker processes, or several groups of them. */
export interface Pool {
  /** The procedures of the workers. */
  document(): OpenRpcDocument;
  /** Takes a call; `task.done` is called when it ends. */
  submit(task: PoolTask): TaskHandle;
  /** Its current state. */
  stats(): WorkerPoolStats;
  /**
   * Starts the remaining workers, if it began with fewer. Resolves when each of them has started or
   * failed once.
   */
  grow(): Promise<void>;
  /** Resolves when it has no call left, so that {@link close} loses none. */
  finish(): Promise<void>;
  /** Refuses waiting calls, kills the workers, and resolves when they are gone. */
  close(): Promise<void>;
}

/**
 * How often a pool that is about to close checks for remaining calls. Calls do not report their
 * end, since pools rarely close.
 */
const finishCheckMs = 20;

/** Most workers for `io` calls: two, so that a hung one does not stop all calls. */
const ioWorkersMax = 2;

/** Delays between starts of workers that die by themselves. */
const restartBackoff = { baseMs: 100, maxMs: 5_000 };

/**
 * Worker processes, and the calls that wait for them.
 *
 * `cpu` and `io` calls have separate workers: a `cpu` call would block every `io` call in its
 * process while it runs, and end them all if it has to be killed.
 */
export class WorkerPool implements Pool {
  readonly #options: WorkerPoolOptions;
  readonly #cpu: Scheduler;
  readonly #io: Scheduler;
  #document: OpenRpcDocument | undefined;
  #isClosed = false;
  /** The last number of a worker: the log identifies workers by number. */
  #lastNumber = 0;

  private constructor(options: WorkerPoolOptions) {
    const { clock, queueMax = queueMaxDefault, size, sizeMin = size } = options;
    const kept = sizeMin < size ? sizeMin : Infinity;
    const shared = { clock, wheel: new DeadlineWheel(clock), queueMax, kept };
    this.#options = options;
    this.#cpu = new Scheduler({ ...shared, inOrder: true });
    this.#io = new Scheduler({ ...shared, inOrder: false });
  }

  /**
   * Starts the workers that are kept, and resolves when all of them take calls.
   *
   * @throws {Error} one does not get ready, with what it printed, or the signal's reason; no worker
   * is left running
   */
  static async start(options: WorkerPoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(options);
    try {
      await orAborted(pool.#start(), options.signal);
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  document(): OpenRpcDocument {
    // Set by start(), before anybody gets the pool.
    return this.#document as OpenRpcDocument;
  }

  submit(given: PoolTask): TaskHandle {
    let task = given;
    if (given.unread !== undefined && this.#options.command.readsAsWeDo !== true) {
      try {
        task = { ...given, params: readParams(given.unread), unread: undefined };
      } catch (error) {
        given.done({ error: RpcError.from(error) });
        return nothingToDo;
      }
    }
    return (task.kind === "io" ? this.#io : this.#cpu).submit(task);
  }

  stats(): WorkerPoolStats {
    const slots = [...this.#cpu.slots, ...this.#io.slots];
    return {
      size: slots.length,
      up: slots.filter((slot) => slot.worker !== undefined).length,
      busy: slots.filter((slot) => (slot.worker?.owed.total ?? 0) > 0).length,
      queued: this.#cpu.queued + this.#io.queued,
      restarts: slots.reduce((sum, slot) => sum + slot.restarts, 0),
    };
  }

  async grow(): Promise<void> {
    if (this.#isClosed) return;
    const { size } = this.#options;
    this.#add(this.#cpu, size);
    if (this.#hasIo()) this.#add(this.#io, ioWorkersFor(size));
    // A worker that fails to start is tried again, like one that ends later.
    await Promise.allSettled([...this.#startKept(this.#cpu), ...this.#startKept(this.#io)]);
  }

  async finish(): Promise<void> {
    while (true) {
      const { busy, queued } = this.stats();
      if (busy + queued === 0) return;
      await sleep(this.#options.clock, finishCheckMs);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#cpu.close(), this.#io.close()]);
  }

  async #start(): Promise<void> {
    const { size, startWith = size, signal } = this.#options;
    this.#add(this.#cpu, startWith);
    // At least one, which tells the procedures.
    const [document] = await Promise.all(this.#startKept(this.#cpu, 1));
    this.#document = document;
    // If it was cancelled meanwhile, nobody would end workers that are started now.
    signal?.throwIfAborted();
    if (!this.#hasIo()) return;
    this.#add(this.#io, ioWorkersFor(startWith));
    await Promise.all(this.#startKept(this.#io));
  }

  /** Starts the kept workers that were not started. */
  #startKept(scheduler: Scheduler, atLeast = 0): Promise<OpenRpcDocument>[] {
    const { size, sizeMin = size, startAll = false } = this.#options;
    const first = scheduler.slots.slice(0, startAll ? size : Math.max(sizeMin, atLeast));
    return first.filter(({ isResting }) => isResting).map((slot) => slot.start());
  }

  #hasIo(): boolean {
    return this.document().methods.some((method) => method["x-kind"] === "io");
  }

  /** Adds slots until the scheduler has so many. */
  #add(scheduler: Scheduler, size: number): void {
    const inOrder = scheduler === this.#cpu;
    const { cpuCallsPerWorkerMax, ioCallsPerWorkerMax = ioCallsPerWorkerMaxDefault } =
      this.#options;
    const { command, clock, random, log, spawnTimeoutMs = spawnTimeoutMsDefault } = this.#options;
    const missing = Math.max(0, size - scheduler.slots.length);
    const added = Array.from({ length: missing }, () =>
      new WorkerSlot({
        number: ++this.#lastNumber,
        command,
        inOrder,
        callsMax: inOrder ? cpuCallsPerWorkerMax : ioCallsPerWorkerMax,
        spawnTimeoutMs,
        backoff: new Backoff(random, restartBackoff),
        clock,
        log,
        isWanted: () => scheduler.queued > 0,
        ready: () => scheduler.pump(),
      }));
    scheduler.slots = [...scheduler.slots, ...added];
  }
}

const nothingToDo: TaskHandle = { cancel() {}, more() {} };

/** The number of workers for `io` calls, given that for `cpu` calls. */
export function ioWorkersFor(size: number): number {
  return Math.min(size, ioWorkersMax);
}
