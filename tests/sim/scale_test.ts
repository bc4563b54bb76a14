/**
 * Many clients of a service that is too large for each to connect to all of it. `deno task sim` has
 * 10,000 servers and 1,000 clients.
 */

import assert from "node:assert/strict";
import type { SimServer } from "./server.ts";
import { World } from "./world.ts";

const full = Deno.env.get("RPC_TEST_SIM") === "full";
const seed = Number(Deno.env.get("RPC_TEST_SEED") ?? Date.now() % 1_000_000);
const servers = full ? 10_000 : 120;
const clients = full ? 1_000 : 36;
/** The default, or a smaller one that is as small a part of the small service. */
const subset = full ? undefined : 30;
const connectionsMax = full ? 100 : 40;
/** Fewer calls and fewer clients for each server leave more to chance. */
const mostMax = full ? 1.25 : 1.35;
/** For each server and second. */
const rate = 10;
const serviceMs = 5;

function scale(name: string, run: (world: World) => Promise<void>, zones = 0): void {
  Deno.test(`${name} (seed ${seed})`, async () => {
    await using world = new World({ seed, servers, clients, serviceMs, subset, zones });
    await world.list();
    await world.clock.pass(2_000);
    await run(world);
  });
}

function assertFewConnections(world: World): void {
  for (const { stats: { connected } } of world.clients) {
    assert.ok(connected >= 20 && connected <= connectionsMax, `${connected} connections`);
  }
}

/** Calls for so long, none of which may fail. Returns what each server was sent. */
async function load(world: World, durationMs: number, perServer = rate): Promise<number[]> {
  const before = world.servers.map(({ received }) => received);
  const tally = await world.load(perServer * servers, durationMs, 5_000);
  assert.equal(tally.answered, tally.calls, tally.report);
  return world.servers.map(({ received }, index) => received - (before[index] as number));
}

scale("clients connect to a few servers each, and all servers are sent as much", async (world) => {
  // Until each has been told how many others there are.
  await world.clock.pass(15_000);
  assertFewConnections(world);
  const sent = await load(world, full ? 10_000 : 5_000, full ? 50 : 30);
  const mean = sent.reduce((sum, one) => sum + one, 0) / sent.length;
  const most = Math.max(...sent) / mean;
  assert.ok(most <= mostMax, `the most loaded server has ${most} times the mean of ${mean}`);
});

scale(
  "one server more or less moves few connections, and costs a client a kilobyte",
  async (world) => {
    const changes = 20;
    await world.clock.pass(10_000);
    const costOf = async (during: () => Promise<void>) => {
      const { bytes, attempts } = world.network;
      await during();
      return { bytes: world.network.bytes - bytes, attempts: world.network.attempts - attempts };
    };
    const calm = await costOf(() => world.clock.pass(changes * 250));
    const listed = new Set(world.servers);
    const busy = await costOf(async () => {
      for (const server of world.servers.slice(0, changes)) {
        listed.delete(server);
        server.die();
        await world.list([...listed]);
        await world.clock.pass(250);
      }
    });
    const bytes = (busy.bytes - calm.bytes) / changes / clients;
    assert.ok(bytes <= 1_024, `a change costs each client ${bytes} bytes`);
    // Those of its clients that connect to another one in its place, and hardly any other.
    const expected = clients * (subset ?? 80) / servers;
    const moved = busy.attempts / changes;
    assert.ok(moved <= 3 * expected + 1, `a change moves ${moved} connections`);
  },
);

scale(
  "no call fails when one of twenty servers dies at once, and they are used again",
  async (world) => {
    const dying = world.servers.filter(({ port }) => port % 20 === 0);
    world.clock.after(1_000, () => dying.forEach((server) => server.die()));
    await load(world, 4_000);
    assertFewConnections(world);
    dying.forEach((server) => server.start());
    await world.clock.pass(10_000);
    const sent = await load(world, 6_000);
    const rested = dying.filter(({ port }) => sent[port - 1] === 0).length;
    assert.ok(rested <= dying.length / 20 + 1, `${rested} of ${dying.length} were sent nothing`);
    await world.clock.pass(60_000);
    assertFewConnections(world);
  },
);

scale(
  "clients call their own zone, others while it is away, and their own again",
  async (world) => {
    const zones = ["zone-0", "zone-1", "zone-2"];
    const isOf = (server: SimServer, zone: string) => world.zoneOf(server.port - 1) === zone;
    // Only clients of the first zone call: what others are sent is what has left it.
    const callsOfZone = async (durationMs: number) => {
      const before = world.servers.map(({ received }) => received);
      const tally = await world.load(
        rate * servers / 3,
        durationMs,
        5_000,
        (index) => world.zoneOf(index) === "zone-0",
      );
      assert.equal(tally.answered, tally.calls, tally.report);
      return zones.map((zone) =>
        world.servers.reduce(
          (sum, server, index) =>
            sum + (isOf(server, zone) ? server.received - (before[index] as number) : 0),
          0,
        ) /
        tally.calls
      );
    };
    const atHome = await callsOfZone(3_000);
    assert.ok((atHome[0] as number) > 0.99, JSON.stringify(atHome));
    assertFewConnections(world);

    const own = world.servers.filter((server) => isOf(server, "zone-0"));
    world.clock.after(1_000, () => own.forEach((server) => server.die()));
    await callsOfZone(3_000);
    await world.clock.pass(2_000);
    const away = await callsOfZone(3_000);
    assert.equal(away[0], 0);
    assertFewConnections(world);

    own.forEach((server) => server.start());
    await world.clock.pass(20_000);
    const back = await callsOfZone(3_000);
    assert.ok((back[0] as number) > 0.99, JSON.stringify(back));
    await world.clock.pass(60_000);
    assertFewConnections(world);
  },
  3,
);
