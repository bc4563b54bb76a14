/** All faults at random, several at once, and books that must balance at the end. */

import assert from "node:assert/strict";
import { type Random, randomInt, seededRandom } from "../../src/base/random.ts";
import { waitFor } from "../support/wait_for.ts";
import { startEnsemble, zooKeeperTest } from "../support/zookeeper_server.ts";
import { failuresOf } from "./audit.ts";
import { Cluster, isLong, longestGapMs, measured, stopAll } from "./cluster.ts";
import {
  deadlyFaults,
  type Fault,
  pause,
  registryFaults,
  survivableFaults,
  Target,
} from "./gremlin.ts";
import { Footprints } from "./footprints.ts";

const seeds = Deno.env.get("RPC_TEST_SEED")?.split(",").map(Number) ??
  Array.from({ length: isLong ? 3 : 1 }, () => Math.floor(Math.random() * 2 ** 31));
const durationMs = 1_000 * Number(Deno.env.get("RPC_TEST_CHAOS_SECONDS") ?? (isLong ? 600 : 20));

/** Long enough for several servers in turn to be found dead: the promise is about what happens until then. */
const timeoutMs = 30_000;

for (const seed of seeds) {
  // To see it fail: let `worthAnotherServer` in src/client/retry.ts lack ConnectionLost; or let `#again` there
  // be called in place of `#againIf`, and calls run twice.
  zooKeeperTest(`nothing is lost in a mix of all faults, seed ${seed}`, async () => {
    const random = seededRandom(seed);
    await using ensemble = await startEnsemble();
    await using cluster = await Cluster.create(
      `zookeeper://${ensemble.connectString}?sessionTimeoutMs=4000`,
    );
    await using stack = new AsyncDisposableStack();
    const targets: Target[] = [];
    for (let i = 0; i < 4; i++) targets.push(stack.use(await Target.start(cluster)));
    const loads = [await cluster.load({ timeoutMs }), await cluster.load({ timeoutMs })];
    const [first] = targets;
    const footprints = new Footprints({
      server: first?.server.pid ?? 0,
      ...Object.fromEntries(loads.map((load, i) => [`client ${i + 1}`, load.process.pid])),
    });

    const endsAtMs = performance.now() + durationMs;
    const faults: Record<string, number> = {};
    const held = new Set<Target>();
    /** Two of these: so two servers of four at the most are hit at a time. */
    const hitServers = async () => {
      while (performance.now() < endsAtMs) {
        const target = oneOf(targets.filter((target) => !held.has(target)), random);
        held.add(target);
        // The first one's process goes on to the end: its memory and handles are looked at.
        const choice = target === first
          ? survivableFaults
          : { ...deadlyFaults, ...survivableFaults };
        await hit(choice, target);
        held.delete(target);
        await pause(500 * random());
      }
    };
    const hitRegistry = async () => {
      while (performance.now() < endsAtMs) {
        await hit(registryFaults, ensemble);
        await pause(2_000 * random());
      }
    };
    async function hit<Victim>(choice: Readonly<Record<string, Fault<Victim>>>, victim: Victim) {
      const [name, fault] = oneOf(Object.entries(choice), random);
      faults[name] = (faults[name] ?? 0) + 1;
      await fault(victim, random);
    }
    let commands = 0;
    const runCommands = async () => {
      while (performance.now() < endsAtMs) {
        const args = ["call", "ping", "{i}", "--repeat", "20", "--timeout", String(timeoutMs)];
        const { code, lines, stderr } = await cluster.home.run(args, { timeoutMs: 120_000 });
        assert.equal(code, 0, stderr);
        assert.deepEqual(lines, Array.from({ length: 20 }, (_, i) => `"pong ${i + 1}"`));
        commands++;
        await pause(1_000);
      }
    };
    const watchFootprints = async () => {
      while (performance.now() < endsAtMs) {
        footprints.sample();
        await pause(Math.min(1_000, durationMs / 20));
      }
    };
    try {
      const all = [hitServers(), hitServers(), hitRegistry(), runCommands(), watchFootprints()];
      await Promise.all(all);
    } catch (error) {
      // The other seeds may take long: nobody has to wait for them to read what this one came to.
      console.error(`seed ${seed}:`, error);
      throw error;
    }

    // All is well again: so all four are used again.
    await ensemble.leader();
    const names = () => new Set(cluster.executions().slice(-500).map(({ server }) => server)).size;
    await waitFor("all servers to be used again", () => names() >= 4, {
      timeoutMs: 60_000,
      periodMs: 200,
    });
    const reports = await stopAll(loads);
    const result = cluster.audit();
    measured(`mix of ${durationMs / 1_000} s, seed ${seed}`, {
      sent: result.sent,
      answered: result.answered,
      failed: result.failed,
      commands,
      gapMs: longestGapMs(reports),
      slowestMs: Math.round(Math.max(...reports.map((report) => report.maxMs))),
      faults,
      footprints: footprints.summary(),
    });
    assert.deepEqual(failuresOf(result, "again"), {}, "no idempotent call fails");
    for (const kind of Object.keys(failuresOf(result, "once"))) {
      assert.match(kind, /^(ConnectionLost|WorkerLost|DeadlineExceeded):maybe$/);
    }
    footprints.assertFlat();
  });
}

function oneOf<Item>(items: readonly Item[], random: Random): Item {
  return items[randomInt(random, items.length)] as Item;
}
