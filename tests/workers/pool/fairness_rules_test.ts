import assert from "node:assert/strict";
import { contestedMs, fairWaitMs } from "../../../src/workers/limits.ts";
import { CallQueue } from "../../../src/workers/pool/call_queue.ts";
import { Fairness } from "../../../src/workers/pool/fairness.ts";
import type { PoolCall } from "../../../src/workers/pool/pool_call.ts";
import { Shedding } from "../../../src/workers/pool/shedding.ts";
import type { Caller } from "../../../src/workers/pool/task.ts";
import { settled } from "../../support/virtual_clock.ts";

/** When all calls come. */
const cameAtMs = 50_000;

/** Four workers with a queue of ten, and calls that only say where they are. */
function setUp({ capacity = 4, keepable = 4 } = {}) {
  const queue = new CallQueue<PoolCall>();
  const refused: PoolCall[] = [];
  let wentOn = 0;
  const fairness = new Fairness({
    ...{ queue, queueMax: 10, shedding: new Shedding(queue) },
    ...{ capacity: () => capacity, keepable: () => keepable, mayGoOn: () => void wentOn++ },
  });
  const callOf = (caller: Caller | undefined, isIdempotent = true): PoolCall => {
    const call = {
      task: { method: "fib", caller, isIdempotent },
      share: fairness.of(caller),
      submittedAtMs: cameAtMs,
      deadlineAtMs: cameAtMs + 1_000_000,
      refuse() {
        call.share.moved(call, "queue", "nowhere");
        refused.push(call);
      },
    } as unknown as PoolCall;
    return call;
  };
  const wait = (caller: Caller | undefined) => {
    const call = callOf(caller);
    queue.push(call);
    call.share.moved(call, "nowhere", "queue");
    return call;
  };
  const run = (caller: Caller | undefined, isIdempotent = true) => {
    const call = callOf(caller, isIdempotent);
    call.share.moved(call, "nowhere", "worker");
    return call;
  };
  return { queue, refused, fairness, callOf, wait, run, wentOn: () => wentOn };
}

