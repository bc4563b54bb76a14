import assert from "node:assert/strict";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { systemRandom } from "../../../src/base/random.ts";
import type { Discovery } from "../../../src/discovery/discovery.ts";
import { encodeInstance } from "../../../src/discovery/instance_json.ts";
import { ZooKeeperWatch } from "../../../src/discovery/zookeeper/watch.ts";
import { ZooKeeperClient } from "../../../src/zookeeper/mod.ts";
import { waitFor } from "../../support/wait_for.ts";
import {
  longSessions,
  startZooKeeper,
  type ZooKeeperServer,
  zooKeeperTest,
} from "../../support/zookeeper_server.ts";
import { addressesOf, anInstance, Recorder, RecordingLogger } from "../recorder.ts";
import { connectOutsider, openZooKeeper } from "./zookeeper_support.ts";

/**
 * One registry program, an outsider, and a watcher in a program of its own, on a chroot of their
 * own.
 */
interface Scene {
  readonly discovery: Discovery;
  readonly outsider: ZooKeeperClient;
  readonly recorder: Recorder;
  readonly log: RecordingLogger;
}

zooKeeperTest("zookeeper: a node is an instance as Curator has it, or a warning", async (t) => {
  await using server = await startZooKeeper(longSessions);
  let chroots = 0;
  const check = (name: string, run: (scene: Scene) => Promise<void>) =>
    t.step(name, () => inScene(server, `/nodes/${chroots++}`, run));

  await check(
    "a node's data is exactly Curator's ServiceInstance, and ours apart",
    async (scene) => {
      const { discovery, outsider } = scene;
      const instance = anInstance();
      await discovery.announce(instance).registered;
      const [id = "", ...others] = (await outsider.getChildren("/services/rpc")).children;
      assert.equal(others.length, 0);
      const { data, stat } = await outsider.getData(`/services/rpc/${id}`);
      assert.notEqual(stat.ephemeralOwner, 0n);
      assert.deepEqual(JSON.parse(new TextDecoder().decode(data)), {
        name: "rpc",
        id,
        address: instance.host,
        port: instance.port,
        sslPort: null,
        payload: null,
        registrationTimeUTC: instance.startedAtMs,
        serviceType: "DYNAMIC",
        uriSpec: null,
        rpc: {
          id: instance.id,
          weight: instance.weight,
          zone: instance.zone,
          version: instance.version,
          methods: instance.methods,
        },
      });
    },
  );

  await check("Curator's own instances are found, those it switched off are not", async (scene) => {
    const { outsider, recorder, log } = scene;
    const curators = {
      name: "rpc",
      id: "one",
      address: "10.1.1.1",
      port: 8080,
      sslPort: null,
      payload: { "@class": "com.example.Details", rack: 7 },
      registrationTimeUTC: 1_500_000_000_000,
      serviceType: "DYNAMIC",
      uriSpec: { parts: [{ value: "address", variable: true }] },
      enabled: true,
    };
    await outsider.ensurePath("/services/rpc");
    const disabled = { ...curators, id: "two", address: "10.1.1.2", enabled: false };
    await outsider.create("/services/rpc/two", JSON.stringify(disabled));
    await outsider.create("/services/rpc/one", JSON.stringify(curators));
    await recorder.until(({ last }) => last?.instances.length === 1, "foreign instance");
    assert.deepEqual(recorder.last?.instances, [{
      id: "one",
      service: "rpc",
      host: "10.1.1.1",
      port: 8080,
      weight: 1,
      zone: "",
      version: "",
      methods: [],
      startedAtMs: 1_500_000_000_000,
    }]);
    assert.deepEqual(log.warnings, []);
  });

  await check(
    "malformed, foreign and empty nodes cost one warning each, and nobody else",
    async (scene) => {
      const { discovery, outsider, recorder, log } = scene;
      await outsider.ensurePath("/services/rpc");
      const broken = {
        empty: "",
        text: "hello",
        json: '{"a":1}',
        port: '{"id":"x","address":"h","port":0}',
      };
      for (const [name, data] of Object.entries(broken)) {
        await outsider.create(`/services/rpc/${name}`, data);
      }
      const instance = anInstance();
      await discovery.announce(instance).registered;
      await recorder.untilListed(instance);
      // Touched again they are read again, but not complained of again.
      for (const name of Object.keys(broken)) {
        await outsider.setData(`/services/rpc/${name}`, "worse");
      }
      const other = anInstance();
      await discovery.announce(other).registered;
      await recorder.untilListed(instance, other);
      const paths = log.warnings.map((warning) => /"path":"([^"]*)"/.exec(warning)?.[1]).sort();
      assert.deepEqual(paths, Object.keys(broken).sort().map((name) => `/services/rpc/${name}`));
    },
  );

  await check("a change of a node's data is seen", async (scene) => {
    const { outsider, recorder } = scene;
    const instance = anInstance();
    // Another program's: what we have announced ourselves we would put right.
    await outsider.ensurePath("/services/rpc");
    await outsider.create("/services/rpc/theirs", encodeInstance(instance, "theirs"));
    await recorder.untilListed(instance);
    const heavier = { ...instance, weight: 9 };
    await outsider.setData("/services/rpc/theirs", encodeInstance(heavier, "theirs"));
    await recorder.until(({ last }) => last?.instances[0]?.weight === 9, "new weight");
    assert.equal(recorder.snapshots.at(-2)?.instances[0]?.weight, instance.weight);
  });

  await check("the newest node describes an address, whatever its clock said", async (scene) => {
    const { discovery, outsider, recorder } = scene;
    const ghost = anInstance({ startedAtMs: 9_000, version: "ghost" });
    const successor = { ...ghost, id: crypto.randomUUID(), startedAtMs: 1_000, version: "new" };
    await outsider.ensurePath("/services/rpc");
    const ghostPath = await outsider.create("/services/rpc/ghost", encodeInstance(ghost, "ghost"));
    await discovery.announce(successor).registered;
    await recorder.until(({ last }) => last?.instances[0]?.version === "new", "successor");
    const heard = recorder.snapshots.length;
    await outsider.delete(ghostPath);
    const witness = anInstance();
    await discovery.announce(witness).registered;
    await recorder.untilListed(successor, witness);
    assert.equal(recorder.snapshots.length, heard + 1, "the ghost's end shows nowhere");
  });

  await check("a node deleted by somebody comes back, under another name", async (scene) => {
    const { discovery, outsider, recorder } = scene;
    const instance = anInstance();
    const announcement = discovery.announce(instance);
    await recorder.untilListed(instance);
    const [id] = (await outsider.getChildren("/services/rpc")).children;
    await outsider.delete(`/services/rpc/${id}`);
    const renewed = await waitFor("a new node", async () => {
      const { children } = await outsider.getChildren("/services/rpc");
      return children.length === 1 && children[0] !== id && children[0];
    });
    await recorder.untilListed(instance);
    assert.equal(recorder.last?.instances[0]?.id, instance.id, "the server's own id stays");
    await waitFor("the announcement to know", () => announcement.isRegistered);
    const { stat } = await outsider.getData(`/services/rpc/${renewed}`);
    assert.notEqual(stat.ephemeralOwner, 0n);
  });

  await check("what somebody else puts in a node's place is not taken for it", async (scene) => {
    const { discovery, outsider, recorder } = scene;
    const instance = anInstance();
    const announcement = discovery.announce(instance);
    await recorder.untilListed(instance);
    const [id = ""] = (await outsider.getChildren("/services/rpc")).children;
    const path = `/services/rpc/${id}`;
    await Promise.all([
      outsider.delete(path),
      outsider.create(path, encodeInstance({ ...instance, version: "fake" }, id)),
    ]);
    await waitFor("a second node", async () => {
      return (await outsider.getChildren("/services/rpc")).children.length === 2;
    });
    await waitFor("the announcement to know", () => announcement.isRegistered);
    await recorder.until(
      ({ last }) => last?.instances[0]?.version === "1.2.3",
      "the true instance",
    );
  });

  await check("a service whose node is removed and made again is followed", async (scene) => {
    const { discovery, outsider, recorder } = scene;
    const instance = anInstance();
    const announcement = discovery.announce(instance);
    await recorder.untilListed(instance);
    await announcement.withdraw();
    await recorder.untilListed();
    // Containers go by themselves when they are empty; the server may have been quicker.
    await outsider.delete("/services/rpc").catch(() => {});
    const other = anInstance();
    discovery.announce(other);
    await recorder.untilListed(other);
  });

  await check("a node withdrawn is gone before withdraw() resolves", async (scene) => {
    const { discovery, outsider } = scene;
    const announcement = discovery.announce(anInstance());
    await announcement.registered;
    await announcement.withdraw();
    assert.deepEqual((await outsider.getChildren("/services/rpc")).children, []);
  });

  await check("an announcement withdrawn at once leaves no node", async (scene) => {
    const { discovery, outsider } = scene;
    // An announcement before it has the connection up, so that the next is caught while
    // registering.
    await discovery.announce(anInstance({ service: "other" })).registered;
    const announcement = discovery.announce(anInstance());
    await waitFor("the service's node", () => outsider.exists("/services/rpc").then(Boolean));
    await announcement.withdraw();
    assert.deepEqual((await outsider.getChildren("/services/rpc")).children, []);
  });
});

