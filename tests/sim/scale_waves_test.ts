/** A large service whose servers are lost in waves or replaced, and to which clients come. */

import { assertFewConnections, clients, Listing, load, scale, subset } from "./scale.ts";
import { tell } from "./seed.ts";

scale("no call fails when one of twenty servers dies three times in a row", async (world) => {
  const listing = new Listing(world);
  for (const wave of [0, 1, 2]) {
    world.clock.after(500 + wave * 1_000, () => {
      for (const server of world.servers.filter(({ port }) => port % 20 === wave)) {
        server.die();
        listing.leave(server);
      }
    });
  }
  await load(world, 3_200);
  assertFewConnections(world);
});

scale("clients that start while servers die fail no call", async (world) => {
  const dying = world.servers.filter(({ port }) => port % 20 === 0);
  // Nobody has told the registry, so the new clients are told of the dead ones.
  for (let index = 0; index < clients / 4; index++) {
    world.clock.after(500 + 400 * index / clients, () => world.addClient());
  }
  for (const [index, server] of dying.entries()) {
    world.clock.after(500 + 1_000 * index / dying.length, () => server.die());
  }
  await load(world, 600);
  // From here on the new ones call too, while half of those are still to die.
  await load(world, 1_500);
  assertFewConnections(world);
});

scale(
  "no call fails when all servers are replaced one after the other",
  async (world) => {
    const listing = new Listing(world);
    const durationMs = 6_000;
    for (const [index, server] of world.servers.entries()) {
      world.clock.after(index * (durationMs - 2_000) / world.servers.length, () => {
        listing.leave(server);
        server.drain(250);
        world.clock.after(900, () => {
          world.renew(server);
          listing.join(server);
        });
      });
    }
    const { attempts } = world.network;
    await load(world, durationMs);
    tell(
      `a replaced server: ${(world.network.attempts - attempts) / world.servers.length} connects`,
    );
    await world.clock.pass(3_000);
    assertFewConnections(world);
  },
  {},
  1.7 * (subset ?? 80),
);
