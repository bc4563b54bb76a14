/**
 * The client under what one machine cannot show: many servers and many clients, some of them slow,
 * failing, flapping or cut off. Quick by default; `deno task sim` has 1,000 servers and 100
 * clients.
 */

import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { randomInt } from "../../src/base/random.ts";
import { full, seed } from "./seed.ts";
import { type Tally, World, type WorldOptions } from "./world.ts";

const servers = full ? 1_000 : 40;
const clients = full ? 100 : 10;

const serviceMs = 80;
/** Calls a second that all servers together can do: of two workers each. */
const capacity = servers * 2 * 1_000 / serviceMs;
const timeoutMs = 20 * serviceMs;
/** Long enough for some fifty calls on each server. */
const roundMs = 50 * serviceMs;
/**
 * A client knows of a server only what its own calls have shown, and forgets it within ten seconds.
 * So where clients are to learn, calls are so short that at 0.4 of the capacity each client calls
 * each server once a second, and there is time for four of them: after twice as many that it learns
 * by.
 */
const learning = {
  durationMs: 4_000,
  warmUpMs: 8_000,
};
/**
 * Each of them learns by itself, so more clients only do the same again, and more servers take as
 * many more calls: the full size is smaller here.
 */
const learners = full ? { servers: 400, clients: 40 } : { servers, clients };
const learnersServiceMs = 800 / learners.clients;
/** How long a registry collects changes before it hands out a list. */
const listingMs = 25;

function scenario(
  name: string,
  run: (world: World) => Promise<void>,
  options: Partial<WorldOptions> = {},
): void {
  Deno.test(`${name} (seed ${seed})`, async () => {
    await using world = new World({ seed, servers, clients, serviceMs, ...options });
    await run(world);
  });
}

/** Every call was answered, and few were sent twice. */
function assertAllAnswered(tally: Tally): void {
  assert.equal(tally.answered, tally.calls, tally.report);
  assert.ok(tally.calls > 100, tally.report);
  assert.ok(tally.amplification <= 1.2, tally.report);
}

/** What each server got more of by a period. */
async function shares(world: World, during: () => Promise<void>): Promise<number[]> {
  const before = world.servers.map(({ received }) => received);
  await during();
  const got = world.servers.map(({ received }, index) => received - (before[index] as number));
  const sum = got.reduce((total, calls) => total + calls, 0);
  return got.map((calls) => calls / sum * got.length);
}

scenario("after a cold start all are used alike", async (world) => {
  await world.list();
  assertAllAnswered(await world.load(capacity * 0.2, roundMs / 5, timeoutMs));
  const fair = await shares(world, async () => {
    assertAllAnswered(await world.load(capacity * 0.6, roundMs, timeoutMs));
  });
  assert.ok(Math.min(...fair) > 0.4 && Math.max(...fair) < 1.9, JSON.stringify(fair));
});

scenario("a server ten times slower gets less, and the others' calls stay fast", async (world) => {
  await world.connect();
  const slow = world.servers[0] as typeof world.servers[number];
  slow.options.serviceMs = world.service(10).serviceMs;
  await world.load(world.capacity * 0.4, learning.durationMs, timeoutMs);
  const fair = await shares(world, async () => {
    const tally = await world.load(
      world.capacity * 0.4,
      learning.durationMs,
      timeoutMs,
    );
    assertAllAnswered(tally);
    assert.ok(tally.p99Ms < 6 * learnersServiceMs, tally.report);
  });
  assert.ok((fair[0] as number) < 0.5, JSON.stringify(fair));
}, { ...learners, serviceMs: learnersServiceMs });

scenario("servers whose workers die are passed over", async (world) => {
  await world.connect();
  for (const server of world.servers.filter(({ port }) => port % 10 === 0)) {
    server.fails = () => new RpcError("WorkerLost", "Its worker died");
  }
  // Each client has to find out by itself, by some calls to each.
  await world.load(world.capacity * 0.4, learning.warmUpMs, timeoutMs);
  const fair = await shares(world, async () => {
    const tally = await world.load(
      world.capacity * 0.4,
      learning.durationMs,
      timeoutMs,
    );
    assert.ok(tally.answered >= 0.99 * tally.calls, tally.report);
    assert.ok(tally.amplification <= 1.2, tally.report);
  });
  const failing = fair.filter((_, index) => index % 10 === 9);
  const share = failing.reduce((sum, one) => sum + one, 0) / failing.length;
  assert.ok(share < 0.7, JSON.stringify(fair));
}, { ...learners, serviceMs: learnersServiceMs });

scenario("servers that die and return cost no call", async (world) => {
  await world.connect();
  const flapping = world.servers.filter(({ port }) => port % 4 === 0);
  for (const [index, server] of flapping.entries()) {
    for (let atMs = index * 7; atMs < roundMs; atMs += 12 * serviceMs) {
      world.clock.after(atMs, () => server.die());
      world.clock.after(atMs + 4 * serviceMs, () => server.start());
    }
  }
  assertAllAnswered(await world.load(capacity * 0.3, roundMs, timeoutMs));
});

