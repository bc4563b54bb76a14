import assert from "node:assert/strict";
import { RoundRobin } from "../../../src/base/values/round_robin.ts";

Deno.test("each key has one turn in a round, and what waits under it keeps its order", () => {
  const waiting = new RoundRobin<string, number>();
  for (const item of [1, 2, 3]) waiting.add("many", item);
  waiting.add("one", 4);
  assert.equal(waiting.size, 2);
  assert.equal(waiting.take(), 1);
  // Who comes again is behind those that wait.
  waiting.add("late", 5);
  assert.deepEqual(Array.from({ length: 4 }, () => waiting.take()), [4, 2, 5, 3]);
  assert.equal(waiting.size, 0);
  assert.equal(waiting.take(), undefined);
});

Deno.test("a key that has turns elsewhere goes without every other one here, where others wait", () => {
  const waiting = new RoundRobin<string, string>();
  for (let i = 0; i < 6; i++) for (const key of ["busy", "one"]) waiting.add(key, key);
  const order = Array.from({ length: 9 }, () => {
    waiting.owes("busy");
    return waiting.take();
  });
  assert.equal(order.join(" "), "one busy one one busy one one busy one");
  assert.equal(waiting.take(), "busy");
});
