import assert from "node:assert/strict";
import { MethodCounters } from "../../src/server/method_counters.ts";
import { StallTimer } from "../../src/server/bounds/stall_timer.ts";

Deno.test("latencies are those of the latest calls, by nearest rank", () => {
  const counters = new MethodCounters();
  assert.deepEqual(counters.stats(), { calls: 0, errors: {}, latency: null });
  for (let ms = 1; ms <= 100; ms++) counters.measure(ms);
  assert.deepEqual(counters.stats().latency, { p50Ms: 50, p99Ms: 99 });
  for (let i = 0; i < 5_000; i++) counters.measure(2);
  assert.deepEqual(counters.stats().latency, { p50Ms: 2, p99Ms: 2 });
});

Deno.test("calls and errors are counted by name", () => {
  const counters = new MethodCounters();
  for (let i = 0; i < 3; i++) counters.count();
  counters.countError("Overloaded");
  counters.countError("Overloaded");
  counters.countError("InternalError");
  const { calls, errors } = counters.stats();
  assert.equal(calls, 3);
  assert.deepEqual(errors, { Overloaded: 2, InternalError: 1 });
});

Deno.test("a stall is a time without progress while there is something to do", () => {
  const timer = new StallTimer(100);
  assert.ok(!timer.isStalled(1, 0));
  assert.ok(!timer.isStalled(1, 99));
  assert.ok(timer.isStalled(1, 100));
  assert.ok(!timer.isStalled(2, 150));
  assert.ok(!timer.isStalled(undefined, 250));
  assert.ok(!timer.isStalled(undefined, 900));
  assert.ok(!timer.isStalled(2, 950));
  assert.ok(timer.isStalled(2, 1_050));
});
