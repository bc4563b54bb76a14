/**
 * Worlds with many clients of a service that is too large for each to connect to all of it.
 * `deno task sim` has 10,000 servers and 1,000 clients.
 */

import assert from "node:assert/strict";
import { full, seed, tell } from "./seed.ts";
import { World } from "./world.ts";

export const servers = full ? 10_000 : 120;
export const clients = full ? 1_000 : 36;
/** The default, or a smaller one that is as small a part of the small service. */
export const subset = full ? undefined : 30;
const connectionsMax = full ? 100 : 40;
/** Fewer calls and fewer clients for each server leave more to chance. */
export const mostMax = full ? 1.25 : 1.35;
/** For each server and second. */
export const rate = 10;
const serviceMs = 5;

/** A test in a world of its own, to whose servers the clients have connected. */
export function scale(name: string, run: (world: World) => Promise<void>, zones = 0): void {
  Deno.test(`${name} (seed ${seed})`, async () => {
    await using world = new World({ seed, servers, clients, serviceMs, subset, zones });
    await world.list();
    await world.clock.pass(2_000);
    await run(world);
  });
}

/** Each client has as many connections as the subset asks for. */
export function assertFewConnections(world: World): void {
  const connected = world.clients.map(({ stats }) => stats.connected);
  const [fewest, most] = [Math.min(...connected), Math.max(...connected)];
  tell(`${fewest} to ${most} connections of a client`);
  assert.ok(fewest >= 20 && most <= connectionsMax, `${fewest} to ${most} connections`);
}

/** Calls for so long, none of which may fail. Returns what each server was sent. */
export async function load(world: World, durationMs: number, perServer = rate): Promise<number[]> {
  const before = world.servers.map(({ received }) => received);
  const tally = await world.load(perServer * servers, durationMs, 5_000);
  tell(tally.report);
  assert.equal(tally.answered, tally.calls, tally.report);
  return world.servers.map(({ received }, index) => received - (before[index] as number));
}
