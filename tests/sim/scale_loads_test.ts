/** A large service some of whose clients call much, and others little or nothing. */

import assert from "node:assert/strict";
import { assertAllAnswered, clients, mostMax, rate, scale, servers } from "./scale.ts";
import { full, tell, tellFigure } from "./seed.ts";

/** Of nine clients six do not call, and the others call as much as these numbers tell. */
const parts = [0, 9, 0, 0, 3, 0, 0, 1, 0];
const partOf = (client: number) => parts[client % parts.length] as number;

/** Enough that chance takes no server far from its share, see `scale_test.ts`. */
const perSecond = (full ? 5 : 6) * rate * servers;

scale("beside clients that call less or not at all all servers are sent as much", async (world) => {
  const load = async (durationMs: number) =>
    assertAllAnswered(await world.load(perSecond, durationMs, 5_000, partOf));
  // Until those that call have told their servers how much, and were told of others.
  await load(full ? 20_000 : 12_000);
  const before = world.servers.map(({ received }) => received);
  await load(full ? 12_000 : 5_000);
  const sent = world.servers.map(({ received }, index) => received - (before[index] as number));
  const mean = sent.reduce((sum, one) => sum + one, 0) / sent.length;
  const most = Math.max(...sent) / mean;
  tell(`beside such clients the most loaded server is sent ${most} times the mean of ${mean}`);
  tellFigure("the same where clients call more, less or nothing", most);
  assert.ok(most <= mostMax, `the most loaded server has ${most} times the mean of ${mean}`);
}, { clients: 3 * clients });
