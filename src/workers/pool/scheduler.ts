import type { Clock } from "../../base/clock.ts";
import type { DeadlineWheel } from "../../base/deadline_wheel.ts";
import { Failure, RpcError } from "../../base/errors.ts";
import { processorTimeOf } from "../../base/system/processor_time.ts";
import { fairWaitMs, heldUpMs } from "../limits.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import { CallQueue } from "./call_queue.ts";
import { Fairness } from "./fairness.ts";
import { type Place, PoolCall, type PoolCallOwner } from "./pool_call.ts";
import { longCallMs } from "../process/send_ahead.ts";
import { OneAhead, placesOf } from "./one_ahead.ts";
import { Overlooked } from "./overlooked.ts";
import { Shedding } from "./shedding.ts";
import { SpareWorkers } from "./spare_workers.ts";
import type { PoolTask, TaskHandle } from "./task.ts";
import { refuseUnserved } from "./unserved.ts";
import type { WorkerProcess } from "../process/worker_process.ts";
import type { WorkerSlot } from "./worker_slot.ts";

/** What a {@link Scheduler} needs. */
interface SchedulerOptions {
  /** Whether its workers run one call at a time, so that only a kill stops a call. */
  readonly inOrder: boolean;
  /** Most calls that wait. */
  readonly queueMax: number;
  /** How many workers are kept while nobody calls; `Infinity`: all. */
  readonly kept: number;
  readonly clock: Clock;
  readonly wheel: DeadlineWheel;
}

/**
 * How long a cancelled call may take to end by itself before its worker is killed: about as long as
 * a new worker takes to start. Otherwise clients that call and disconnect could keep a server busy
 * with starting workers.
 */
const cancelGraceMs = 50;

/** The same for a stream, whose `finally` may take a moment, and for a worker that was held up. */
const longGraceMs = 500;

/** Waiting calls without time left that are refused together when a worker is free. */
const refusedTogetherMax = 64;

const itsTimeIsOver = ": its deadline passed before it began";
const closes = ": the server closes";

const inQueue: Place = { name: "queue" };

