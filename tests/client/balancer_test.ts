import assert from "node:assert/strict";
import { seededRandom } from "../../src/base/random.ts";
import {
  type BalancePolicy,
  type Candidate,
  candidatesOf,
  createPick,
} from "../../src/client/balancer.ts";

interface Fake extends Candidate {
  readonly name: string;
  inFlight: number;
  latencyMs: number;
  usedAtMs: number;
}

function fake(name: string, weight = 1, inFlight = 0, latencyMs = 1): Fake {
  return { name, weight, inFlight, latencyMs, usedAtMs: -Infinity, latencyOf: () => latencyMs };
}

/** The share of each name in `picks` picks, for each of some seeds. */
function shares(policy: BalancePolicy, items: readonly Fake[], picks = 4_000) {
  return [1, 2, 3].map((seed) => {
    const pick = createPick(policy, seededRandom(seed));
    const candidates = candidatesOf(items);
    const counts: Record<string, number> = {};
    for (const { name } of items) counts[name] = 0;
    for (let i = 0; i < picks; i++) {
      const { name } = pick(candidates, "fib", 0);
      counts[name] = counts[name]! + 1 / picks;
    }
    return { seed, share: (name: string) => counts[name]! };
  });
}

function assertNear(actual: number, expected: number, seed: number, tolerance = 0.04): void {
  assert.ok(
    Math.abs(actual - expected) < tolerance,
    `a share of ${actual}, not ${expected}, with seed ${seed}`,
  );
}

for (const policy of ["p2c", "random", "round-robin", "least-loaded"] as const) {
  Deno.test(`${policy} spreads evenly over servers that are alike`, () => {
    const items = ["a", "b", "c", "d"].map((name) => fake(name));
    for (const { seed, share } of shares(policy, items)) {
      for (const { name } of items) assertNear(share(name), 0.25, seed);
    }
  });

  Deno.test(`${policy} gives a server of weight zero nothing while there is another`, () => {
    // The one that counts stands among many that do not, where a bounded number of draws may miss it.
    const items = Array.from({ length: 40 }, (_, i) => fake(`zero ${i}`, 0));
    items.splice(17, 0, fake("only"));
    for (const { share } of shares(policy, items, 500)) assert.ok(share("only") > 0.999);
  });

  Deno.test(`${policy} uses servers of weight zero when there is no other`, () => {
    for (const { share } of shares(policy, [fake("a", 0), fake("b", 0)], 100)) {
      assert.ok(share("a") + share("b") > 0.999);
    }
  });
}

for (const policy of ["p2c", "random"] as const) {
  Deno.test(`${policy} draws servers that are alike by weight`, () => {
    for (const { seed, share } of shares(policy, [fake("a", 1), fake("b", 3)])) {
      assertNear(share("b"), 0.75, seed);
    }
  });
}

Deno.test("random draws one heavy server among many light ones by its weight", () => {
  const items = Array.from({ length: 9 }, (_, i) => fake(`light ${i}`));
  items.push(fake("heavy", 91));
  for (const { seed, share } of shares("random", items)) assertNear(share("heavy"), 0.91, seed);
});

Deno.test("random draws by weight when the upper bound of the weights is far too high", () => {
  const random = seededRandom(5);
  const pick = createPick("random", random);
  const items = [fake("a", 1), fake("b", 3)];
  let ofB = 0;
  for (let i = 0; i < 4_000; i++) {
    if (pick({ items, weightMax: 1_000 }, "fib", 0).name === "b") ofB += 1 / 4_000;
  }
  assertNear(ofB, 0.75, 5);
});

Deno.test("p2c prefers the faster of two, and still tries the slower one now and then", () => {
  for (const { share } of shares("p2c", [fake("fast", 1, 0, 1), fake("slow", 1, 0, 10)])) {
    assert.ok(share("fast") > 0.9);
    assert.ok(share("slow") > 0);
  }
});

Deno.test("p2c prefers the one with fewer calls in flight", () => {
  for (const { share } of shares("p2c", [fake("idle", 1, 0, 5), fake("busy", 1, 9, 5)])) {
    assert.ok(share("idle") > 0.9);
  }
});

Deno.test("p2c leaves a difference that may be noise to the coin", () => {
  for (const { seed, share } of shares("p2c", [fake("a", 1, 0, 1), fake("b", 1, 0, 1.4)])) {
    assertNear(share("a"), 0.5, seed);
  }
});

Deno.test("p2c tries an idle server of unknown latency first, and a busy one last", () => {
  for (const { share } of shares("p2c", [fake("new", 1, 0, 0), fake("known", 1, 0, 1)])) {
    assert.ok(share("new") > 0.9);
  }
  for (const { share } of shares("p2c", [fake("new", 1, 1, 0), fake("known", 1, 50, 100)])) {
    assert.ok(share("known") > 0.9);
  }
});

Deno.test("round-robin takes turns", () => {
  const pick = createPick("round-robin", seededRandom(1));
  const candidates = candidatesOf([fake("a"), fake("b"), fake("c", 0), fake("d")]);
  const names = Array.from({ length: 6 }, () => pick(candidates, "fib", 0).name);
  assert.deepEqual(names, ["a", "b", "d", "a", "b", "d"]);
});

Deno.test("least-loaded compares calls in flight by weight", () => {
  const pick = createPick("least-loaded", seededRandom(1));
  assert.equal(pick(candidatesOf([fake("a", 1, 1), fake("b", 1, 2)]), "fib", 0).name, "a");
  assert.equal(pick(candidatesOf([fake("a", 1, 1), fake("b", 4, 2)]), "fib", 0).name, "b");
});

Deno.test("p2c takes the less recently used of two that are as good, unless their weights differ", () => {
  const pick = createPick("p2c", seededRandom(1));
  const [a, b] = [fake("a"), fake("b", 1, 0, 1.4)];
  let repeats = 0;
  let last: Fake | undefined;
  for (let nowMs = 1; nowMs <= 1_000; nowMs++) {
    const taken = pick(candidatesOf([a, b]), "fib", nowMs);
    taken.usedAtMs = nowMs;
    if (taken === last) repeats++;
    last = taken;
  }
  // By a coin it were a half. Now and then one is drawn against itself.
  assert.ok(repeats < 100, `${repeats} of 1,000 went where the one before went`);
  const heavy = fake("heavy", 3);
  heavy.usedAtMs = 10;
  const counts = Array.from(
    { length: 1_000 },
    () => pick(candidatesOf([heavy, a]), "fib", 10).name,
  );
  assertNear(counts.filter((name) => name === "heavy").length / 1_000, 0.75, 1);
});