zooKeeperTest(
  "zookeeper: under churn only new nodes are read, and lists are coalesced",
  async () => {
    await using server = await startZooKeeper(longSessions);
    const outsider = await connectOutsider(server.port);
    const client = await connectOutsider(server.port);
    const reads: string[] = [];
    let lists = 0;
    client.getData = (path, watcher) => {
      reads.push(path);
      return ZooKeeperClient.prototype.getData.call(client, path, watcher);
    };
    client.getChildren = (path, watcher) => {
      lists++;
      return ZooKeeperClient.prototype.getChildren.call(client, path, watcher);
    };
    const create = (instance = anInstance()) =>
      outsider.create(`/services/rpc/${instance.id}`, encodeInstance(instance, instance.id));
    await outsider.ensurePath("/services/rpc");
    const first = await Promise.all(Array.from({ length: 500 }, () => create()));
    const recorder = new Recorder();
    const watch = new ZooKeeperWatch(recorder, {
      client,
      servicePath: "/services/rpc",
      service: "rpc",
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
      reconcileMs: 3_600_000,
      onClose: () => {},
    });
    try {
      await recorder.until(({ last }) => last?.instances.length === 500, "500 instances");
      assert.equal(reads.length, 500);
      const listsBefore = lists;
      const startedAtMs = performance.now();
      const second: string[] = [];
      for (let i = 0; i < 200; i++) second.push(await create());
      await Promise.all(first.slice(0, 300).map((path) => outsider.delete(path)));
      await recorder.until(({ last }) => last?.instances.length === 400, "400 instances");
      assert.ok(reads.length <= 700, `${reads.length} reads for 700 nodes`);
      assert.equal(new Set(reads).size, reads.length, "no node was read twice");
      assert.ok(second.every((path) => reads.includes(path)));
      // Each child is worth a pause of a tenth of a millisecond, and there are 400 of them at
      // least.
      const listsMax = 2 + (performance.now() - startedAtMs) / 40;
      assert.ok(lists - listsBefore <= listsMax, `${lists - listsBefore} lists, not ${listsMax}`);
    } finally {
      watch.close();
      await Promise.all([client.close(), outsider.close()]);
    }
  },
);

async function inScene(
  server: ZooKeeperServer,
  chroot: string,
  run: (scene: Scene) => Promise<void>,
): Promise<void> {
  const log = new RecordingLogger();
  const discovery = openZooKeeper({ port: server.port, chroot });
  const watching = openZooKeeper({ port: server.port, chroot, log });
  const outsider = await connectOutsider(server.port, chroot);
  try {
    const recorder = new Recorder();
    watching.watch("rpc", recorder);
    await recorder.untilListed();
    await run({ discovery, outsider, recorder, log });
    assert.deepEqual(recorder.troubles, []);
    assert.ok(recorder.snapshots.every(({ stale }) => !stale));
    assert.ok(recorder.snapshots.every(({ instances }) => addressesOf(instances).length < 10));
  } finally {
    await Promise.all([discovery.close(), watching.close(), outsider.close()]);
  }
}