scenario(
  "half of the servers are cut off: the others do it, and all when it is over",
  async (world) => {
    await world.connect();
    const far = world.servers.filter(({ port }) => port % 2 === 0);
    for (const { port } of far) world.network.cut(port);
    // The first calls find out, by their deadlines or by heartbeats.
    await world.load(world.capacity * 0.2, full ? 20_000 : 10_000, timeoutMs);
    const during = await world.load(world.capacity * 0.3, roundMs, timeoutMs);
    assert.ok(during.answered >= 0.99 * during.calls, during.report);
    assert.ok(during.amplification <= 1.2, during.report);
    for (const { port } of far) world.network.heal(port);
    // Some are ejected for the second time, which takes a minute.
    await world.clock.pass(100_000);
    const fair = await shares(world, async () => {
      assertAllAnswered(await world.load(world.capacity * 0.6, roundMs, timeoutMs));
    });
    assert.ok(Math.min(...fair) > 0.3, JSON.stringify(fair));
  },
  learners,
);

scenario("a rolling restart of all costs no call, and runs none twice", async (world) => {
  await world.connect();
  const graceMs = 250;
  const perServerMs = (roundMs - 1_500) / world.servers.length;
  const away = new Set<typeof world.servers[number]>();
  let isListing = false;
  const list = () => {
    if (isListing) return;
    isListing = true;
    world.clock.after(listingMs, () => {
      isListing = false;
      void world.list(world.servers.filter((server) => !away.has(server)));
    });
  };
  for (const [index, server] of world.servers.entries()) {
    world.clock.after(index * perServerMs, () => {
      away.add(server);
      list();
      server.drain(graceMs);
      world.clock.after(graceMs + 600, () => {
        server.start();
        away.delete(server);
        list();
      });
    });
  }
  const before = world.servers.reduce((sum, { done }) => sum + done, 0);
  const tally = await world.load(capacity * 0.3, roundMs, timeoutMs);
  assertAllAnswered(tally);
  const after = world.servers.reduce((sum, { done }) => sum + done, 0);
  assert.ok(after - before - tally.calls <= 0.05 * tally.calls, tally.report);
});

scenario("a registry that hands out an empty list for a moment costs nothing", async (world) => {
  await world.connect();
  const attempts = world.network.attempts;
  for (let atMs = 0; atMs < roundMs; atMs += roundMs / 5) {
    world.clock.after(atMs, () => world.discovery.push([]));
    world.clock.after(atMs + serviceMs, () => void world.list());
  }
  assertAllAnswered(await world.load(capacity * 0.4, roundMs, timeoutMs));
  assert.equal(world.network.attempts, attempts, "connections were made anew");
});

scenario(
  "instances that come and go all the time cost no call and few connections",
  async (world) => {
    const half = world.servers.length / 2;
    let listed = world.servers.slice(0, half);
    await world.list(listed);
    await world.clock.pass(50);
    const before = world.network.attempts;
    let joined = 0;
    const periodMs = roundMs / 40;
    for (let atMs = periodMs; atMs < roundMs - periodMs; atMs += periodMs) {
      world.clock.after(atMs, () => {
        const resting = world.servers.filter((server) => !listed.includes(server));
        const joins = resting[randomInt(world.random, resting.length)] as typeof listed[number];
        const leaves = listed[randomInt(world.random, listed.length)] as typeof listed[number];
        listed = [...listed.filter((server) => server !== leaves), joins];
        joined++;
        void world.list(listed);
      });
    }
    assertAllAnswered(await world.load(capacity * 0.2, roundMs, timeoutMs));
    assert.ok(
      world.network.attempts - before <= joined * clients,
      `${world.network.attempts - before} connections for ${joined} that joined`,
    );
  },
);

scenario(
  "three times overload: as much is done as at the peak, and calls are sent 1.2 times",
  async (world) => {
    await world.connect();
    const peak = await world.load(capacity * 0.9, roundMs, timeoutMs);
    assert.ok(peak.answered >= 0.95 * peak.calls, peak.report);
    const over = await world.load(capacity * 3, roundMs, timeoutMs);
    const goodput = over.answered / peak.answered;
    assert.ok(goodput >= 0.8, `${goodput} of ${peak.report}: ${over.report}`);
    assert.ok(over.amplification <= 1.2, over.report);
    await world.clock.pass(20_000);
    assertAllAnswered(await world.load(capacity * 0.5, roundMs, timeoutMs));
  },
);

Deno.test(`few clients that make one call at a time keep all servers at work (seed ${seed})`, async () => {
  const rate = async (count: number) => {
    const options = { seed, servers: count, clients: 4, workers: 1, serviceMs: 30, spread: 0.1 };
    await using world = new World(options);
    await world.connect();
    return await world.loops(10_000);
  };
  const gain = await rate(2) / await rate(1);
  // With a coin in place of the least recently used of two it is 1.7.
  assert.ok(gain >= 1.85, `two servers do ${gain} times as much as one`);
});
