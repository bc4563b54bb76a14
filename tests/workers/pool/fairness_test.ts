import assert from "node:assert/strict";
import type { Failure } from "../../../src/base/errors.ts";
import { fairWaitMs } from "../../../src/workers/limits.ts";
import type { Caller } from "../../../src/workers/pool/task.ts";
import type { TaskOutcome } from "../../../src/workers/pool/task.ts";
import { CallQueue } from "../../../src/workers/pool/call_queue.ts";
import { Fairness } from "../../../src/workers/pool/fairness.ts";
import type { PoolCall } from "../../../src/workers/pool/pool_call.ts";
import { Shedding } from "../../../src/workers/pool/shedding.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { waitFor } from "../../support/wait_for.ts";
import { type PoolHarness, withPool } from "../fixtures/harness.ts";

/** A caller that reads only when the test says so. */
class TestCaller implements Caller {
  readonly key = this;
  isFull = false;
  #reads = Promise.withResolvers<void>();

  drained(): Promise<void> {
    return this.#reads.promise;
  }

  read(): void {
    this.isFull = false;
    this.#reads.resolve();
  }
}

interface SubmitOptions {
  /** @default "cpu" */
  readonly kind?: "cpu" | "io";
  /** @default true */
  readonly isIdempotent?: boolean;
  /** @default 60_000 */
  readonly timeoutMs?: number;
}

function submit(
  { pool }: PoolHarness,
  caller: Caller,
  method: string,
  params: unknown[] = [],
  { kind = "cpu", isIdempotent = true, timeoutMs = 60_000 }: SubmitOptions = {},
): Promise<TaskOutcome> {
  return new Promise((done) =>
    pool.submit({
      method,
      kind,
      params,
      caller,
      isIdempotent,
      deadlineAtMs: systemClock.now() + timeoutMs,
      done,
    })
  );
}

function errorOf(outcome: TaskOutcome): Failure {
  assert.ok("error" in outcome);
  return outcome.error;
}

Deno.test("a call whose caller reads nothing waits, and those behind it do not", async () => {
  await withPool({}, async (harness) => {
    const [full, other] = [new TestCaller(), new TestCaller()];
    full.isFull = true;
    const waiting = submit(harness, full, "fib", [10]);
    assert.deepEqual(await submit(harness, other, "fib", [11]), { result: 89 });
    assert.equal(harness.pool.stats().queued, 1);
    full.read();
    assert.deepEqual(await waiting, { result: 55 });
  });
});

Deno.test(
  "who keeps all workers while others wait loses one call, maybe executed, and gets half from then on",
  async () => {
    await withPool({ size: 2 }, async (harness) => {
      const [greedy, other] = [new TestCaller(), new TestCaller()];
      const spins = Array.from({ length: 4 }, () => submit(harness, greedy, "spin"));
      await waitFor("all workers to be kept", () => harness.pool.stats().busy === 2);
      assert.deepEqual(await submit(harness, other, "fib", [11]), { result: 89 });
      const error = errorOf(await Promise.race(spins));
      assert.deepEqual([error.name, error.executed], ["Overloaded", "maybe"]);
      // Nobody waits between these, and still its next call does not take the place.
      for (let i = 0; i < 20; i++) {
        assert.deepEqual(await submit(harness, other, "fib", [10]), { result: 55 });
        assert.equal(harness.pool.stats().busy, 1);
      }
      assert.equal(harness.pool.stats().queued, 2);
    });
  },
);

Deno.test("who waits after it was sent ahead to a busy worker is served, too", async () => {
  await withPool({ size: 2 }, async (harness) => {
    const [greedy, other] = [new TestCaller(), new TestCaller()];
    // After short calls one is sent behind another, before it turns out that this one is long.
    for (let i = 0; i < 20; i++) await submit(harness, other, "fib", [10]);
    for (let i = 0; i < 2; i++) void submit(harness, greedy, "spin");
    assert.deepEqual(await submit(harness, other, "fib", [11]), { result: 89 });
  });
});

Deno.test("a call that may not run twice is never stopped for others' sake", async () => {
  await withPool({ size: 2 }, async (harness) => {
    const [greedy, other] = [new TestCaller(), new TestCaller()];
    const stopped: TaskOutcome[] = [];
    for (let i = 0; i < 2; i++) {
      void submit(harness, greedy, "spin", [], { isIdempotent: false })
        .then((outcome) => stopped.push(outcome));
    }
    await waitFor("all workers to be kept", () => harness.pool.stats().busy === 2);
    // Longer than others wait before an idempotent call is stopped.
    const waited = await submit(harness, other, "fib", [11], { timeoutMs: 3 * fairWaitMs });
    assert.deepEqual(errorOf(waited).executed, "no");
    assert.deepEqual(stopped, []);
    assert.equal(harness.pool.stats().busy, 2);
  });
});