function caller(isFull = false): Caller & { read(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const one = { key: {}, isFull, drained: () => promise, read: resolve };
  return one;
}

const starvedAtMs = cameAtMs + fairWaitMs;

Deno.test("the newest idempotent call of who has more than half is stopped for who has waited long", () => {
  const { fairness, wait, run } = setUp();
  const [greedy, other] = [caller(), caller()];
  run(greedy);
  const newest = run(greedy);
  const third = run(greedy, false);
  run(other);
  assert.equal(fairness.greedy(starvedAtMs), undefined, "nobody waits");
  wait(greedy);
  assert.equal(fairness.greedy(starvedAtMs), undefined, "it waits for itself");
  wait(other);
  assert.equal(fairness.greedy(starvedAtMs - 1), undefined, "not for long");
  assert.equal(fairness.greedy(starvedAtMs), newest);
  third.share.moved(third, "worker", "nowhere");
  assert.equal(fairness.greedy(starvedAtMs), undefined, "it has half");
});

Deno.test("half of an odd number is the smaller part, and of one it is one", () => {
  for (
    const { capacity, running, isStopped } of [
      { capacity: 1, running: 1, isStopped: false },
      { capacity: 3, running: 1, isStopped: false },
      { capacity: 3, running: 2, isStopped: true },
    ]
  ) {
    const { fairness, wait, run } = setUp({ capacity });
    const greedy = caller();
    for (let calls = 0; calls < running; calls++) run(greedy);
    wait(undefined);
    assert.equal(fairness.greedy(starvedAtMs) !== undefined, isStopped);
  }
});

Deno.test("where workers run many calls at once, half of these is what counts at first", () => {
  const { fairness, wait, run } = setUp({ capacity: 8 });
  const greedy = caller();
  for (let calls = 0; calls < 4; calls++) run(greedy);
  wait(caller());
  assert.equal(fairness.greedy(starvedAtMs), undefined);
  const newest = run(greedy);
  assert.equal(fairness.greedy(starvedAtMs), newest);
});

Deno.test("calls without a caller have one share, and each caller its own", () => {
  const { fairness } = setUp();
  const one = caller();
  assert.equal(fairness.of(undefined), fairness.of(undefined));
  assert.equal(fairness.of(one), fairness.of({ ...caller(), key: one.key }));
  assert.notEqual(fairness.of(one), fairness.of(caller()));
  assert.notEqual(fairness.of(one), fairness.of(undefined));
});

Deno.test("for who leaves its answers unread, or has half itself, nothing is stopped", () => {
  const full = setUp();
  const greedy = caller();
  for (let calls = 0; calls < 4; calls++) full.run(greedy);
  full.wait(caller(true));
  assert.equal(full.fairness.greedy(starvedAtMs), undefined);
  const half = setUp({ capacity: 5 });
  const other = caller();
  for (let calls = 0; calls < 3; calls++) half.run(greedy);
  for (let calls = 0; calls < 2; calls++) half.run(other);
  half.wait(other);
  assert.equal(half.fairness.greedy(starvedAtMs), undefined);
});

Deno.test("for a while after a call was stopped nobody gets more than half", () => {
  const { fairness, callOf, wait, run } = setUp({ capacity: 8 });
  const [greedy, other] = [caller(), caller()];
  for (let calls = 0; calls < 5; calls++) run(greedy);
  assert.ok(fairness.mayBegin(callOf(greedy), starvedAtMs));
  const first = wait(greedy);
  const second = wait(other);
  assert.ok(fairness.greedy(starvedAtMs) !== undefined);
  const lastMs = starvedAtMs + contestedMs - 1;
  for (const nowMs of [starvedAtMs, lastMs]) {
    assert.ok(!fairness.mayBegin(callOf(greedy), nowMs));
    assert.ok(fairness.mayBegin(callOf(other), nowMs));
    // Of four workers to keep half are two, whatever else they take at once.
    const third = caller();
    const two = [run(third), run(third)];
    assert.ok(!fairness.mayBegin(callOf(third), nowMs));
    for (const call of two) call.share.moved(call, "worker", "nowhere");
  }
  assert.equal(fairness.take(starvedAtMs), second);
  second.share.moved(second, "queue", "worker");
  assert.equal(fairness.take(starvedAtMs), undefined, "the worker is kept for others");
  assert.ok(fairness.mayBegin(callOf(greedy), lastMs + 1));
  assert.equal(fairness.take(lastMs + 1), first);
});

Deno.test("a free worker goes to a caller with less than half, and else to any that reads", () => {
  const { fairness, wait, run } = setUp();
  const [much, little, full] = [caller(), caller(), caller(true)];
  for (let calls = 0; calls < 2; calls++) run(much);
  wait(full);
  const first = wait(much);
  const second = wait(little);
  const takes = () => {
    const call = fairness.take(cameAtMs);
    call?.share.moved(call, "queue", "worker");
    return call;
  };
  assert.deepEqual([takes() === second, takes() === first, takes()], [true, true, undefined]);
});

Deno.test("who has many waiting calls has every other turn of one worker, while others wait", () => {
  const { fairness, wait } = setUp({ capacity: 1, keepable: 1 });
  const [many, few] = [caller(), caller()];
  const waiting = [wait(many), wait(many), wait(many), wait(few), wait(few)];
  const order = waiting.map(() => {
    const call = fairness.take(cameAtMs) as PoolCall;
    call.share.moved(call, "queue", "nowhere");
    return waiting.indexOf(call);
  });
  assert.deepEqual(order, [0, 3, 1, 4, 2]);
});

Deno.test("who left its answers unread is waited for once, and then all goes on", async () => {
  const { fairness, callOf, wentOn } = setUp();
  const full = caller(true);
  for (let asks = 0; asks < 3; asks++) {
    assert.ok(!fairness.mayBegin(callOf(full), cameAtMs));
  }
  await settled();
  assert.equal(wentOn(), 0);
  full.read();
  await settled();
  assert.equal(wentOn(), 1);
  assert.ok(!fairness.mayBegin(callOf(full), cameAtMs));
  await settled();
  assert.equal(wentOn(), 2);
});

Deno.test("who is alone may fill the queue, and beside others half of it", () => {
  const { queue, refused, fairness, callOf, wait } = setUp();
  const [greedy, other, third] = [caller(), caller(), caller()];
  const asks = (who: Caller) => {
    const why = fairness.makeRoom(callOf(who));
    if (why === undefined) wait(who);
    return why;
  };
  for (let calls = 0; calls < 10; calls++) assert.equal(asks(greedy), undefined);
  assert.match(asks(greedy) ?? "", /10 calls are waiting already/);
  const last = queue.last;
  assert.equal(asks(other), undefined);
  assert.deepEqual([refused.length, refused[0] === last, queue.size], [1, true, 10]);
  for (let calls = 0; calls < 4; calls++) asks(other);
  assert.deepEqual([refused.length, queue.size], [5, 10]);
  assert.match(asks(other) ?? "", /10 calls are waiting already/);
  assert.match(asks(third) ?? "", /10 calls are waiting already/, "nobody has more than half");
  queue.shift()?.share.moved(callOf(greedy), "queue", "nowhere");
  assert.match(asks(other) ?? "", /5 calls of its caller are waiting, and others/);
  assert.equal(asks(third), undefined);
});

Deno.test("who ends workers while others wait gets half, as long as these have not started anew", () => {
  const { queue, fairness, callOf, wait } = setUp();
  const [greedy, other] = [caller(), caller()];
  const places = Array.from({ length: 3 }, () => ({ worker: undefined as unknown }));
  const end = (place: unknown) => fairness.ended(place as never, fairness.of(greedy), cameAtMs);
  const isBound = () => !fairness.mayBegin(callOf(greedy), cameAtMs);
  for (const place of places) end(place);
  assert.ok(!isBound(), "nobody waits");
  wait(greedy);
  fairness.lookAtRestarts(cameAtMs);
  assert.ok(!isBound(), "nobody else waits");
  const gone = wait(other);
  queue.remove(gone);
  gone.share.moved(gone, "queue", "nowhere");
  fairness.lookAtRestarts(cameAtMs);
  assert.ok(!isBound(), "nobody else waits any more");
  wait(other);
  places[0]!.worker = {};
  fairness.lookAtRestarts(cameAtMs);
  assert.ok(!isBound(), "it has half");
  places[0]!.worker = undefined;
  fairness.lookAtRestarts(cameAtMs);
  assert.ok(!isBound(), "the next end of that worker is another call's");
  end({ worker: undefined });
  assert.ok(isBound());
  assert.ok(fairness.mayBegin(callOf(other), cameAtMs));
  assert.ok(!fairness.mayBegin(callOf(greedy), cameAtMs + contestedMs - 1));
  assert.ok(fairness.mayBegin(callOf(greedy), cameAtMs + contestedMs));
});
