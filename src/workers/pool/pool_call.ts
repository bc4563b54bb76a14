import type { Deadline } from "../../base/deadline_wheel.ts";
import { type ErrorName, Failure } from "../../base/errors.ts";
import type { UnreadJson } from "../../wire/message.ts";
import { reservedMethods } from "../../wire/reserved.ts";
import type { Share } from "./share.ts";
import type { Waiting } from "./shedding.ts";
import type { PoolTask, TaskHandle, TaskOutcome } from "./task.ts";
import type { Outcome, Receiver } from "../process/receiver.ts";
import type { WorkerProcess } from "../process/worker_process.ts";
import type { WorkerSlot } from "./worker_slot.ts";

/** Where a call is: in the queue, in a worker, or neither. */
export type Place =
  | { readonly name: "nowhere" }
  | { readonly name: "queue" }
  | {
    readonly name: "worker";
    readonly slot: WorkerSlot;
    readonly worker: WorkerProcess;
    readonly id: number;
  };

/** The scheduler, as its calls need it. */
export interface PoolCallOwner {
  cancel(call: PoolCall): void;
  /** Called when a place in a worker is free. */
  released(): void;
  /** Called when its worker died before it began. */
  requeue(call: PoolCall): void;
  /** Called when the worker in which it ran is gone. */
  ended(slot: WorkerSlot, share: Share<PoolCall>): void;
}

const nowhere: Place = { name: "nowhere" };

/**
 * One task on its way. Two things end separately: the task, when `done` is called, and the call's
 * stay in its worker, which may last longer if nobody waits for the call any more.
 */
export class PoolCall implements TaskHandle, Receiver, Waiting<PoolCall> {
  readonly task: PoolTask;
  readonly submittedAtMs: number;
  /** The share of its caller. */
  readonly share: Share<PoolCall>;
  readonly #owner: PoolCallOwner;
  #place: Place = nowhere;
  previous: PoolCall | undefined;
  next: PoolCall | undefined;
  #deadline: Deadline | undefined;
  #isSettled = false;
  #credit: number | undefined;

  constructor(owner: PoolCallOwner, task: PoolTask, share: Share<PoolCall>, nowMs: number) {
    this.#owner = owner;
    this.task = task;
    this.share = share;
    this.submittedAtMs = nowMs;
    this.#credit = task.stream?.credit;
  }

  get deadlineAtMs(): number {
    return this.task.deadlineAtMs;
  }

  get method(): string {
    return this.task.method;
  }

  get unread(): UnreadJson | undefined {
    return this.task.unread;
  }

  get place(): Place {
    return this.#place;
  }

  set place(place: Place) {
    this.share.moved(this, this.#place.name, place.name);
    this.#place = place;
  }

  /** How many more items it takes; `undefined` if it is no stream. */
  get credit(): number | undefined {
    return this.#credit;
  }

  /** Sets when the scheduler looks at this call again. */
  set deadline(deadline: Deadline | undefined) {
    this.#deadline?.cancel();
    this.#deadline = deadline;
  }

  /** Ends the task, once. */
  settle(outcome: TaskOutcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.task.done(outcome);
  }

  cancel(): void {
    if (!this.#isSettled) this.#owner.cancel(this);
  }

  more(n: number): void {
    if (this.#credit === undefined || this.#isSettled) return;
    this.#credit += n;
    const { place } = this;
    if (place.name === "worker") place.worker.notify(reservedMethods.more, { id: place.id, n });
  }

  items(items: readonly unknown[]): void {
    if (this.#credit === undefined) throw new Error("it sent items that nobody asked for");
    this.#credit -= items.length;
    if (this.#credit < 0) throw new Error("it sent more items than it was granted");
    if (!this.#isSettled) this.task.stream?.items(items);
  }

  answered(outcome: Outcome): void {
    this.leave();
    this.settle(outcome);
    this.#owner.released();
  }

  answeredUnread(json: UnreadJson): void {
    this.leave();
    this.settle({ json });
    this.#owner.released();
  }

  lost(error: Failure, begun: boolean): void {
    if (!begun && !this.#isSettled) {
      this.#owner.requeue(this);
      return;
    }
    const { place } = this;
    this.leave();
    // One that was only taken back has cost no worker.
    if (begun && place.name === "worker") this.#owner.ended(place.slot, this.share);
    this.settle({ error });
    this.#owner.released();
  }

  /** Ends it before it began. @param why goes on after `Cannot run <method>` */
  refuse(name: ErrorName, why: string): void {
    this.leave();
    this.settle({ error: new Failure(name, `Cannot run ${this.method}${why}`, "no") });
  }

  /** Marks it as in no queue and no worker any more. */
  leave(): void {
    this.deadline = undefined;
    this.place = nowhere;
  }
}