Deno.test("who is alone may have all workers and the whole queue", async () => {
  await withPool({ size: 2, queueMax: 4 }, async (harness) => {
    const alone = new TestCaller();
    for (let i = 0; i < 2; i++) void submit(harness, alone, "spin");
    await waitFor("it to have all workers", () => harness.pool.stats().busy === 2);
    for (let i = 0; i < 4; i++) void submit(harness, alone, "spin");
    assert.equal(harness.pool.stats().queued, 4);
    const refused = errorOf(await submit(harness, alone, "fib", [10]));
    assert.deepEqual([refused.name, refused.executed], ["Overloaded", "no"]);
  });
});

Deno.test("a full queue makes room for others than the one who filled it, up to half", async () => {
  await withPool({ size: 1, queueMax: 4 }, async (harness) => {
    const [greedy, other] = [new TestCaller(), new TestCaller()];
    void submit(harness, greedy, "spin");
    await waitFor("it to run", () => harness.printed().includes("spinning"));
    const waiting = Array.from({ length: 4 }, () => submit(harness, greedy, "fib", [10]));
    void submit(harness, other, "fib", [10]);
    const evicted = errorOf(await (waiting[3] as Promise<TaskOutcome>));
    assert.deepEqual([evicted.name, evicted.executed], ["Overloaded", "no"]);
    void submit(harness, other, "fib", [10]);
    assert.equal(errorOf(await (waiting[2] as Promise<TaskOutcome>)).executed, "no");
    assert.equal(errorOf(await submit(harness, other, "fib", [10])).name, "Overloaded");
    assert.equal(errorOf(await submit(harness, greedy, "fib", [10])).name, "Overloaded");
    assert.equal(harness.pool.stats().queued, 4);
  });
});

Deno.test("who ends workers by deadlines while others wait leaves these half of them", async () => {
  await withPool({ size: 2 }, async (harness) => {
    const [greedy, other] = [new TestCaller(), new TestCaller()];
    const first = [1, 2].map(() => submit(harness, greedy, "spin", [], { timeoutMs: 100 }));
    for (const outcome of await Promise.all(first)) {
      assert.equal(errorOf(outcome).name, "DeadlineExceeded");
    }
    // Until the next ones have started there is no worker.
    assert.deepEqual(await submit(harness, other, "fib", [11]), { result: 89 });
    await waitFor("all workers", () => harness.pool.stats().up === harness.pool.stats().size);
    for (let i = 0; i < 2; i++) void submit(harness, greedy, "spin");
    assert.equal(harness.pool.stats().queued, 1, "one of its calls waits, and nobody else's");
    assert.deepEqual(await submit(harness, other, "fib", [12]), { result: 144 });
    assert.equal(harness.pool.stats().queued, 1);
  });
});

Deno.test("a full queue that nobody has half of refuses without a look at each call", () => {
  const queueMax = 1_000;
  const queue = new CallQueue<PoolCall>();
  const fairness = new Fairness({
    ...{ queue, queueMax, shedding: new Shedding(queue) },
    ...{ capacity: () => 1, keepable: () => 1, mayGoOn: () => {} },
  });
  let looks = 0;
  const submit = (caller: Caller) => {
    const share = fairness.of(caller);
    const call = {
      task: { method: "fib" },
      get share() {
        looks++;
        return share;
      },
    } as unknown as PoolCall;
    const refusal = fairness.makeRoom(call);
    if (refusal === undefined) {
      queue.push(call);
      share.moved(call, "nowhere", "queue");
    }
    return refusal;
  };
  const callers = Array.from({ length: 100 }, () => new TestCaller());
  while (queue.size < queueMax) for (const caller of callers) submit(caller);
  looks = 0;
  for (const caller of callers) assert.match(submit(caller) ?? "", /1000 calls are waiting/);
  assert.ok(looks <= 2 * callers.length, `${looks}`);
});

Deno.test("calls wait in the queue for a worker that does not read its stdin, not in memory beside it", async () => {
  await withPool({}, async (harness) => {
    const long = "x".repeat(1_000_000);
    void harness.submit("block", [], { kind: "io", timeoutMs: 60_000 });
    const outcomes = Array.from({ length: 20 }, () => {
      return harness.submit("wait", [0, long], { kind: "io", timeoutMs: 1_000 }).outcome;
    });
    assert.ok(harness.pool.stats().queued >= 17, `${harness.pool.stats().queued} wait`);
    // The worker is found out by the deadlines of those in it, and the others never began.
    const executed = (await Promise.all(outcomes)).map((outcome) => errorOf(outcome).executed);
    assert.ok(executed.filter((one) => one === "no").length >= 17);
  });
});

Deno.test("who keeps all places of an io worker makes room for all that wait, at once", async () => {
  await withPool({ ioCallsPerWorkerMax: 16 }, async (harness) => {
    const [greedy, other] = [new TestCaller(), new TestCaller()];
    const kept = Array.from(
      { length: 16 },
      () => submit(harness, greedy, "ignore", [], { kind: "io" }),
    );
    const waits = Array.from(
      { length: 4 },
      () => submit(harness, other, "wait", [0], { kind: "io" }),
    );
    for (const outcome of await Promise.all(waits)) assert.ok("result" in outcome);
    const ended = await Promise.all(kept.slice(-4));
    for (const outcome of ended) assert.equal(errorOf(outcome).name, "Overloaded");
    assert.equal(harness.pool.stats().restarts, 0);
  });
});
