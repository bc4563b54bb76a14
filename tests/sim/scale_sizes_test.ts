/** Services that grow and shrink, and clients that connect to hardly any of their servers. */

import assert from "node:assert/strict";
import { assertAllAnswered, assertFewConnections, clients, load, scale, servers } from "./scale.ts";

scale("a service that grows a thousand times, and shrinks again, fails no call", async (world) => {
  const few = world.servers.slice(0, 10);
  const others = world.servers.slice(10);
  await world.list(few);
  for (const server of others) server.die();
  await world.clock.pass(2_000);
  const connected = () => world.clients.map(({ stats }) => stats.connected);
  assert.deepEqual([...new Set(connected())], [few.length]);
  const callsASecond = clients * 10;

  world.clock.after(500, () => {
    for (const server of others) server.start();
    void world.list();
  });
  assertAllAnswered(await world.load(callsASecond, 1_500, 5_000));
  // Those that all clients had before are kept for half a minute.
  await world.clock.pass(42_000);
  assertFewConnections(world);
  const before = world.servers.map(({ received }) => received);
  await load(world, 2_000);
  const got = (from: number, to: number) =>
    world.servers.slice(from, to).reduce(
      (sum, { received }, index) => sum + received - (before[from + index] as number),
      0,
    ) / (to - from);
  // Once they were all that there was, and every client had a connection to them.
  const ratio = got(0, few.length) / got(few.length, servers);
  assert.ok(ratio > 0.5 && ratio < 1.5, `the first ones were sent ${ratio} times as much`);

  world.clock.after(500, () => {
    void world.list(few);
    for (const server of others) server.drain(250);
  });
  assertAllAnswered(await world.load(callsASecond, 1_500, 5_000));
  await world.clock.pass(2_000);
  assert.deepEqual([...new Set(connected())], [few.length]);
}, { serviceMs: 1 });

for (const size of [1, 2]) {
  scale(
    `clients of ${size} of the servers fail no call when one of five dies, or says nothing`,
    async (world) => {
      const callsASecond = clients * 10;
      const dying = world.servers.filter(({ port }) => port % 5 === 0);
      world.clock.after(500, () => dying.forEach((server) => server.die()));
      assertAllAnswered(await world.load(callsASecond, 1_500, 5_000));
      const silent = world.servers.filter(({ port }) => port % 5 === 1);
      world.clock.after(500, () => silent.forEach(({ port }) => world.network.cut(port)));
      // A silent server is given up after some seconds, and its calls are sent to another one.
      assertAllAnswered(await world.load(callsASecond, 1_500, 20_000));
      const connected = world.clients.map(({ stats }) => stats.connected);
      assert.ok(Math.min(...connected) >= 1, "a client has no connection");
    },
    { subset: size },
  );
}
