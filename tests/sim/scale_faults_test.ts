/** A large service of which many servers are lost at once. */

import assert from "node:assert/strict";
import { assertAllAnswered, assertFewConnections, load, rate, scale, servers } from "./scale.ts";

scale(
  "no call fails when one of twenty servers dies at once, and they are used again",
  async (world) => {
    const dying = world.servers.filter(({ port }) => port % 20 === 0);
    world.clock.after(500, () => dying.forEach((server) => server.die()));
    await load(world, 2_000);
    assertFewConnections(world);
    dying.forEach((server) => server.start());
    await world.clock.pass(10_000);
    const sent = await load(world, 3_000);
    const rested = dying.filter(({ port }) => sent[port - 1] === 0).length;
    assert.ok(rested <= dying.length / 20 + 1, `${rested} of ${dying.length} were sent nothing`);
    await world.clock.pass(42_000);
    assertFewConnections(world);
  },
);

scale(
  "no call fails when one of twenty servers dies, one is silent and one is slow",
  async (world) => {
    world.clock.after(500, () => {
      for (const server of world.servers) {
        if (server.port % 20 === 0) server.die();
        if (server.port % 20 === 1) world.network.cut(server.port);
        if (server.port % 20 === 2) server.options.serviceMs = () => 1_000;
      }
    });
    // The calls of silent servers wait until these are given up.
    assertAllAnswered(await world.load(rate * servers, 2_000, 20_000));
    assertFewConnections(world);
  },
);
