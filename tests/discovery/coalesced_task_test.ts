import assert from "node:assert/strict";
import { CoalescedTask } from "../../src/discovery/coalesced_task.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

/** A task whose runs are counted, and end when the test says so. */
function setUp() {
  const clock = new VirtualClock();
  const startedAtMs: number[] = [];
  let finish = () => {};
  const task = new CoalescedTask(clock, () => {
    startedAtMs.push(clock.now());
    const { promise, resolve } = Promise.withResolvers<void>();
    finish = resolve;
    return promise;
  });
  return { clock, task, startedAtMs, finish: () => finish() };
}

Deno.test("a task asked for many times runs once, at the earliest of the times", async () => {
  const { clock, task, startedAtMs } = setUp();
  task.request(50);
  task.request(10);
  task.request(30);
  await clock.advanceAsync(100);
  assert.deepEqual(startedAtMs, [10]);
});

Deno.test("a task asked for while it runs runs once more afterwards", async () => {
  const { clock, task, startedAtMs, finish } = setUp();
  task.request(0);
  await clock.advanceAsync(5);
  task.request(0);
  task.request(20);
  await clock.advanceAsync(100);
  assert.deepEqual(startedAtMs, [0], "never twice at once");
  finish();
  await clock.advanceAsync(100);
  finish();
  await clock.advanceAsync(100);
  assert.deepEqual(startedAtMs, [0, 105]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("a run asked for later than the present one's end keeps its time", async () => {
  const { clock, task, startedAtMs, finish } = setUp();
  task.request(0);
  await clock.advanceAsync(0);
  task.request(40);
  finish();
  await clock.advanceAsync(100);
  assert.deepEqual(startedAtMs, [0, 40]);
});

Deno.test("a task that is due at once runs without a timer, and once", async () => {
  const { clock, task, startedAtMs } = setUp();
  task.request(10);
  task.request(0);
  task.request(0);
  assert.equal(clock.pendingTimers, 0);
  assert.deepEqual(startedAtMs, [], "not within the request");
  await Promise.resolve();
  assert.deepEqual(startedAtMs, [0]);
  await clock.advanceAsync(100);
  assert.deepEqual(startedAtMs, [0]);
});

Deno.test("close() forgets what was asked for, and waits for what runs", async () => {
  const idle = setUp();
  idle.task.request(10);
  await idle.task.close();
  assert.equal(idle.clock.pendingTimers, 0);
  idle.task.request(0);
  await idle.clock.advanceAsync(100);
  assert.deepEqual(idle.startedAtMs, []);

  const due = setUp();
  due.task.request(0);
  await due.task.close();
  await due.clock.advanceAsync(100);
  assert.deepEqual(due.startedAtMs, []);

  const busy = setUp();
  busy.task.request(0);
  await busy.clock.advanceAsync(0);
  busy.task.request(0);
  let isClosed = false;
  const closing = busy.task.close().then(() => isClosed = true);
  await busy.clock.advanceAsync(10);
  assert.equal(isClosed, false);
  busy.finish();
  await closing;
  await busy.clock.advanceAsync(100);
  assert.deepEqual(busy.startedAtMs, [0]);
});
