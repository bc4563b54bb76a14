/** Registrations that are malformed, left behind, lost, or come and go by the thousand. */

import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { silentLogger } from "../../src/base/log.ts";
import { ZooKeeperDiscovery } from "../../src/discovery/zookeeper/zookeeper.ts";
import { connectOutsider } from "../discovery/zookeeper/zookeeper_support.ts";
import { startTcpProxy } from "../support/tcp_proxy.ts";
import { waitFor } from "../support/wait_for.ts";
import { sharedZooKeeper, zooKeeperTest } from "../support/zookeeper_server.ts";
import { Cluster, measured, stopAll } from "./cluster.ts";

const sessionTimeoutMs = 4_000;

/** So long that no ghost ends by itself while a test looks at it, also on a busy machine. */
const ghostTimeoutMs = 120_000;
const shared = sharedZooKeeper({ config: { maxSessionTimeout: ghostTimeoutMs } });
let chroots = 0;

/** A registry of its own for each test. */
async function setUp() {
  const { port } = shared();
  const chroot = `/test${++chroots}`;
  const maker = await connectOutsider(port);
  await maker.create(chroot, "");
  await maker.close();
  const outsider = await connectOutsider(port, chroot);
  const url = (through = port, timeoutMs = sessionTimeoutMs) =>
    `zookeeper://127.0.0.1:${through}${chroot}?sessionTimeoutMs=${timeoutMs}`;
  const names = async () => (await outsider.getChildren("/services/rpc")).children;
  return { port, chroot, outsider, url, names };
}

// To see it fail: let SkippedEntries.add in src/discovery/skipped.ts forget what it knows.
zooKeeperTest(
  "nodes that are malformed, foreign or empty are skipped, with one warning each",
  async () => {
    const { outsider, url } = await setUp();
    await using cluster = await Cluster.create(url());
    try {
      await cluster.serve();
      const load = await cluster.load();
      const bad: Record<string, string | Uint8Array> = {
        empty: "",
        text: "this is no JSON",
        foreign: '{"hello":"world"}',
        bytes: new Uint8Array([0xff, 0xfe, 0]),
        port: '{"id":"x","address":"127.0.0.1","port":0}',
      };
      for (const [name, data] of Object.entries(bad)) {
        await outsider.create(`/services/rpc/${name}`, data);
      }
      const warnings = () => load.process.stderr.match(/Skipped a node/g)?.length ?? 0;
      await waitFor("the warnings", () => warnings() >= 5);
      // Further changes have everything looked at again, and the newcomer is used.
      const second = await cluster.serve();
      await cluster.runsOn("s2", 20);
      await second.stop();
      await outsider.setData("/services/rpc/text", "still no JSON");
      await cluster.serve();
      await cluster.runsOn("s3", 20);
      await stopAll([load]);
      const result = cluster.audit();
      assert.deepEqual(result.failed, {});
      assert.equal(warnings(), 5, load.process.stderr);
      measured("malformed nodes", { sent: result.sent, nodes: 5, warnings: warnings() });
    } finally {
      await outsider.close();
    }
  },
);

// To see it fail: let oneByAddress in src/discovery/snapshot.ts return all that it is given.
zooKeeperTest(
  "the ghost of a killed server beside its successor is one endpoint, and its end closes nothing",
  async () => {
    const { port, outsider, url, names } = await setUp();
    await using cluster = await Cluster.create(url(port, ghostTimeoutMs));
    try {
      const killed = await cluster.serve();
      const [ghost] = await names();
      await killed.kill();
      await cluster.serve({ port: killed.port });
      assert.equal((await names()).length, 2, "the ghost is there");
      const { stdout } = await cluster.home.run(["servers", "--json"]);
      assert.equal(stdout.trim().split("\n").length, 1, stdout);
      const load = await cluster.load({ methods: ["once"] });
      // To all who watch, the end of its session is that its node is deleted, and no more.
      await outsider.delete(`/services/rpc/${ghost}`);
      await load.more(200);
      assert.equal((await names()).length, 1, "its successor is registered");
      await stopAll([load]);
      const result = cluster.audit();
      assert.deepEqual(result.failed, {}, "a connection that is closed fails what is in flight");
      measured("ghost", { sent: result.sent });
    } finally {
      await outsider.close();
    }
  },
);

