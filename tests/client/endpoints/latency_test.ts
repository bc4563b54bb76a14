import assert from "node:assert/strict";
import {
  answersAfter,
  answersOfStart,
  answersToJudge,
  averageWith,
  averageWithLate,
  forgotten,
  penalized,
} from "../../../src/client/endpoints/latency.ts";

/** An average that remembers when it was last told of an answer. */
class LatencyAverage {
  #averageMs = 0;
  #updatedAtMs = 0;

  observe(measuredMs: number, nowMs: number): void {
    this.#averageMs = averageWith(
      this.#averageMs,
      measuredMs,
      nowMs - this.#updatedAtMs,
      answersToJudge,
    );
    this.#updatedAtMs = nowMs;
  }

  penalize(nowMs: number): void {
    this.#averageMs = penalized(this.#averageMs, nowMs - this.#updatedAtMs);
    this.#updatedAtMs = nowMs;
  }

  valueAt(nowMs: number): number {
    return forgotten(this.#averageMs, nowMs - this.#updatedAtMs);
  }
}

Deno.test("latency is unknown, which is 0, before the first answer", () => {
  assert.equal(new LatencyAverage().valueAt(1_000), 0);
});

Deno.test("latency is the first answer's after one, and known however short that was", () => {
  const latency = new LatencyAverage();
  latency.observe(0, 100);
  assert.ok(latency.valueAt(100) > 0);
  const other = new LatencyAverage();
  other.observe(8, 100);
  assert.equal(other.valueAt(100), 8);
});

Deno.test("latency follows a server that gets slower, within a few dozen answers", () => {
  const latency = new LatencyAverage();
  latency.observe(1, 0);
  for (let i = 1; i <= 30; i++) latency.observe(10, i);
  assert.ok(latency.valueAt(30) > 9);
});

Deno.test("an answer after a long silence outweighs all that was before", () => {
  const latency = new LatencyAverage();
  latency.observe(100, 0);
  latency.observe(1, 60_000);
  assert.ok(latency.valueAt(60_000) < 2);
  // After ten seconds the answers before count for 1/e.
  const slower = new LatencyAverage();
  slower.observe(10, 0);
  slower.observe(20, 10_000);
  assert.ok(Math.abs(slower.valueAt(10_000) - (20 - 10 / Math.E)) < 0.01);
});

Deno.test("a call that ends at its deadline counts in full, also if it is the first", () => {
  assert.equal(averageWithLate(0, 1_000, 0), 1_000);
  assert.ok(Math.abs(averageWithLate(10, 1_010, 0) - 110) < 0.01);
});

Deno.test("failures make a server slower up to a bound, and it mends with time", () => {
  const latency = new LatencyAverage();
  latency.observe(30, 0);
  for (let i = 0; i < 50; i++) latency.penalize(0);
  assert.equal(latency.valueAt(0), 5_000);
  assert.ok(latency.valueAt(60_000) < 30);
  latency.observe(20_000, 60_000);
  const slow = latency.valueAt(60_000);
  latency.penalize(60_000);
  assert.ok(latency.valueAt(60_000) >= slow, "nobody gets faster by failing");
});

Deno.test("latency is forgotten while a server is not used, so that it is tried again", () => {
  const latency = new LatencyAverage();
  latency.observe(100, 0);
  assert.equal(latency.valueAt(99), 100);
  assert.ok(latency.valueAt(3_100) < 10, "the sooner, the less a try costs");
  const after = latency.valueAt(1_100);
  assert.ok(Math.abs(after - 100 / Math.E) < 0.01, "it fades, and is not gone at once");
  const long = new LatencyAverage();
  long.observe(5_000, 0);
  assert.equal(long.valueAt(999), 5_000);
  assert.ok(long.valueAt(31_000) < 500);
});

Deno.test("a server that answers in less than half of its time is half as slow at once", () => {
  assert.equal(averageWith(100, 10, 0, answersToJudge), 55);
  assert.equal(averageWith(100, 50, 0, answersToJudge), 95);
});

Deno.test("a server that failed the first call ever sent to it is known to be slower than none", () => {
  assert.equal(penalized(0, 0), 2);
});

Deno.test("one pause among many answers says little of a server", () => {
  const latency = new LatencyAverage();
  latency.observe(1, 0);
  latency.observe(500, 1);
  assert.ok(latency.valueAt(1) <= 1.2);
});

Deno.test("of the first answers the fastest counts, and past a start each counts the more the longer it took", () => {
  assert.equal(averageWith(50, 2, 1, 1), 2);
  assert.equal(averageWith(2, 50, 1, 1), 2);
  assert.equal(answersAfter(0, 10_000), 1);
  assert.equal(answersAfter(answersOfStart, 20), answersOfStart + 1);
  assert.equal(answersAfter(answersOfStart, 90), answersOfStart + 3);
  assert.equal(answersAfter(answersOfStart, 10_000), answersOfStart + 10);
  assert.equal(answersAfter(answersToJudge - 1, 10_000), answersToJudge);
});
