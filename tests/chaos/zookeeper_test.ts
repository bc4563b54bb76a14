/**
 * A ZooKeeper ensemble of three that loses members, quorum, sessions and data, under servers and
 * clients.
 */

import assert from "node:assert/strict";
import type { ZooKeeperClient } from "../../src/zookeeper/mod.ts";
import { connectOutsider } from "../discovery/zookeeper/zookeeper_support.ts";
import { waitFor } from "../support/wait_for.ts";
import {
  startEnsemble,
  type ZooKeeperEnsemble,
  zooKeeperTest,
} from "../support/zookeeper_server.ts";
import { Cluster, longestGapMs, measured, stopAll } from "./cluster.ts";

/** As long as a server with ticks of 200 ms grants. */
const sessionTimeoutMs = 4_000;

/** What is registered: the nodes' names, and the sessions that own them. */
async function registrations(outsider: ZooKeeperClient): Promise<Map<string, bigint>> {
  const owners = new Map<string, bigint>();
  const { children } = await outsider.getChildren("/services/rpc").catch(() => ({ children: [] }));
  for (const name of children) {
    const stat = await outsider.exists(`/services/rpc/${name}`);
    if (stat !== undefined) owners.set(name, stat.ephemeralOwner);
  }
  return owners;
}

async function untilRegistered(ensemble: ZooKeeperEnsemble, count: number): Promise<number> {
  const startedAtMs = performance.now();
  await waitFor(`${count} registrations`, async () => {
    for (const { port } of ensemble.members) {
      try {
        const outsider = await connectOutsider(port);
        const found = await registrations(outsider);
        await outsider.close();
        return found.size === count;
      } catch {
        // Another member may serve.
      }
    }
    return false;
  }, { periodMs: 50 });
  return Math.round(performance.now() - startedAtMs);
}

async function withEnsemble(
  test: (ensemble: ZooKeeperEnsemble, cluster: Cluster) => Promise<void>,
): Promise<void> {
  await using ensemble = await startEnsemble();
  const url = `zookeeper://${ensemble.connectString}?sessionTimeoutMs=${sessionTimeoutMs}`;
  await using cluster = await Cluster.create(url);
  await test(ensemble, cluster);
}

// To see it fail: give servers and clients the first member's address alone, and stop that one.
zooKeeperTest(
  "a ZooKeeper leader or member that dies or stops costs no call and no registration",
  () =>
    withEnsemble(async (ensemble, cluster) => {
      await cluster.serveMany(2);
      const loads = [await cluster.load(), await cluster.load()];
      const before = await withOutsider(ensemble.members[0]?.port ?? 0, registrations);
      assert.equal(before.size, 2);
      const leader = await ensemble.leader();
      const faults = [
        { name: "leader killed", begin: () => leader.stop(), end: () => leader.restart() },
        ...ensemble.members.filter((member) => member !== leader).map((member, i) =>
          i === 0
            ? { name: "follower killed", begin: () => member.stop(), end: () => member.restart() }
            : {
              name: "follower stopped",
              begin: () => Promise.resolve(member.pause()),
              end: () => Promise.resolve(member.resume()),
            }
        ),
      ];
      for (const { begin, end } of faults) {
        await begin();
        // Longer than a session lasts, so that whoever did not move to another member would lose
        // his.
        const untilMs = performance.now() + 1.25 * sessionTimeoutMs;
        while (performance.now() < untilMs) await Promise.all(loads.map((load) => load.more(20)));
        await end();
        await ensemble.leader();
      }
      const after = await waitFor("the ensemble to answer", async () => {
        const found = await withOutsider(ensemble.members[0]?.port ?? 0, registrations);
        return found.size >= 2 && found;
      });
      assert.deepEqual(
        [...after].sort(),
        [...before].sort(),
        "the same nodes of the same sessions",
      );
      const reports = await stopAll(loads);
      const result = cluster.audit();
      assert.deepEqual(result.failed, {});
      assert.equal(result.executed, result.sent);
      measured("ZooKeeper leader killed, member killed, member stopped", {
        sent: result.sent,
        gapMs: longestGapMs(reports),
      });
    }),
);

// To see it fail: let LastKnownStore.load in src/discovery/last_known/store.ts return undefined.
zooKeeperTest(
  "without any ZooKeeper for longer than a session, calls go on and clients and servers start",
  () =>
    withEnsemble(async (ensemble, cluster) => {
      await cluster.serveMany(2);
      const load = await cluster.load();
      await load.more(100);
      await Promise.all(ensemble.members.map((member) => member.stop()));
      const outageBegunAtMs = performance.now();
      // New ones start during the outage: a client from the last known list, a server unregistered.
      const newcomer = await cluster.load();
      await newcomer.more(100);
      const { code, stdout, stderr } = await cluster.home.run([
        "call",
        "ping",
        "{i}",
        "--repeat",
        "3",
      ]);
      assert.deepEqual([code, stdout], [0, '"pong 1"\n"pong 2"\n"pong 3"\n'], stderr);
      const added = await cluster.serve();
      assert.match(added.stderr, /[Nn]ot registered|does not list this server/);
      while (performance.now() < outageBegunAtMs + 1.5 * sessionTimeoutMs) await load.more(20);
      await Promise.all(ensemble.members.map((member) => member.restart()));
      const registeredMs = await untilRegistered(ensemble, 3);
      await cluster.runsOn("s3", 20);
      const reports = await stopAll([load, newcomer]);
      const result = cluster.audit();
      assert.deepEqual(result.failed, {});
      assert.equal(result.executed, result.sent);
      measured("ZooKeeper gone altogether for one and a half session timeouts", {
        sent: result.sent,
        gapMs: longestGapMs(reports),
        registeredMs,
      });
    }),
);

// To see it fail: let ZooKeeperAnnouncement.connected in src/discovery/zookeeper/announcement.ts do
// nothing for one that is registered.
zooKeeperTest(
  "after ZooKeeper's data was wiped, servers register again by themselves",
  () =>
    withEnsemble(async (ensemble, cluster) => {
      await cluster.serveMany(2);
      const load = await cluster.load();
      await Promise.all(ensemble.members.map((member) => member.stop()));
      await Promise.all(ensemble.members.map((member) => member.restart({ wipe: true })));
      const registeredMs = await untilRegistered(ensemble, 2);
      const joined = await cluster.serve();
      await cluster.runsOn("s3", 20);
      assert.match(joined.readyLine, /^ready /);
      const reports = await stopAll([load]);
      const result = cluster.audit();
      assert.deepEqual(result.failed, {});
      measured("ZooKeeper's data wiped", {
        sent: result.sent,
        registeredMs,
        gapMs: longestGapMs(reports),
      });
    }),
);

async function withOutsider<Value>(
  port: number,
  look: (outsider: ZooKeeperClient) => Promise<Value>,
): Promise<Value> {
  const outsider = await connectOutsider(port);
  try {
    return await look(outsider);
  } finally {
    await outsider.close();
  }
}
