/**
 * Worlds with many clients of a service that is too large for each to connect to all of it.
 * `deno task sim` has 10,000 servers and 1,000 clients.
 */

import assert from "node:assert/strict";
import { full, seed, tell, tellFigure } from "./seed.ts";
import type { SimServer } from "./server.ts";
import { type Tally, World, type WorldOptions } from "./world.ts";

export const servers = full ? 10_000 : 120;
export const clients = full ? 1_000 : 36;
/** The default, or a smaller one that is as small a part of the small service. */
export const subset = full ? undefined : 30;
const connectionsMax = full ? 100 : 40;
/** Fewer calls and fewer clients for each server leave more to chance. */
export const mostMax = full ? 1.25 : 1.35;
/** For each server and second. */
export const rate = 10;
export const serviceMs = 5;
/** How often clients are asked for their connections. */
const peakLookMs = 50;
/** How long a registry collects changes before it hands out a list. */
const listingMs = 25;

/**
 * A test in a world of its own, to whose servers the clients have connected. At no time may a
 * client have too many connections.
 *
 * @param peakMax more if servers leave the list that can still be used
 */
export function scale(
  name: string,
  run: (world: World) => Promise<void>,
  options: Partial<WorldOptions> = {},
  peakMax = connectionsMax,
): void {
  Deno.test(`${name} (seed ${seed})`, async () => {
    await using world = new World({ seed, servers, clients, serviceMs, subset, ...options });
    let most = 0;
    world.clock.every(peakLookMs, () => {
      for (const { stats } of world.clients) most = Math.max(most, stats.connected);
    });
    await world.list();
    await world.clock.pass(2_000);
    await run(world);
    const when = peakMax === connectionsMax ? "at any time" : "while the list drops servers";
    tellFigure(`connections of a client ${when}`, most);
    assert.ok(most <= peakMax, `a client had ${most} connections`);
  });
}

/** Each client has as many connections as the subset asks for. */
export function assertFewConnections(world: World): void {
  const connected = world.clients.map(({ stats }) => stats.connected);
  const [fewest, most] = [Math.min(...connected), Math.max(...connected)];
  tell(`${fewest} to ${most} connections of a client`);
  tellFigure("connections of a client at rest", most);
  assert.ok(fewest >= 20 && most <= connectionsMax, `${fewest} to ${most} connections`);
}

/** Calls for so long, none of which may fail. Returns what each server was sent. */
export async function load(world: World, durationMs: number, perServer = rate): Promise<number[]> {
  const before = world.servers.map(({ received }) => received);
  const tally = await world.load(perServer * servers, durationMs, 5_000);
  assertAllAnswered(tally);
  return world.servers.map(({ received }, index) => received - (before[index] as number));
}

/** None of the calls has failed. */
export function assertAllAnswered(tally: Tally): void {
  tell(tally.report);
  tellFigure("calls to large services", tally.calls, "sum");
  tellFigure("failed ones of these", tally.calls - tally.answered, "sum");
  assert.equal(tally.answered, tally.calls, tally.report);
}

/** Servers that leave and join; clients are told a moment after each change, as by registries. */
export class Listing {
  readonly #world: World;
  readonly #gone = new Set<SimServer>();
  #isDue = false;

  constructor(world: World) {
    this.#world = world;
  }

  leave(server: SimServer): void {
    this.#gone.add(server);
    this.#changed();
  }

  join(server: SimServer): void {
    this.#gone.delete(server);
    this.#changed();
  }

  #changed(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#world.clock.after(listingMs, () => {
      this.#isDue = false;
      void this.#world.list(this.#world.servers.filter((server) => !this.#gone.has(server)));
    });
  }
}
