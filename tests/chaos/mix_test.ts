/** All faults at random, several at once, and books that must balance at the end. */

import assert from "node:assert/strict";
import { unreadAnswersBytesMax } from "../../src/server/limits.ts";
import { type Random, randomInt } from "../../src/base/random.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { waitFor } from "../support/wait_for.ts";
import {
  startEnsemble,
  type ZooKeeperEnsemble,
  zooKeeperTest,
} from "../support/zookeeper_server.ts";
import { failuresOf } from "./audit.ts";
import { Cluster, isLong, type Load, longestGapMs, measured, stopAll } from "./cluster.ts";
import {
  deadlyFaults,
  type Fault,
  pause,
  registryFaults,
  survivableFaults,
  Target,
} from "./gremlin.ts";
import { Footprints } from "./footprints.ts";
import type { LoadReport } from "./load.ts";
import { startOverloaded, startUnruly, stayDeaf } from "./unruly.ts";

/** Draws twelve kinds of faults within the ten seconds of a run that is not long. */
const mixedSeed = 4;

const seeds = Deno.env.get("RPC_TEST_SEED")?.split(",").map(Number) ??
  (isLong ? [1, 2, 3].map(() => Math.floor(Math.random() * 2 ** 31)) : [mixedSeed]);
const durationMs = 1_000 * Number(Deno.env.get("RPC_TEST_CHAOS_SECONDS") ?? (isLong ? 600 : 10));

/**
 * Long enough for several servers in turn to be found dead: the promise is about what happens until
 * then.
 */
const timeoutMs = 120_000;

/** Of those that are meant to run out of it now and then. */
const unrulyTimeoutMs = 30_000;

/** How much longer the others' slowest hundredth may take beside unruly company. */
const companySlowdownMax = 3;

/** Below this a quantile says more of the machine than of the servers. */
const companyFloorMs = 100;

for (const seed of seeds) {
  // To see it fail: let `worthAnotherServer` in src/client/retry.ts lack ConnectionLost; or let
  // `isIdempotent` in src/client/endpoints/endpoint.ts return true, and calls run twice.
  zooKeeperTest(`nothing is lost in a mix of all faults, seed ${seed}`, async () => {
    await using ensemble = await startEnsemble();
    await using cluster = await Cluster.create(
      `zookeeper://${ensemble.connectString}?sessionTimeoutMs=4000`,
    );
    await using stack = new AsyncDisposableStack();
    const backend = await startOverloaded(cluster, stack);
    const targets: Target[] = [];
    for (let i = 0; i < 4; i++) {
      targets.push(stack.use(await Target.start(cluster, { RPC_CHAOS_BACKEND: backend })));
    }
    const mix = new Mix(seed, cluster, ensemble, targets);
    const alone = await mix.run("alone");

    const unruly = await startUnruly(cluster, unrulyTimeoutMs);
    let deafVisits = 0;
    const beside = await mix.run("beside unruly company", [unruly], async (isOver) => {
      deafVisits = await stayDeaf(() => oneOf(targets, Math.random).server.port, isOver);
    });
    assert.ok(deafVisits > 0, "a client that does not read was there");
    // In a few seconds the slowest hundredth is made by one fault more or less.
    if (isLong) {
      const boundMs = companySlowdownMax * Math.max(alone, companyFloorMs);
      assert.ok(beside <= boundMs, `p99 of the others: ${beside} ms, alone ${alone} ms`);
    }

    const result = cluster.audit();
    assert.deepEqual(failuresOf(result, "again"), {}, "no idempotent call fails");
    for (const method of ["once", "chatter", "spawner", "wedge"]) {
      for (const kind of Object.keys(failuresOf(result, method))) {
        assert.match(kind, /^(ConnectionLost|WorkerLost|DeadlineExceeded):maybe$/, method);
      }
    }
    // The error of the call that it made itself is its own, and says that it ran.
    for (const kind of Object.keys(failuresOf(result, "relay"))) {
      assert.match(
        kind,
        /^(InternalError:yes|(ConnectionLost|WorkerLost|DeadlineExceeded):maybe)$/,
      );
    }
    assert.ok(failuresOf(result, "relay")["InternalError:yes"], "the other service was overloaded");
  });
}

/** Servers, a registry and clients, and faults that happen to them at random. */
class Mix {
  readonly #seed: number;
  readonly #cluster: Cluster;
  readonly #ensemble: ZooKeeperEnsemble;
  readonly #targets: readonly Target[];
  #endsAtMs = 0;

  constructor(
    seed: number,
    cluster: Cluster,
    ensemble: ZooKeeperEnsemble,
    targets: readonly Target[],
  ) {
    this.#seed = seed;
    this.#cluster = cluster;
    this.#ensemble = ensemble;
    this.#targets = targets;
  }

