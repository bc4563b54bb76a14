import assert from "node:assert/strict";
import { DeadlineWheel } from "../../../src/base/deadline_wheel.ts";
import { RpcError } from "../../../src/base/errors.ts";
import { Pauses } from "../../../src/base/system/give_way.ts";
import { encodeError, encodeResult } from "../../../src/wire/codec.ts";
import { claimFileVariable, Claims } from "../../../src/workers/claim_file.ts";
import { aheadPatienceMs, fairWaitMs, mediumCallMs } from "../../../src/workers/limits.ts";
import { Scheduler } from "../../../src/workers/pool/scheduler.ts";
import type { Caller, TaskHandle } from "../../../src/workers/pool/task.ts";
import type { WorkerSlot } from "../../../src/workers/pool/worker_slot.ts";
import { OwedRequests } from "../../../src/workers/process/owed_requests.ts";
import type { Receiver } from "../../../src/workers/process/receiver.ts";
import type { WorkerProcess } from "../../../src/workers/process/worker_process.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

/** A worker in this process, which begins and ends calls when it is told to. */
class FakeWorker {
  readonly owed: OwedRequests;
  readonly isAlive = true;
  readonly isInputFull = false;
  readonly #claims: Claims;
  readonly #pipe: [id: number, name: string][] = [];
  readonly #began: string[];
  #running: number | undefined;

  constructor(clock: VirtualClock, began: string[]) {
    this.owed = new OwedRequests({
      ...{ inOrder: true, callsMax: undefined, isForeign: false, readsAsWeDo: true },
      clock,
      ready: () => {},
      stop: () => {},
    });
    Deno.env.set(claimFileVariable, this.owed.claimsPath as string);
    this.#claims = Claims.join() as Claims;
    this.#began = began;
  }

  get slot(): WorkerSlot {
    const worker = this as unknown as WorkerProcess;
    return { worker, isProbed: false, kill: () => {} } as unknown as WorkerSlot;
  }

  request(method: string, _params: unknown, receiver: Receiver): number {
    const id = this.owed.nextId();
    this.owed.add(id, receiver, 50);
    this.#pipe.push([id, method]);
    this.begin();
    return id;
  }

  notify(): void {}

  /** Begins the next call in its pipe, if none runs. */
  begin(): void {
    while (this.#running === undefined) {
      const [id, name] = this.#pipe.shift() ?? [];
      if (id === undefined || name === undefined) return;
      if (this.#claims.claim(id)) {
        this.#running = id;
        this.#began.push(name);
      } else {
        const error = new RpcError("Cancelled", "Taken back before it began", { executed: "no" });
        this.#answer(encodeError(id, error));
      }
    }
  }

  /** Ends its call, and begins the next one before anybody has read the answer. */
  end(): void {
    const id = this.#running as number;
    this.#running = undefined;
    this.begin();
    this.#answer(encodeResult(id, null));
  }

  close(): void {
    this.#claims.close();
    this.owed.close();
  }

  #answer(line: string): void {
    void this.owed.take([line], new Pauses());
  }
}

class Fixture implements Disposable {
  readonly clock = new VirtualClock(1_000);
  readonly began: string[] = [];
  readonly ended: string[] = [];
  readonly workers: FakeWorker[];
  readonly scheduler: Scheduler;

  constructor(size: number) {
    const { clock } = this;
    this.workers = Array.from({ length: size }, () => new FakeWorker(clock, this.began));
    const wheel = new DeadlineWheel(clock);
    const options = { inOrder: true, queueMax: 100, kept: Infinity, clock, wheel };
    this.scheduler = new Scheduler(options);
    this.scheduler.slots = this.workers.map(({ slot }) => slot);
  }

  submit(...names: readonly string[]): TaskHandle[] {
    return this.submitFor(undefined, ...names);
  }

  submitFor(caller: Caller | undefined, ...names: readonly string[]): TaskHandle[] {
    return names.map((name) =>
      this.scheduler.submit({
        ...{ method: name, kind: "cpu", params: undefined, isIdempotent: true, caller },
        deadlineAtMs: this.clock.now() + 60_000,
        done: (outcome) => this.ended.push("result" in outcome ? name : `${name} failed`),
      })
    );
  }

  /** Ends the call of a worker so many milliseconds after the last one, or after its beginning. */
  async end(worker: number, afterMs: number): Promise<void> {
    this.clock.advance(afterMs);
    this.workers[worker]?.end();
    await Promise.resolve();
  }

  /** Ends a worker, and puts another one in its place, which gets ready. */
  restart(n: number): void {
    const [old, next] = [this.workers[n], new FakeWorker(this.clock, this.began)];
    const slot = this.scheduler.slots[n] as { worker: unknown };
    slot.worker = undefined;
    old?.owed.lose("It was killed", false);
    old?.close();
    this.workers[n] = next;
    slot.worker = next;
    this.scheduler.pump();
  }

  /** Has each worker answer a call of medium length, and leaves it with another one. */
  async warmUp(): Promise<void> {
    this.submit(...this.workers.map((_, n) => `first ${n}`));
    this.submit(...this.workers.map((_, n) => `running ${n}`));
    this.clock.advance(15);
    for (const n of this.workers.keys()) await this.end(n, 0);
    this.began.length = 0;
  }

