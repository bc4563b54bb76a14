import assert from "node:assert/strict";
import { fewServersMax } from "../../../src/client/endpoints/limits.ts";
import { answersToJudge } from "../../../src/client/endpoints/latency.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import { candidatesOf, createPick, type Pick } from "../../../src/client/endpoints/balancer.ts";
import type { BalancePolicy } from "../../../src/client/endpoints/endpoint_types.ts";
import { Loads } from "../../../src/client/endpoints/loads.ts";

interface Fake {
  readonly name: string;
  readonly weight: number;
  readonly inFlight: number;
  /** What calls took until now; 0: none has been answered. */
  readonly latencyMs: number;
}

function fake(name: string, weight = 1, inFlight = 0, latencyMs = 1): Fake {
  return { name, weight, inFlight, latencyMs };
}

/**
 * Servers in some state, to be picked from by name. Time stands at 0 when they get into that state.
 */
class Servers {
  readonly loads = new Loads();
  readonly method = this.loads.of("fib");
  readonly #items: readonly Fake[];
  readonly #rows: readonly number[];

  constructor(...items: readonly Fake[]) {
    this.#items = items;
    this.#rows = items.map(({ weight, inFlight, latencyMs }) => {
      const row = this.loads.add(weight);
      for (let answers = 0; latencyMs > 0 && answers < answersToJudge; answers++) {
        this.method.observe(row, latencyMs, 0);
      }
      for (let i = 0; i < inFlight; i++) this.loads.started(row);
      return row;
    });
  }

  row(name: string): number {
    return this.#rows[this.#items.findIndex((item) => item.name === name)]!;
  }

  /** What a policy picks. The bound of the weights is the best one unless given. */
  pick(pick: Pick, nowMs = 0, weightMax?: number): string {
    const candidates = candidatesOf(this.#rows, this.loads);
    const bound = weightMax ?? candidates.weightMax;
    return this.#items[pick({ ...candidates, weightMax: bound }, this.method, nowMs)]!.name;
  }
}

