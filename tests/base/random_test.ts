import assert from "node:assert/strict";
import { randomInt, shuffled, systemRandom } from "../../src/base/random.ts";
import { seededRandom } from "../support/seeded_random.ts";

Deno.test("systemRandom() stays in [0, 1)", () => {
  const value = systemRandom();
  assert.ok(value >= 0 && value < 1);
});

Deno.test("randomInt() reaches every number below its bound and never the bound", () => {
  const random = seededRandom(3);
  const seen = new Set(Array.from({ length: 1_000 }, () => randomInt(random, 6)));
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4, 5]);
  assert.equal(randomInt(() => 1 - Number.EPSILON, 6), 5);
});

Deno.test("shuffled() returns the same items, each order as often as any other, and keeps its input", () => {
  const random = seededRandom(11);
  const items = ["a", "b", "c", "d"] as const;
  const counts = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const order = shuffled(random, items).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  // 1000 expected for each order, standard deviation 31.
  for (const [order, count] of counts) assert.ok(count > 850 && count < 1_150, `${order} ${count}`);
  assert.deepEqual(items, ["a", "b", "c", "d"]);
});

Deno.test("shuffled() takes lists of none and one", () => {
  assert.deepEqual(shuffled(systemRandom, []), []);
  assert.deepEqual(shuffled(systemRandom, [1]), [1]);
});
