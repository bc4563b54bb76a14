/** A large service in zones, of which some are lost. */

import assert from "node:assert/strict";
import { assertAllAnswered, assertFewConnections, load, rate, scale, servers } from "./scale.ts";
import type { SimServer } from "./server.ts";

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
        (index) => world.zoneOf(index) === "zone-0" ? 1 : 0,
      );
      assertAllAnswered(tally);
      return zones.map((zone) =>
        world.servers.reduce(
          (sum, server, index) =>
            sum + (isOf(server, zone) ? server.received - (before[index] as number) : 0),
          0,
        ) /
        tally.calls
      );
    };
    const atHome = await callsOfZone(2_000);
    assert.ok((atHome[0] as number) > 0.99, JSON.stringify(atHome));
    assertFewConnections(world);

    const own = world.servers.filter((server) => isOf(server, "zone-0"));
    world.clock.after(500, () => own.forEach((server) => server.die()));
    await callsOfZone(2_000);
    await world.clock.pass(2_000);
    const away = await callsOfZone(2_000);
    assert.equal(away[0], 0);
    assertFewConnections(world);

    own.forEach((server) => server.start());
    await world.clock.pass(8_000);
    const back = await callsOfZone(2_000);
    assert.ok((back[0] as number) > 0.99, JSON.stringify(back));
    await world.clock.pass(42_000);
    assertFewConnections(world);
  },
  { zones: 3 },
);

scale("no call fails when a zone is lost in the moment in which another is back", async (world) => {
  const of = (zone: string) => world.servers.filter(({ port }) => world.zoneOf(port - 1) === zone);
  for (const server of of("zone-0")) server.die();
  await world.clock.pass(2_000);
  world.clock.after(500, () => {
    for (const server of of("zone-0")) server.start();
    for (const server of of("zone-1")) server.die();
  });
  await load(world, 2_000);
  for (const server of of("zone-1")) server.start();
  await world.clock.pass(8_000);
  assertFewConnections(world);
}, { zones: 3 });