/** Calls of one kind, the workers that run them, and the queue between them. */
export class Scheduler implements PoolCallOwner {
  readonly #options: SchedulerOptions;
  readonly #queue = new CallQueue<PoolCall>();
  readonly #shedding = new Shedding(this.#queue);
  readonly #fairness: Fairness;
  #slots: readonly WorkerSlot[] = [];
  /** Workers with further calls behind the one that runs. */
  readonly #watched = new Set<WorkerProcess>();
  readonly #oneAhead: OneAhead;
  readonly #overlooked: Overlooked | undefined;
  readonly #spare: SpareWorkers | undefined;
  #isClosed = false;
  #isPumpDue = false;
  #isFairnessWatched = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    const { inOrder, clock, wheel, kept } = options;
    if (kept !== Infinity) {
      this.#spare = new SpareWorkers({ kept, clock, slots: () => this.#slots });
    }
    this.#oneAhead = new OneAhead({ clock, slots: () => this.#slots });
    if (inOrder) {
      const slots = () => this.#slots;
      this.#overlooked = new Overlooked({ clock, wheel, slots, processorTime: processorTimeOf });
    }
    this.#fairness = new Fairness({
      queue: this.#queue,
      shedding: this.#shedding,
      queueMax: options.queueMax,
      capacity: () => this.#slots.reduce((sum, { worker }) => sum + placesOf(worker), 0),
      // A worker that runs one call at a time is occupied by a single long one.
      keepable: () => options.inOrder ? this.#slots.length : Infinity,
      mayGoOn: () => this.#pumpSoon(),
    });
  }

  /** The workers' slots. Each must call {@link pump} when its worker gets ready. */
  get slots(): readonly WorkerSlot[] {
    return this.#slots;
  }

  set slots(slots: readonly WorkerSlot[]) {
    this.#slots = slots;
    this.#spare?.added();
  }

  /** Calls that wait. */
  get queued(): number {
    return this.#queue.size;
  }

  /**
   * Takes a task: gives it to a worker, queues it, or refuses it. `task.done` tells the outcome.
   */
  submit(task: PoolTask): TaskHandle {
    const { clock, wheel } = this.#options;
    const nowMs = task.cameAtMs ?? clock.now();
    const call = new PoolCall(this, task, this.#fairness.of(task.caller), nowMs);
    if (this.#isClosed) {
      call.refuse("Draining", closes);
      return call;
    }
    if (task.deadlineAtMs <= nowMs) {
      call.refuse("DeadlineExceeded", itsTimeIsOver);
      return call;
    }
    const slot = this.#queue.size === 0 && this.#fairness.mayBegin(call, nowMs)
      ? this.#pick(1)
      : undefined;
    const refusal = slot === undefined ? this.#fairness.makeRoom(call) : undefined;
    if (refusal !== undefined) {
      call.settle({ error: new Failure("Overloaded", refusal) });
      return call;
    }
    call.deadline = wheel.add(task.deadlineAtMs, () => this.#expired(call));
    if (slot !== undefined) {
      this.#send(call, slot, nowMs);
    } else {
      call.place = inQueue;
      this.#queue.push(call);
      this.#fairness.lookAtRestarts(nowMs);
      this.#watchFairness();
      // The calls before it may be waiting for something other than a worker.
      this.pump();
    }
    return call;
  }

  /** Gives waiting calls to workers while there are both. */
  pump(): void {
    // A worker that got ready may be the one that has nothing to do.
    if (this.#queue.size === 0) this.#oneAhead.look(0);
    let refused = 0;
    while (this.#queue.size > 0) {
      const slot = this.#pick(this.#queue.size);
      if (slot === undefined) return this.#spare?.wanted(this.#queue.size);
      const nowMs = this.#options.clock.now();
      const call = this.#fairness.take(nowMs);
      if (call === undefined) return this.#spare?.wanted(this.#queue.size);
      // Of many calls that are due together some have not been told yet.
      if (call.deadlineAtMs <= nowMs) {
        call.refuse("DeadlineExceeded", itsTimeIsOver);
        if (++refused < refusedTogetherMax) continue;
        return void this.#options.clock.after(0, () => this.pump());
      }
      this.#send(call, slot, nowMs);
      this.#shed(nowMs);
    }
  }

  cancel(call: PoolCall): void {
    const { method } = call.task;
    if (call.place.name === "queue") {
      this.#queue.remove(call);
      call.leave();
      const message = `Cancelled ${method} before it began`;
      call.settle({ error: new Failure("Cancelled", message, "no") });
      return;
    }
    call.settle({ error: new Failure("Cancelled", `Cancelled ${method} while it ran`) });
    const graceMs = call.credit === undefined ? cancelGraceMs : longGraceMs;
    if (this.#options.inOrder) this.#askToStop(call, "was cancelled", graceMs);
    else this.#stop(call, "was cancelled");
  }

  released(): void {
    if (this.#queue.size > 0) this.#oneAhead.look(this.#queue.size);
    this.pump();
  }

  ended(slot: WorkerSlot, share: PoolCall["share"]): void {
    this.#fairness.ended(slot, share, this.#options.clock.now());
  }

  requeue(call: PoolCall): void {
    if (this.#isClosed) return call.refuse("Draining", closes);
    if (call.task.deadlineAtMs <= this.#options.clock.now()) {
      return call.refuse("DeadlineExceeded", itsTimeIsOver);
    }
    call.place = inQueue;
    this.#queue.unshift(call);
    this.#watchFairness();
    this.#pumpSoon();
  }

  /** {@link pump} once for all calls that come back together, the last one first. */
  #pumpSoon(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    queueMicrotask(() => {
      this.#isPumpDue = false;
      this.pump();
    });
  }

  /** Refuses all waiting and new calls, and ends the workers. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#overlooked?.stop();
    this.#spare?.stop();
    for (let call = this.#queue.shift(); call !== undefined; call = this.#queue.shift()) {
      call.refuse("Draining", closes);
    }
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }

  /** Checks later whether others wait while one caller has more than half of the workers. */
  #watchFairness(): void {
    if (this.#isFairnessWatched) return;
    this.#isFairnessWatched = true;
    const { clock, wheel } = this.#options;
    wheel.add(clock.now() + fairWaitMs / 2, () => {
      this.#isFairnessWatched = false;
      if (this.#isClosed) return;
      this.#oneAhead.look(this.#queue.size);
      refuseUnserved(this.#queue, this.#slots, clock.now());
      if (this.#queue.size === 0 && this.#oneAhead.isEmpty) return;
      this.#preempt(clock.now());
      this.#watchFairness();
    });
  }

  /** Makes room for callers that have waited for too long, one worker at a time. */
  #preempt(nowMs: number): void {
    while (this.#endGreedy(nowMs) && !this.#options.inOrder);
  }

  /** Stops the newest call of a caller with too much. Returns whether its place is free now. */
  #endGreedy(nowMs: number): boolean {
    const call = this.#fairness.greedy(nowMs);
    if (call?.place.name !== "worker") return false;
    // Calls that have not begun go back to the queue, which may make enough room.
    if (this.#options.inOrder) call.place.worker.owed.takeBack();
    if (call.place.name !== "worker") return true;
    const message = `Cannot finish ${call.task.method}: its caller has more than half of the ` +
      "workers, and others wait";
    call.settle({ error: new Failure("Overloaded", message, "maybe") });
    this.#stop(call, "kept others from the workers");
    return call.place.name !== "worker";
  }

  /**
   * The slot whose worker has the least to do, of those that may get more calls. A worker that owes
   * a ping's answer gets none.
   *
   * @param waiting how many calls wait
   */
  #pick(waiting: number): WorkerSlot | undefined {
    let best: WorkerSlot | undefined;
    let bestLoad = Infinity;
    // Once for all workers, as it looks at each of them.
    let mayGo: boolean | undefined;
    for (const slot of this.#slots) {
      const { worker } = slot;
      if (worker === undefined || slot.isProbed) continue;
      const { total, capacity } = worker.owed;
      if (total >= bestLoad || total >= capacity) continue;
      if (total > 0 && worker.owed.isMedium) {
        mayGo ??= this.#oneAhead.mayGo(waiting);
        if (!mayGo) continue;
      }
      if (worker.isInputFull) {
        this.#fairness.goOnWhenDrained(worker);
        continue;
      }
      best = slot;
      bestLoad = total;
      if (bestLoad === 0) break;
    }
    return best;
  }

  #shed(nowMs: number): void {
    for (let refused = 0; refused < refusedTogetherMax; refused++) {
      const call = this.#shedding.takeHopeless(nowMs);
      if (call === undefined) return;
      if (call.deadlineAtMs <= nowMs) call.refuse("DeadlineExceeded", itsTimeIsOver);
      else call.refuse("Overloaded", ` in time: ${this.#queue.size} calls come before`);
    }
  }

  #send(call: PoolCall, slot: WorkerSlot, nowMs: number): void {
    const worker = slot.worker as WorkerProcess;
    const { credit: stream, task: { method, params, unread, traceparent, caller } } = call;
    const isPlain = stream === undefined && traceparent === undefined && caller?.name === undefined;
    try {
      const options = isPlain ? undefined : { stream, traceparent, caller: caller?.name };
      const leftMs = Math.max(1, Math.round(call.task.deadlineAtMs - nowMs));
      const id = worker.request(method, params, call, leftMs, options, unread);
      call.place = { name: "worker", slot, worker, id };
      if (this.#options.inOrder && worker.owed.load > 1) this.#watch(worker);
      this.#overlooked?.watch();
      this.#spare?.wanted(this.#queue.size);
    } catch (error) {
      call.leave();
      call.settle({ error: RpcError.from(error) });
    }
  }

  /** Makes sure that no call stays behind one that turns out to be long. */
  #watch(worker: WorkerProcess): void {
    if (worker.owed.patienceMs > longCallMs) return this.#behindMedium(worker);
    if (this.#watched.has(worker)) return;
    this.#watched.add(worker);
    this.#lookLater(worker);
  }

  #lookLater(worker: WorkerProcess): void {
    const { clock, wheel } = this.#options;
    wheel.add(clock.now() + longCallMs, () => {
      const { owed } = worker;
      const isLong = clock.now() - owed.busySinceMs >= owed.patienceMs;
      if (worker.isAlive && owed.load > 1 && isLong) owed.takeBack();
      if (worker.isAlive && owed.load > 1 && owed.patienceMs === longCallMs) {
        return this.#lookLater(worker);
      }
      this.#watched.delete(worker);
      if (worker.isAlive && owed.load > 1) this.#behindMedium(worker);
    });
  }

  #behindMedium(worker: WorkerProcess): void {
    this.#oneAhead.sent(worker);
    this.#watchFairness();
  }

  #expired(call: PoolCall): void {
    // As a container is that was paused: its workers were, too, and answer as soon as they can.
    const wasHeldUp = this.#options.clock.now() - call.deadlineAtMs >= heldUpMs;
    if (call.place.name === "queue") {
      this.#queue.remove(call);
      call.refuse("DeadlineExceeded", itsTimeIsOver);
      return;
    }
    if (this.#options.inOrder && call.place.name === "worker") {
      const { slot, worker, id } = call.place;
      // Calls that have not begun are taken back, and come to requeue().
      const begun = worker.owed.takeBack();
      if (begun !== undefined && begun < id) {
        if (!wasHeldUp) this.#overlooked?.expired(slot, worker);
        return;
      }
    }
    const message = `Cannot finish ${call.task.method} before its deadline`;
    call.settle({ error: new Failure("DeadlineExceeded", message) });
    // A stream that waits for credit ends at once when asked.
    if (this.#options.inOrder && (call.credit !== undefined || wasHeldUp)) {
      this.#askToStop(call, "overran its deadline", longGraceMs);
    } else {
      this.#stop(call, "overran its deadline");
    }
  }

  /** Gives a cancelled call a moment to end by itself. */
  #askToStop(call: PoolCall, why: string, graceMs: number): void {
    const { clock, wheel } = this.#options;
    if (call.place.name !== "worker") return;
    const { worker, id } = call.place;
    worker.notify(reservedMethods.cancel, { id });
    call.deadline = wheel.add(clock.now() + graceMs, () => this.#stop(call, why));
  }

  /** Frees the worker of a cancelled call. */
  #stop(call: PoolCall, why: string): void {
    if (call.place.name !== "worker") return;
    const { slot, worker, id } = call.place;
    // This worker is being killed already, and its last output is being read.
    if (slot.worker !== worker) return;
    if (!this.#options.inOrder) {
      worker.owed.forget(id);
      call.leave();
      worker.notify(reservedMethods.cancel, { id });
      slot.probe();
      this.pump();
      return;
    }
    // Its answer may be on the way, and the next call may have begun, which must not be killed.
    const begun = worker.owed.takeBack();
    if (call.place.name !== "worker") return;
    if (begun === undefined ? worker.owed.isFirst(id) : begun === id) {
      slot.kill(`${call.task.method} ${why}`);
    } else if (begun === undefined) {
      worker.notify(reservedMethods.cancel, { id });
    } else if (begun < id) {
      this.#overlooked?.expired(slot, worker);
    }
  }
}
