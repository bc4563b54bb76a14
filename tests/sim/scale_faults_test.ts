/** A large service of which many servers are lost at once. */

import assert from "node:assert/strict";
import { assertFewConnections, load, rate, scale, servers } from "./scale.ts";
import type { SimServer } from "./server.ts";

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
