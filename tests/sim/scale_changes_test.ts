/** What it costs the many clients of a large service that its servers change. */

import assert from "node:assert/strict";
import { clients, scale, servers, subset } from "./scale.ts";
import { tell, tellFigure } from "./seed.ts";

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
    tellFigure("bytes that a change costs each client", bytes);
    assert.ok(bytes <= 1_024, `a change costs each client ${bytes} bytes`);
    // Those of its clients that connect to another one in its place, and hardly any other.
    const expected = clients * (subset ?? 80) / servers;
    const moved = busy.attempts / changes;
    tell(`a change moves ${moved} connections, where it is about ${expected}`);
    assert.ok(moved <= 3 * expected + 1, `a change moves ${moved} connections`);
  },
);
