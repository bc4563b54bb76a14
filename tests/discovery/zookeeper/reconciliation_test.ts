import assert from "node:assert/strict";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { systemRandom } from "../../../src/base/random.ts";
import { encodeInstance } from "../../../src/discovery/instance_json.ts";
import { ZooKeeperAnnouncement } from "../../../src/discovery/zookeeper/announcement.ts";
import { ZooKeeperWatch } from "../../../src/discovery/zookeeper/watch.ts";
import { ZooKeeperClient, ZooKeeperError } from "../../../src/zookeeper/mod.ts";
import { waitFor } from "../../support/wait_for.ts";
import { longSessions, startZooKeeper, zooKeeperTest } from "../../support/zookeeper_server.ts";
import { anInstance, Recorder, RecordingLogger } from "../recorder.ts";
import { connectOutsider } from "./zookeeper_support.ts";

zooKeeperTest(
  "zookeeper: the ghost of a former session is not taken for a registration",
  async () => {
    await using server = await startZooKeeper(longSessions);
    const [former, present] = [
      await connectOutsider(server.port),
      await connectOutsider(server.port),
    ];
    // One client, as far as the announcement can tell, that changes its session while the old one
    // lives.
    let session = former;
    const client = new Proxy(former, {
      get(_target, name) {
        const member: unknown = Reflect.get(session, name, session);
        return typeof member === "function" ? member.bind(session) : member;
      },
    });
    const announcement = new ZooKeeperAnnouncement(anInstance(), {
      client,
      servicePath: "/services/rpc",
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
      reconcileMs: 3_600_000,
    });
    try {
      await announcement.registered;
      session = present;
      assert.equal(announcement.isRegistered, false);
      announcement.connected();
      const nodes = async () => (await present.getChildren("/services/rpc")).children;
      await waitFor("a node beside the ghost", async () => (await nodes()).length === 2);
      await waitFor("the announcement to know", () => announcement.isRegistered);
      await former.close();
      await waitFor("the ghost's end", async () => (await nodes()).length === 1);
      const { stat } = await present.getData(`/services/rpc/${(await nodes())[0]}`);
      assert.equal(stat.ephemeralOwner, present.sessionId);
    } finally {
      announcement.abandon();
      await Promise.all([former.close(), present.close()]);
    }
  },
);

zooKeeperTest("zookeeper: the reconciliation finds what no watch told", async () => {
  await using server = await startZooKeeper(longSessions);
  const outsider = await connectOutsider(server.port);
  const client = await connectOutsider(server.port);
  // A client that forgets all watchers, as if ZooKeeper never told it anything.
  const { getChildren, exists } = ZooKeeperClient.prototype;
  client.getChildren = (path) => getChildren.call(client, path);
  client.exists = (path) => exists.call(client, path);
  const parts = {
    client,
    servicePath: "/services/rpc",
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    reconcileMs: 20,
  };
  const recorder = new Recorder();
  const instance = anInstance();
  const watch = new ZooKeeperWatch(recorder, { ...parts, service: "rpc", onClose: () => {} });
  const announcement = new ZooKeeperAnnouncement(instance, parts);
  try {
    await recorder.untilListed(instance);
    const [id] = (await outsider.getChildren("/services/rpc")).children;
    await outsider.delete(`/services/rpc/${id}`);
    await waitFor("a new node", async () => {
      const { children } = await outsider.getChildren("/services/rpc");
      return children.length === 1 && children[0] !== id;
    });
    const other = anInstance();
    await outsider.create(`/services/rpc/${other.id}`, encodeInstance(other, other.id));
    await recorder.untilListed(instance, other);
  } finally {
    watch.close();
    announcement.abandon();
    await Promise.all([client.close(), outsider.close()]);
  }
});

zooKeeperTest(
  "zookeeper: what was written is no stranger's where its answer got lost",
  async () => {
    await using server = await startZooKeeper(longSessions);
    const [client, outsider] = [
      await connectOutsider(server.port),
      await connectOutsider(server.port),
    ];
    const { setData } = ZooKeeperClient.prototype;
    const written: string[] = [];
    client.setData = async (path, data, version) => {
      const stat = await setData.call(client, path, data, version);
      if (path.startsWith("/services/")) written.push(path);
      if (written.length === 1) throw new ZooKeeperError("CONNECTION_LOSS", "The answer was lost");
      return stat;
    };
    const log = new RecordingLogger();
    const announcement = new ZooKeeperAnnouncement(anInstance(), {
      client,
      servicePath: "/services/rpc",
      clock: systemClock,
      random: systemRandom,
      log,
      reconcileMs: 3_600_000,
    });
    try {
      await announcement.registered;
      await announcement.override({ weight: 7 });
      await waitFor("the answer", () => written.length > 1);
      const [id = ""] = (await outsider.getChildren("/services/rpc")).children;
      const { data } = await outsider.getData(`/services/rpc/${id}`);
      assert.match(new TextDecoder().decode(data), /"weight":7/);
      assert.deepEqual(log.warnings, []);
      // Somebody else's is not taken for it.
      await outsider.setData(`/services/rpc/${id}`, "{}");
      await waitFor("the repair", () => log.warnings.length > 0);
      assert.match(log.warnings.join(), /^Another program changed our registration/);
    } finally {
      announcement.abandon();
      await Promise.all([client.close(), outsider.close()]);
    }
  },
);
