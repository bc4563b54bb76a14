import assert from "node:assert/strict";
import { quantileOf, rankOf } from "../../src/base/quantile.ts";

Deno.test("a percentile is that of the exact share, however it is written", () => {
  for (const count of [1_000, 2_000, 10_000, 1_000_000, 1_000_000_000]) {
    assert.equal(rankOf(99.9 / 100, count), count * 0.999);
    assert.equal(rankOf(0.999, count), count * 0.999);
    for (let percent = 1; percent <= 100; percent++) {
      assert.equal(rankOf(percent / 100, count), count / 100 * percent, `p${percent} of ${count}`);
    }
  }
});

Deno.test("a rank is rounded up, and is one of those that there are", () => {
  assert.deepEqual([0, 0.1, 0.5, 0.99, 1].map((share) => rankOf(share, 7)), [1, 1, 4, 7, 7]);
  assert.equal(quantileOf([1, 2, 3, 4], 0.5), 2);
  assert.equal(quantileOf(Float32Array.of(1, 2), 1), 2);
  assert.equal(quantileOf([], 0.5), 0);
});
