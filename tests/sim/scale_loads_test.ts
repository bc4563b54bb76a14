/** A large service some of whose clients call much, and others little or nothing. */

import assert from "node:assert/strict";
import { assertAllAnswered, mostMax, rate, scale } from "./scale.ts";
import { full, tell, tellFigure } from "./seed.ts";

/** Fewer than elsewhere, since many clients are needed that do not call. */
const servers = full ? 2_000 : 120;
const clients = full ? 600 : 108;

/** Of nine clients six do not call, and the others call as much as these numbers tell. */
const parts = [0, 9, 0, 0, 3, 0, 0, 1, 0];
const partOf = (client: number) => parts[client % parts.length] as number;

scale("beside clients that call less or not at all all servers are sent as much", async (world) => {
  const load = async (perServer: number, durationMs: number) =>
    assertAllAnswered(await world.load(perServer * servers, durationMs, 5_000, partOf));
  // Until those that call have told their servers how much, and were told of others.
  await load(rate, 15_000);
  const before = world.servers.map(({ received }) => received);
  // Enough that chance takes no server far from its share, see `scale_test.ts`.
  await load(6 * rate, full ? 10_000 : 5_000);
  const sent = world.servers.map(({ received }, index) => received - (before[index] as number));
  const mean = sent.reduce((sum, one) => sum + one, 0) / sent.length;
  const most = Math.max(...sent) / mean;
  tell(`beside such clients the most loaded server is sent ${most} times the mean of ${mean}`);
  tellFigure("the same where clients call more, less or nothing", most);
  assert.ok(most <= mostMax, `the most loaded server has ${most} times the mean of ${mean}`);
}, { servers, clients });