/** The share of each name in `picks` picks, for each of some seeds. */
function shares(policy: BalancePolicy, items: readonly Fake[], picks = 4_000) {
  return [1, 2, 3].map((seed) => {
    const pick = createPick(policy, seededRandom(seed));
    const servers = new Servers(...items);
    const counts: Record<string, number> = {};
    for (const { name } of items) counts[name] = 0;
    for (let i = 0; i < picks; i++) {
      const name = servers.pick(pick);
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
    // The one that counts stands among many that do not, where a bounded number of draws may miss
    // it.
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
  const pick = createPick("random", seededRandom(5));
  const servers = new Servers(fake("a", 1), fake("b", 3));
  let ofB = 0;
  for (let i = 0; i < 4_000; i++) {
    if (servers.pick(pick, 0, 1_000) === "b") ofB += 1 / 4_000;
  }
  assertNear(ofB, 0.75, 5);
});

Deno.test("p2c takes the faster of two, and tries the slower one again when that is long ago", () => {
  for (const { share } of shares("p2c", [fake("fast", 1, 0, 1), fake("slow", 1, 0, 10)])) {
    assert.equal(share("fast").toFixed(6), "1.000000");
  }
  const servers = new Servers(fake("fast", 1, 0, 1), fake("slow", 1, 0, 10));
  const pick = createPick("p2c", seededRandom(1));
  servers.method.observe(servers.row("fast"), 1, 30_000);
  servers.loads.started(servers.row("fast"));
  servers.loads.ended(servers.row("fast"));
  assert.equal(servers.pick(pick, 30_000), "slow");
});

Deno.test("p2c stays with a server that has said it is idle, unless the other one has too", () => {
  const pick = createPick("p2c", seededRandom(1));
  const servers = new Servers(fake("a"), fake("b"));
  const lastUsed = servers.row("a");
  servers.loads.started(lastUsed);
  servers.loads.ended(lastUsed);
  assert.equal(servers.pick(pick), "b");
  servers.method.noteIdle(lastUsed, true);
  assert.equal(servers.pick(pick), "a");
  servers.method.noteIdle(servers.row("b"), true);
  assert.equal(servers.pick(pick), "b");
  servers.method.noteIdle(servers.row("b"), false);
  assert.equal(servers.pick(pick), "a");
  servers.method.noteIdle(lastUsed, false);
  assert.equal(servers.pick(pick), "b");
});

Deno.test("p2c leaves an idle server for a faster one", () => {
  const servers = new Servers(fake("fast", 1, 0, 1), fake("slow", 1, 0, 10));
  servers.method.noteIdle(servers.row("slow"), true);
  assert.equal(servers.pick(createPick("p2c", seededRandom(1))), "fast");
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

Deno.test("p2c judges nobody by its first answers", () => {
  const servers = new Servers(fake("warm", 1, 0, 1), fake("cold", 1, 0, 0));
  const pick = createPick("p2c", seededRandom(1));
  for (let answers = 1; answers < answersToJudge / 5; answers++) {
    servers.method.observe(servers.row("cold"), 50, 0);
    servers.loads.started(servers.row("warm"));
    servers.loads.ended(servers.row("warm"));
    assert.equal(servers.pick(pick, 0), "cold", "it is its turn");
  }
  servers.method.observe(servers.row("cold"), 1.2, 0);
  assert.equal(servers.pick(pick, 0), "cold", "it is as good");
});

Deno.test("p2c gives one of few servers further chances after a slow first answer, and not without end", () => {
  for (const few of [true, false]) {
    const others = Array.from({ length: few ? 1 : fewServersMax }, (_, i) => fake(`warm ${i}`));
    const servers = new Servers(...others, fake("cold", 1, 0, 0));
    const pick = createPick("p2c", seededRandom(1));
    const chances = [1, 2, 3, 4].map(() => {
      servers.method.observe(servers.row("cold"), 150, 0);
      for (const { name } of others) {
        servers.loads.started(servers.row(name));
        servers.loads.ended(servers.row(name));
      }
      return Array.from({ length: 200 }, () => servers.pick(pick, 0)).includes("cold");
    });
    assert.deepEqual(chances, few ? [true, true, true, false] : [false, false, false, false]);
  }
});

Deno.test("p2c lets new servers take turns, though one has answered and the other starts", () => {
  const servers = new Servers(fake("a", 1, 0, 0), fake("b", 1, 0, 0));
  const pick = createPick("p2c", seededRandom(1));
  let ofB = 0;
  for (let call = 0; call < 30; call++) {
    const name = servers.pick(pick, call);
    const row = servers.row(name);
    servers.method.sent(row, call, false);
    if (name === "b") ofB++;
    else {
      servers.method.answered(row);
      servers.method.observe(row, 0.2, call);
    }
  }
  assert.equal(ofB, 15);
  for (let call = 0; call < 30; call++) {
    assert.equal(servers.pick(pick, 1_000), "a", "no start takes that long");
  }
});

Deno.test("p2c sends a new server that does not answer no more than a bound, however fast", () => {
  const servers = new Servers(fake("a", 1, 0, 0), fake("dead", 1, 0, 0));
  const pick = createPick("p2c", seededRandom(1));
  let ofDead = 0;
  for (let call = 0; call < 1_000; call++) {
    const name = servers.pick(pick, 0);
    const row = servers.row(name);
    servers.method.sent(row, 0, false);
    if (name === "dead") ofDead++;
    else {
      servers.method.answered(row);
      servers.method.observe(row, 0.2, 0);
    }
  }
  assert.ok(ofDead <= 32, `it got ${ofDead}`);
});

Deno.test("p2c turns from a new server that is silent for long, also to another new one with more calls", () => {
  for (const hasAnswered of [false, true]) {
    const servers = new Servers(fake("silent", 1, 0, 0), fake("new", 1, 0, 0));
    const { method } = servers;
    const pick = createPick("p2c", seededRandom(1));
    const [silent, other] = [servers.row("silent"), servers.row("new")];
    if (hasAnswered) method.observe(silent, 0.2, 0);
    method.sent(silent, 0, false);
    method.observe(other, 0.2, 60_000);
    for (let calls = 0; calls < 3; calls++) method.sent(other, 60_000, false);
    assert.equal(servers.pick(pick, 1), "silent");
    assert.equal(servers.pick(pick, 60_000), "new");
  }
});

Deno.test("p2c turns from a server that owes an answer for longer than it used to take", () => {
  const servers = new Servers(fake("silent", 1, 0, 10), fake("busy", 1, 4, 10));
  const pick = createPick("p2c", seededRandom(1));
  servers.method.sent(servers.row("silent"), 0, false);
  assert.equal(servers.pick(pick, 10), "silent");
  // 2 calls of 40 ms against 5 of 10 ms says little, of 50 ms more.
  assert.equal(servers.pick(pick, 50), "busy");
  servers.method.answered(servers.row("silent"));
  assert.equal(servers.pick(pick, 50), "silent");
});

Deno.test("p2c does not hold a long call against a server that answers others, or other methods", () => {
  const servers = new Servers(fake("a", 1, 0, 10), fake("b", 1, 9, 10));
  const pick = createPick("p2c", seededRandom(1));
  const row = servers.row("a");
  servers.loads.of("another").sent(row, 0, false);
  servers.method.sent(row, 0, true);
  assert.equal(servers.pick(pick, 60_000), "a", "a stream takes as long as its caller likes");
  servers.method.sent(row, 60_000, false);
  servers.method.sent(row, 60_000, false);
  servers.method.answered(row);
  for (const name of ["a", "b"]) servers.method.observe(servers.row(name), 10, 60_010);
  // The other one was sent before this answer, and is still under way.
  assert.equal(servers.pick(pick, 70_000), "a");
});

Deno.test("round-robin takes turns", () => {
  const pick = createPick("round-robin", seededRandom(1));
  const servers = new Servers(fake("a"), fake("b"), fake("c", 0), fake("d"));
  const names = Array.from({ length: 6 }, () => servers.pick(pick));
  assert.deepEqual(names, ["a", "b", "d", "a", "b", "d"]);
});

Deno.test("least-loaded compares calls in flight by weight", () => {
  const pick = createPick("least-loaded", seededRandom(1));
  assert.equal(new Servers(fake("a", 1, 1), fake("b", 1, 2)).pick(pick), "a");
  assert.equal(new Servers(fake("a", 1, 1), fake("b", 4, 2)).pick(pick), "b");
});

Deno.test("p2c takes the less recently used of two that are as good, unless their weights differ", () => {
  const pick = createPick("p2c", seededRandom(1));
  const alike = new Servers(fake("a"), fake("b", 1, 0, 1.4));
  let repeats = 0;
  let last: string | undefined;
  for (let nowMs = 1; nowMs <= 900; nowMs++) {
    const taken = alike.pick(pick, nowMs);
    alike.loads.started(alike.row(taken));
    alike.loads.ended(alike.row(taken));
    if (taken === last) repeats++;
    last = taken;
  }
  assert.equal(repeats, 0, "by a coin it were a half");
  const uneven = new Servers(fake("heavy", 3), fake("light"));
  uneven.loads.started(uneven.row("heavy"));
  uneven.loads.ended(uneven.row("heavy"));
  const counts = Array.from({ length: 1_000 }, () => uneven.pick(pick, 10));
  assertNear(counts.filter((name) => name === "heavy").length / 1_000, 0.75, 1);
});

Deno.test("p2c gives calls in proportion to shares, also while some are judged and others are not", () => {
  const light = Array.from({ length: fewServersMax + 4 }, (_, index) => fake(`${index}`, 1, 0, 0));
  const expected = 2 / (light.length + 2);
  for (const [weightOfOne, isEven] of [[1, true], [0, false]] as const) {
    const servers = new Servers(fake("heavy", 2, 0, 9), ...light);
    // Their shortest answers, where the other one has an average.
    for (const { name } of light) servers.method.observe(servers.row(name), 5, 0);
    servers.loads.weightOfOne = weightOfOne;
    const pick = createPick("p2c", seededRandom(5));
    let taken = 0;
    for (let i = 0; i < 4_000; i++) if (servers.pick(pick) === "heavy") taken += 1 / 4_000;
    assert.equal(Math.abs(taken - expected) < 0.02, isEven, `${taken} in place of ${expected}`);
  }
});

Deno.test("p2c takes more calls under way for no load at who weighs more by its share", () => {
  const servers = new Servers(fake("heavy", 8, 4), fake("light", 1, 0));
  const pick = createPick("p2c", seededRandom(1));
  assert.equal(servers.pick(pick), "light");
  servers.loads.weightOfOne = 1;
  const names = Array.from({ length: 200 }, () => servers.pick(pick));
  assert.ok(names.filter((name) => name === "heavy").length > 100);
});
