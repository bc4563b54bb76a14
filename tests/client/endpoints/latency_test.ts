import assert from "node:assert/strict";
import { averageWith, forgotten, penalized } from "../../../src/client/endpoints/latency.ts";

/** An average that remembers when it was last told of an answer. */
class LatencyAverage {
  #averageMs = 0;
  #updatedAtMs = 0;

  observe(measuredMs: number, nowMs: number): void {
    this.#averageMs = averageWith(this.#averageMs, measuredMs, nowMs - this.#updatedAtMs);
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

Deno.test("latency is the first answer's after one, and never unknown again", () => {
  const latency = new LatencyAverage();
  latency.observe(0, 100);
  assert.ok(latency.valueAt(100) > 0);
  assert.ok(latency.valueAt(1_000_000) >= 0);
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
  assert.equal(latency.valueAt(999), 100);
  assert.ok(latency.valueAt(31_000) < 10);
});
