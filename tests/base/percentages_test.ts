import assert from "node:assert/strict";
import { percentagesOf } from "../../src/base/percentages.ts";

Deno.test("shares in percent make 100 together, however they would be rounded", () => {
  assert.deepEqual(percentagesOf([0.125, 0.5, 0.125, 0.25]), [13, 50, 12, 25]);
  assert.deepEqual(percentagesOf([1 / 3, 1 / 3, 1 / 3]), [34, 33, 33]);
  assert.deepEqual(percentagesOf([0.244, 0.256, 0.252, 0.248]), [24, 26, 25, 25]);
  for (let count = 1; count <= 40; count++) {
    const counts = Array.from({ length: count }, (_, i) => 1 + (i * 7919) % 101);
    const sum = counts.reduce((total, one) => total + one, 0);
    const percentages = percentagesOf(counts.map((one) => one / sum));
    assert.equal(percentages.reduce((total, one) => total + one, 0), 100);
    for (const [i, one] of counts.entries()) {
      assert.ok(Math.abs((percentages[i] ?? 0) - 100 * one / sum) < 1);
    }
  }
});

Deno.test("of nothing there is no share", () => {
  assert.deepEqual(percentagesOf([]), []);
  assert.deepEqual(percentagesOf([0, 0]), [0, 0]);
});
