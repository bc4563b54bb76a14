/** A large service whose servers are to be sent different shares of the calls. */

import assert from "node:assert/strict";
import { assertFewConnections, load, rate, scale, servers } from "./scale.ts";
import { full, tell } from "./seed.ts";

const weights = [1, 2, 4, 8];
const weightOf = (index: number) => weights[index % weights.length] as number;

scale("servers are sent calls by their weights", async (world) => {
  for (const server of world.servers) server.options.serviceMs = world.service(0.2).serviceMs;
  await world.clock.pass(15_000);
  assertFewConnections(world);
  const sent = await load(world, 3_000, full ? 3 * rate : rate);
  const ofOne = sent.reduce((sum, calls) => sum + calls, 0) /
    (servers * weights.reduce((sum, weight) => sum + weight, 0) / weights.length);
  for (const weight of weights) {
    const own = sent.filter((_, index) => weightOf(index) === weight);
    const share = own.reduce((sum, calls) => sum + calls, 0) / own.length / weight / ofOne;
    tell(`of weight ${weight}: ${share.toFixed(3)} of what that is`);
    // It was 0.18 for the least and 1.39 for the most, as weights counted twice.
    assert.ok(share > 0.8 && share < 1.2, `those of weight ${weight} got ${share} of their part`);
  }
}, { weightOf });
