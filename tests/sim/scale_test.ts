/** Whether all servers of a large service are used by clients that know a few of them each. */

import assert from "node:assert/strict";
import { assertFewConnections, load, mostMax, scale } from "./scale.ts";
import { full, tell, tellFigure } from "./seed.ts";

/**
 * How far chance takes a server from its share: with 300 calls a standard deviation is 6.1 % of 60
 * small worlds, hardly more than a Poisson distribution's. Of 120 servers one has 35 % more once in
 * 200,000 worlds, and with 150 calls once in a hundred. With 600 calls it is 4.5 %, and of 10,000
 * servers one has 25 % more once in a thousand worlds.
 */
const calls = full ? { durationMs: 12_000, perServer: 50 } : { durationMs: 5_000, perServer: 60 };

scale("clients connect to a few servers each, and all servers are sent as much", async (world) => {
  // Until each has been told how many others there are.
  await world.clock.pass(15_000);
  assertFewConnections(world);
  const sent = await load(world, calls.durationMs, calls.perServer);
  const mean = sent.reduce((sum, one) => sum + one, 0) / sent.length;
  const most = Math.max(...sent) / mean;
  tell(`the most loaded server is sent ${most} times the mean of ${mean} calls`);
  tellFigure("calls of the most loaded server by the mean", most);
  assert.ok(most <= mostMax, `the most loaded server has ${most} times the mean of ${mean}`);
});