  [Symbol.dispose](): void {
    for (const worker of this.workers) worker.close();
  }
}

Deno.test("while calls of some milliseconds wait for each worker, its next one is there before it ends one", async () => {
  using fixture = new Fixture(2);
  await fixture.warmUp();
  fixture.submit("a", "b");
  assert.equal(fixture.scheduler.queued, 0);
  fixture.submit("c");
  assert.equal(fixture.scheduler.queued, 1);
  // It begins before the server has read that the one before has ended.
  fixture.clock.advance(15);
  const [worker] = fixture.workers;
  worker?.end();
  assert.deepEqual(fixture.began, ["a"]);
  assert.equal(fixture.scheduler.queued, 0);
  await fixture.end(1, 1);
  await fixture.end(0, 15);
  await fixture.end(1, 1);
  assert.deepEqual(fixture.began, ["a", "b", "c"]);
});

Deno.test("fewer calls than there are workers wait for the first that is free", async () => {
  using fixture = new Fixture(2);
  await fixture.warmUp();
  fixture.submit("a");
  assert.equal(fixture.scheduler.queued, 1);
  await fixture.end(1, 5);
  assert.deepEqual([fixture.began, fixture.scheduler.queued], [["a"], 0]);
});

Deno.test("a call behind another one goes to a worker that has nothing to do", async () => {
  using fixture = new Fixture(2);
  await fixture.warmUp();
  const [, b] = fixture.submit("a", "b");
  b?.cancel();
  // The second worker drops what was cancelled, and is idle.
  await fixture.end(1, 15);
  await fixture.end(1, 15);
  assert.deepEqual(fixture.began.toSorted(), ["a", "b"]);
  // The first one finds that it was taken back.
  await fixture.end(0, 15);
  assert.deepEqual(fixture.began.toSorted(), ["a", "b"]);
  assert.equal(fixture.workers[0]?.owed.total, 0);
});

Deno.test("calls that are taken back from several workers keep their order", async () => {
  using fixture = new Fixture(3);
  await fixture.warmUp();
  const [, , c] = fixture.submit("a", "b", "c");
  c?.cancel();
  // It ends what was cancelled, too, and is idle.
  await fixture.end(2, 15);
  await fixture.end(2, 15);
  assert.deepEqual(fixture.began, ["c", "a"]);
});

Deno.test("a call behind another one goes to a worker that is started anew", async () => {
  using fixture = new Fixture(2);
  await fixture.warmUp();
  fixture.submit("a", "b");
  await fixture.end(1, 15);
  assert.deepEqual(fixture.began, ["b"]);
  // It is killed before anybody knows that the call before the other one is long.
  fixture.clock.advance(5);
  fixture.restart(1);
  await Promise.resolve();
  assert.deepEqual(fixture.began, ["b", "a"]);
});

Deno.test("whether a call may go to a busy worker is found out once for all workers", async () => {
  const size = 32;
  using fixture = new Fixture(size);
  await fixture.warmUp();
  let looks = 0;
  for (const worker of fixture.workers) {
    const { owed } = worker;
    Object.defineProperty(worker, "owed", { get: () => (looks++, owed) });
  }
  fixture.submit("a");
  assert.equal(fixture.scheduler.queued, 1);
  assert.ok(looks < 20 * size, `${looks}`);
});

Deno.test("a call behind one that turns out to be long goes before later ones to another worker", async () => {
  using fixture = new Fixture(2);
  await fixture.warmUp();
  fixture.submit("a", "b");
  for (let n = 0; fixture.clock.now() < 1_000 + 15 + aheadPatienceMs; n++) {
    await fixture.end(1, 15);
    fixture.submit(`later ${n}`);
  }
  assert.ok(!fixture.began.includes("a"));
  // Now it does not wait any longer.
  await fixture.end(1, 15);
  await fixture.end(1, 15);
  await fixture.end(1, 15);
  assert.ok(fixture.began.includes("a"), fixture.began.join());
});

Deno.test("behind calls that take longer than medium ones none is sent", async () => {
  using fixture = new Fixture(2);
  fixture.submit("first 0", "first 1", "running 0", "running 1");
  await fixture.end(0, mediumCallMs);
  await fixture.end(1, 0);
  fixture.submit("a", "b", "c");
  assert.equal(fixture.scheduler.queued, 3);
});

for (const names of [["a"], ["a", "b"]]) {
  const where = names.length === 1 ? "in the queue" : "in pipes";
  Deno.test(`who waits ${where} for a caller that keeps all workers is served`, async () => {
    using fixture = new Fixture(2);
    await fixture.warmUp();
    const other: Caller = { key: {}, isFull: false, drained: () => Promise.resolve() };
    fixture.submitFor(other, ...names);
    assert.equal(fixture.scheduler.queued, names.length === 1 ? 1 : 0);
    await fixture.clock.advanceAsync(2 * fairWaitMs);
    assert.deepEqual(fixture.ended.slice(2), ["running 1 failed"]);
    assert.equal(fixture.scheduler.queued, names.length);
  });
}
