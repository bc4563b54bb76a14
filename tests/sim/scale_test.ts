/** What a large service costs its many clients, and whether all of it is used. */

import assert from "node:assert/strict";
import {
  assertFewConnections,
  clients,
  full,
  load,
  mostMax,
  scale,
  servers,
  subset,
} from "./scale.ts";

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
