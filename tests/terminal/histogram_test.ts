import assert from "node:assert/strict";
import { testSeed } from "../support/seed.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { LatencyHistogram } from "../../src/terminal/histogram.ts";

Deno.test("quantiles are those of the latencies themselves, to within a percent", () => {
  const seed = testSeed;
  const random = seededRandom(seed);
  const histogram = new LatencyHistogram();
  // From microseconds to minutes, as many of each size.
  const latencies = Array.from({ length: 5_000 }, () => 0.001 * 10 ** (random() * 8));
  for (const latency of latencies) histogram.add(latency);
  const sorted = latencies.toSorted((one, other) => one - other);
  for (const share of [0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
    const found = histogram.quantileMs(share);
    assert.ok(
      Math.abs(found - exact) <= 0.01 * exact + 0.001,
      `seed ${seed}: ${share}: ${found} for ${exact}`,
    );
  }
  assert.equal(histogram.count, 5_000);
  assert.equal(histogram.minMs, sorted[0]);
  assert.equal(histogram.maxMs, sorted.at(-1));
});

Deno.test("bins hold every latency once, from the fastest to the slowest", () => {
  const histogram = new LatencyHistogram();
  for (let ms = 1; ms <= 100; ms++) histogram.add(ms);
  const bins = histogram.bins(10);
  assert.equal(bins[0]?.fromMs, 1);
  assert.equal(bins.at(-1)?.toMs, 100);
  assert.equal(histogram.meanMs, 50.5);
  assert.equal(bins.reduce((sum, { count }) => sum + count, 0), 100);
  for (const [at, { fromMs, toMs }] of bins.entries()) {
    assert.ok(Math.abs(toMs / fromMs - 100 ** 0.1) < 0.01, JSON.stringify(bins));
    const within = Math.floor(toMs) - (at === 0 ? 0 : Math.floor(fromMs));
    assert.ok(Math.abs((bins[at]?.count ?? 0) - within) <= 1, `${at}: ${JSON.stringify(bins)}`);
    if (at > 0) assert.equal(fromMs, bins[at - 1]?.toMs);
  }
});

Deno.test("outliers have a bin of their own, and leave the others theirs", () => {
  const histogram = new LatencyHistogram();
  for (let i = 0; i < 10_000; i++) histogram.add(1 + i / 10_000);
  for (let i = 0; i < 5; i++) histogram.add(60_000);
  const bins = histogram.bins(10);
  assert.equal(bins.reduce((sum, { count }) => sum + count, 0), 10_005);
  assert.ok((bins.at(-1)?.count ?? 0) <= 15 && bins.at(-1)?.toMs === 60_000);
  for (const { count } of bins.slice(0, -1)) assert.ok(count > 500, JSON.stringify(bins));
});

Deno.test("a histogram of nothing, of equal values and of values out of range has quantiles too", () => {
  const none = new LatencyHistogram();
  assert.deepEqual([none.quantileMs(0.5), none.minMs, none.meanMs, none.maxMs], [0, 0, 0, 0]);
  const same = new LatencyHistogram();
  same.add(2);
  same.add(2);
  assert.equal(same.quantileMs(0.99), 2);
  assert.equal(same.bins(10)[0]?.count, 2);
  const odd = new LatencyHistogram();
  odd.add(0);
  odd.add(1e12);
  assert.equal(odd.quantileMs(1), 1e12);
  assert.equal(odd.count, 2);
});

Deno.test("p99.9 of a thousand latencies is the 999th, not the slowest", () => {
  const histogram = new LatencyHistogram();
  for (let i = 0; i < 999; i++) histogram.add(1);
  histogram.add(500);
  assert.ok(histogram.quantileMs(99.9 / 100) < 2);
  assert.equal(histogram.quantileMs(1), 500);
});