// To see it fail: let ZooKeeperAnnouncement.connected in src/discovery/zookeeper/announcement.ts do
// nothing for one that is registered.
zooKeeperTest(
  "a server whose session expired registers again, and one whose node was deleted too",
  async () => {
    const { port, outsider, url, names } = await setUp();
    await using proxy = startTcpProxy({ targetPort: port });
    await using cluster = await Cluster.create(url());
    try {
      await cluster.serve({ args: ["--registry", url(proxy.port)] });
      const load = await cluster.load();
      const [ghost] = await names();
      proxy.blackHole();
      await waitFor("the session's end", async () => (await names()).length === 0);
      proxy.heal();
      const healedAtMs = performance.now();
      const renewed = await waitFor("a new node", async () => (await names())[0]);
      const expiredMs = Math.round(performance.now() - healedAtMs);
      assert.notEqual(renewed, ghost);
      await outsider.delete(`/services/rpc/${renewed}`);
      const deletedAtMs = performance.now();
      await waitFor("another new node", async () => (await names()).length === 1);
      const deletedMs = Math.round(performance.now() - deletedAtMs);
      await load.more(50);
      await stopAll([load]);
      const result = cluster.audit();
      assert.deepEqual(result.failed, {});
      measured("session expired; node deleted", { sent: result.sent, expiredMs, deletedMs });
    } finally {
      await outsider.close();
    }
  },
);

// To see it fail: let ZooKeeperWatch.#read in src/discovery/zookeeper/watch.ts doubt all nodes each
// time.
zooKeeperTest(
  "churn among a thousand instances is read as it comes, not again and again",
  async () => {
    const { port, outsider, chroot } = await setUp();
    const watchers = 5, size = 1_000, churned = 200;
    const node = (i: number) => `/services/rpc/i${i}`;
    const json = (i: number) => JSON.stringify({ id: `i${i}`, address: "127.0.0.1", port: 1 + i });
    await outsider.ensurePath("/services/rpc");
    for (let i = 0; i < size; i += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, j) => outsider.create(node(i + j), json(i + j))),
      );
    }
    const lists: (readonly { readonly id: string }[])[] = [];
    const registries = Array.from({ length: watchers }, (_, index) => {
      const discovery = new ZooKeeperDiscovery(
        { kind: "zookeeper", servers: [{ host: "127.0.0.1", port }], chroot, sessionTimeoutMs },
        { clock: systemClock, random: systemRandom, log: silentLogger },
      );
      discovery.watch("rpc", {
        snapshot: ({ instances }) => lists[index] = instances,
        trouble: () => {},
      });
      return discovery;
    });
    const allSee = (last: string, count: number) =>
      waitFor(`all to see ${count} instances and ${last}`, () => {
        const seeing = lists.filter((list) =>
          list.length === count && list.some(({ id }) => id === last)
        );
        return seeing.length === watchers;
      });
    try {
      await allSee(`i${size - 1}`, size);
      const before = await packetsReceived(port);
      for (let i = 0; i < churned; i++) {
        await outsider.delete(node(i));
        await outsider.create(node(size + i), json(size + i));
      }
      await allSee(`i${size + churned - 1}`, size);
      const packets = await packetsReceived(port) - before;
      // For each watcher: each new node once, and the lists; the churn itself, and the sessions'
      // pings.
      const readsEach = (packets - 2 * churned) / watchers;
      assert.ok(readsEach < 2 * churned, `${readsEach} reads for each watcher`);
      measured("1,000 instances, 200 replaced", { watchers, readsEach: Math.round(readsEach) });
    } finally {
      await Promise.all([outsider.close(), ...registries.map((registry) => registry.close())]);
    }
  },
);

/** What the server has received since it started, by its own count. */
async function packetsReceived(port: number): Promise<number> {
  const socket = await Deno.connect({ hostname: "127.0.0.1", port });
  await socket.write(new TextEncoder().encode("srvr"));
  const answer = await new Response(socket.readable).text();
  return Number(/^Received: (\d+)$/m.exec(answer)?.[1]);
}
