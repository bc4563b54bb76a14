/** A large service, most of whose clients do not call. */

import assert from "node:assert/strict";
import { assertAllAnswered, clients, mostMax, rate, scale, servers } from "./scale.ts";
import { tell, tellFigure } from "./seed.ts";
import { callerIdleMs } from "./server.ts";

const isCalling = (client: number) => client < clients;
const perSecond = rate * servers;

scale("clients that do not call take no calls from the servers that they chose", async (world) => {
  for (let i = 0; i < 3 * clients; i++) world.addClient();
  // Until those that do not call have been silent for long, and the others were told so.
  await world.load(perSecond / 3, callerIdleMs + 48_000, 5_000, isCalling);
  const before = world.servers.map(({ received }) => received);
  const tally = await world.load(6 * perSecond, 5_000, 5_000, isCalling);
  assertAllAnswered(tally);
  const sent = world.servers.map(({ received }, index) => received - (before[index] as number));
  const most = Math.max(...sent) * servers / sent.reduce((sum, one) => sum + one, 0);
  tell(`beside clients that do not call the most loaded server is sent ${most} times the mean`);
  tellFigure("the same beside clients that do not call", most);
  assert.ok(most <= mostMax, `the most loaded server has ${most} times the mean`);
});
