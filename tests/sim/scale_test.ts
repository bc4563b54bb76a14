/** Whether all servers of a large service are used by clients that know a few of them each. */

import assert from "node:assert/strict";
import { assertFewConnections, load, mostMax, scale } from "./scale.ts";
import { full, tell } from "./seed.ts";

scale("clients connect to a few servers each, and all servers are sent as much", async (world) => {
  // Until each has been told how many others there are.
  await world.clock.pass(15_000);
  assertFewConnections(world);
  const sent = await load(world, full ? 10_000 : 5_000, full ? 50 : 30);
  const mean = sent.reduce((sum, one) => sum + one, 0) / sent.length;
  const most = Math.max(...sent) / mean;
  tell(`the most loaded server: ${most.toFixed(3)} times the mean of ${mean} calls`);
  assert.ok(most <= mostMax, `the most loaded server has ${most} times the mean of ${mean}`);
});
