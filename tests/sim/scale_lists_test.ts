/** A large service whose list is wrong for a while. */

import assert from "node:assert/strict";
import {
  assertAllAnswered,
  assertFewConnections,
  clients,
  load,
  rate,
  scale,
  servers,
  serviceMs,
  subset,
} from "./scale.ts";
import { full, tell } from "./seed.ts";
import type { SimServer } from "./server.ts";

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

scale(
  "a registry that is wiped and filled again costs no call",
  async (world) => {
    const places = new Map(world.servers.map((server) => [server, world.random()]));
    const placeOf = (server: SimServer) => places.get(server) as number;
    const order = [...world.servers].sort((a, b) => placeOf(a) - placeOf(b));
    const steps = 40;
    world.clock.after(300, () => void world.list([]));
    for (let step = 1; step <= steps; step++) {
      const listed = order.slice(0, Math.ceil(step * servers / steps));
      world.clock.after(500 + step * 50, () => void world.list(listed));
    }
    const tally = await world.load(4 * rate * servers, 3_000, 5_000);
    assertAllAnswered(tally);
    // It was 0.2 s while all calls went to the few that were listed again. In full size it is more
    // (69 ms with 3,000 servers): all clients connect to the same 80, as there are no others yet.
    if (!full) assert.ok(tally.p99Ms < 10 * serviceMs, tally.report);
    await world.clock.pass(40_000);
    assertFewConnections(world);
  },
  {},
  // Its servers, as many that are listed before there is a choice, and what is kept of each.
  2.2 * size,
);
