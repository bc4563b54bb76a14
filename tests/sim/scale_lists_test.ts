/** A large service whose list is wrong for a while. */

import assert from "node:assert/strict";
import { assertFewConnections, clients, load, scale, servers, subset } from "./scale.ts";
import { tell } from "./seed.ts";

const size = subset ?? 80;

/**
 * How many of a client's servers the list may drop: half of them, give or take what chance makes of
 * a choice without repetition. Of a million clients none has five standard deviations more.
 */
const droppedMax = size / 2 + 5 * Math.sqrt(size / 4 * (servers - size) / (servers - 1));

scale(
  "a list that lacks half of the servers now and then costs no call",
  async (world) => {
    const { attempts } = world.network;
    const half = world.servers.filter(({ port }) => port % 2 === 0);
    const flaps = 5;
    for (let flap = 0; flap < flaps; flap++) {
      world.clock.after(300 + flap * 600, () => void world.list(half));
      world.clock.after(600 + flap * 600, () => void world.list());
    }
    await load(world, 3_500);
    // At the most others in place of half of its servers, each time.
    const moved = (world.network.attempts - attempts) / flaps / clients;
    tell(`a list of half of the servers has a client connect to ${moved} others`);
    assert.ok(moved <= 0.6 * size, `it connects to ${moved} others`);
    await world.clock.pass(3_000);
    assertFewConnections(world);
  },
  {},
  size + droppedMax,
);

scale("an outage of the registry while servers are replaced costs no call", async (world) => {
  const dying = world.servers.filter(({ port }) => port % 20 === 0);
  world.discovery.push([], true);
  world.clock.after(500, () => dying.forEach((server) => server.die()));
  await load(world, 1_500);
  for (const server of dying) world.renew(server);
  await world.list();
  await load(world, 1_500);
  assertFewConnections(world);
});