  get #isOver(): boolean {
    return performance.now() >= this.#endsAtMs;
  }

  /**
   * Lets faults happen for {@link durationMs} while two orderly clients call, and resolves to how
   * long the slowest hundredth of their calls took, in milliseconds.
   *
   * @param company further clients, which are stopped with them
   * @param meanwhile runs beside them until it is told that the time is over
   */
  async run(
    name: string,
    company: readonly Load[] = [],
    meanwhile: (isOver: () => boolean) => Promise<void> = () => Promise.resolve(),
  ): Promise<number> {
    const cluster = this.#cluster;
    const loads = [await cluster.load({ timeoutMs }), await cluster.load({ timeoutMs })];
    const [first] = this.#targets;
    const footprints = new Footprints({
      server: first?.server.pid ?? 0,
      ...Object.fromEntries(loads.map((load, i) => [`client ${i + 1}`, load.process.pid])),
    });
    const faults: Record<string, number> = {};
    this.#endsAtMs = performance.now() + durationMs;
    let commands = 0;
    try {
      const held = new Set<Target>();
      [, , , commands] = await Promise.all([
        // Each draws from a seed of its own, so that the same happens with company and without. Two
        // of the first: so two servers of four at the most are hit at a time.
        this.#hitServers(held, faults, seededRandom(this.#seed)),
        this.#hitServers(held, faults, seededRandom(this.#seed + 1)),
        this.#hitRegistry(faults, seededRandom(this.#seed + 2)),
        this.#runCommands(),
        this.#watch(footprints),
        meanwhile(() => this.#isOver),
      ]);
    } catch (error) {
      // The other seeds may take long: nobody has to wait for them to read what this one came to.
      console.error(`seed ${this.#seed}:`, error);
      throw error;
    }
    await this.#recovered();
    const reports = await stopAll(loads);
    await stopAll(company);
    const sum = (count: (report: LoadReport) => number) =>
      reports.reduce((total, report) => total + count(report), 0);
    const p99Ms = Math.round(Math.max(...reports.map((report) => report.p99Ms)));
    measured(`mix of ${durationMs / 1_000} s ${name}, seed ${this.#seed}`, {
      sent: sum(({ sent }) => sent),
      answered: sum(({ answered }) => answered),
      failed: sum(({ failed }) => failed),
      company: company.map(({ answered, failed }) => ({ answered, failed })),
      commands,
      gapMs: longestGapMs(reports),
      p99Ms,
      slowestMs: Math.round(Math.max(...reports.map((report) => report.maxMs))),
      faults,
      footprints: footprints.summary(),
    });
    // A client that does not read costs what one may leave unread, for as long as it is there.
    footprints.assertFlat(company.length === 0 ? 0 : unreadAnswersBytesMax / 2 ** 20);
    return p99Ms;
  }

  async #hitServers(
    held: Set<Target>,
    faults: Record<string, number>,
    random: Random,
  ): Promise<void> {
    while (!this.#isOver) {
      const target = oneOf(this.#targets.filter((target) => !held.has(target)), random);
      held.add(target);
      // The first one's process goes on to the end: its memory and handles are looked at.
      const choice = target === this.#targets[0]
        ? survivableFaults
        : { ...deadlyFaults, ...survivableFaults };
      await this.#hit(choice, target, faults, random);
      held.delete(target);
      await pause(500 * random());
    }
  }

  async #hitRegistry(faults: Record<string, number>, random: Random): Promise<void> {
    while (!this.#isOver) {
      await this.#hit(registryFaults, this.#ensemble, faults, random);
      await pause(2_000 * random());
    }
  }

  async #hit<Victim>(
    choice: Readonly<Record<string, Fault<Victim>>>,
    victim: Victim,
    faults: Record<string, number>,
    random: Random,
  ): Promise<void> {
    const [name, fault] = oneOf(Object.entries(choice), random);
    faults[name] = (faults[name] ?? 0) + 1;
    await fault(victim, random);
  }

  async #runCommands(): Promise<number> {
    let commands = 0;
    while (!this.#isOver) {
      const args = ["call", "ping", "{i}", "--repeat", "20", "--timeout", String(timeoutMs)];
      const { code, lines, stderr } = await this.#cluster.home.run(args, { timeoutMs: 300_000 });
      assert.equal(code, 0, stderr);
      assert.deepEqual(lines, Array.from({ length: 20 }, (_, i) => `"pong ${i + 1}"`));
      commands++;
      await pause(1_000);
    }
    return commands;
  }

  async #watch(footprints: Footprints): Promise<void> {
    while (!this.#isOver) {
      footprints.sample();
      await pause(Math.min(1_000, durationMs / 20));
    }
  }

  /** All is well again: so all four are used again. */
  async #recovered(): Promise<void> {
    await this.#ensemble.leader();
    const names = () =>
      new Set(this.#cluster.executions().slice(-500).map(({ server }) => server)).size;
    await waitFor("all servers to be used again", () => names() >= 4, { periodMs: 200 });
  }
}

function oneOf<Item>(items: readonly Item[], random: Random): Item {
  return items[randomInt(random, items.length)] as Item;
}
