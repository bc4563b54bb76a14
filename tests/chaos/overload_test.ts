/**
 * The row "3 times overload". In full it fails when `Shedding.take` always takes the oldest call:
 * then each begins when there is no time left to end it.
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { silentLogger } from "../../src/base/log.ts";
import type { CallReport } from "../../src/client/call_report.ts";
import { Client } from "../../src/client/client.ts";
import { openDiscovery } from "../../src/discovery/open.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { isLong } from "./cluster.ts";

const holdMs = 40;
const timeoutMs = 1_000;
const roundMs = 5_000;
const patient = { timeoutMs: 120_000 };

/** Calls at a steady rate, whatever becomes of them, and how each ended. */
async function callAt(client: Client, perSecond: number): Promise<CallReport[]> {
  const startedAtMs = systemClock.now();
  const reports: Promise<CallReport>[] = [];
  const count = roundMs / 1_000 * perSecond;
  while (reports.length < count) {
    const passedMs = Math.min(systemClock.now() - startedAtMs, roundMs);
    // As many as are due by now, so that no late timer, nor one at the end, makes the load less.
    while (reports.length < passedMs / 1_000 * perSecond) {
      reports.push(client.report("occupy", [holdMs], { timeoutMs }));
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return await Promise.all(reports);
}

function answered(reports: readonly CallReport[]): number {
  return reports.filter(({ error }) => error === undefined).length;
}

Deno.test("with three times the load, as much is done as at the peak, and retries add little", async () => {
  await using home = await RpcHome.create();
  const module = fileURLToPath(new URL("./fixtures/busy.ts", import.meta.url));
  const servers = await Promise.all([1, 2].map(() => home.serve(["127.0.0.1", "0", module])));
  const discovery = await openDiscovery(
    `static:${servers.map(({ address }) => address).join(",")}`,
    { clock: systemClock, random: systemRandom, log: silentLogger },
  );
  await using client = new Client({ discovery });
  await waitFor("both servers", () => client.stats.connected === 2);

  // Four calls at a time keep both workers busy, and none waits for long.
  const startedAtMs = systemClock.now();
  let peak = 0;
  await Promise.all([1, 2, 3, 4].map(async () => {
    while (systemClock.now() - startedAtMs < roundMs) {
      const { error } = await client.report("occupy", [holdMs], { timeoutMs });
      if (error === undefined) peak++;
    }
  }));

  const before = client.stats;
  const calls = await callAt(client, peak / (roundMs / 1_000) * 3);
  const good = answered(calls);
  const retries = client.stats.retries - before.retries;
  const kinds = Object.groupBy(calls, ({ error }) => error?.name ?? "answered");
  const picture = JSON.stringify({
    peak,
    calls: calls.length,
    retries,
    ejections: client.stats.ejections,
    ...Object.fromEntries(Object.entries(kinds).map(([kind, list]) => [kind, list?.length])),
  });
  // A machine that stands still for a second of the five does less than before, whatever goes
  // first: shedding_test.ts compares the two by a clock of its own.
  if (isLong) assert.ok(good >= 0.8 * peak, picture);
  const expected = ["answered", "Overloaded", "DeadlineExceeded"];
  assert.deepEqual(Object.keys(kinds).filter((kind) => !expected.includes(kind)), [], picture);
  assert.ok(retries <= 0.2 * calls.length, picture);
  // It is over as soon as the load is.
  const after = await Promise.all(
    [1, 2, 3, 4].map(() => client.report("occupy", [holdMs], patient)),
  );
  assert.equal(answered(after), 4);
  await discovery.close();
});
