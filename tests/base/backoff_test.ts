import assert from "node:assert/strict";
import { Backoff } from "../../src/base/backoff.ts";
import { seededRandom } from "../support/seeded_random.ts";

Deno.test("next() doubles up to the maximum and draws from the upper half", () => {
  const options = { baseMs: 100, maxMs: 1_000 };
  const lowest = new Backoff(() => 0, options);
  const highest = new Backoff(() => 1 - Number.EPSILON, options);
  const ceilings = [100, 200, 400, 800, 1_000, 1_000, 1_000];
  for (const ceiling of ceilings) {
    assert.equal(lowest.next(), ceiling / 2);
    const delayMs = highest.next();
    assert.ok(delayMs < ceiling && delayMs > ceiling * 0.999, `${delayMs} of ${ceiling}`);
  }
  assert.equal(lowest.failures, ceilings.length);
});

Deno.test("reset() starts from the base again", () => {
  const backoff = new Backoff(() => 0, { baseMs: 10, maxMs: 10_000 });
  for (let i = 0; i < 5; i++) backoff.next();
  assert.equal(backoff.failures, 5);
  backoff.reset();
  assert.equal(backoff.failures, 0);
  assert.equal(backoff.next(), 5);
});

Deno.test("a failure that never ends keeps the delay finite and at the maximum", () => {
  const backoff = new Backoff(() => 0.5, { baseMs: 100, maxMs: 30_000 });
  let delayMs = 0;
  for (let i = 0; i < 5_000; i++) delayMs = backoff.next();
  assert.equal(delayMs, 22_500);
});

Deno.test("clients that fail together do not come back in step", () => {
  const seed = 20_260_101;
  const random = seededRandom(seed);
  const tenths = new Array<number>(10).fill(0);
  for (let client = 0; client < 10_000; client++) {
    const backoff = new Backoff(random, { baseMs: 1_000, maxMs: 1_000 });
    const tenth = Math.floor((backoff.next() - 500) / 50);
    tenths[tenth] = (tenths[tenth] ?? 0) + 1;
  }
  // 1000 expected in each, standard deviation 30.
  for (const count of tenths) assert.ok(count > 850 && count < 1_150, `seed ${seed}: ${tenths}`);
});
