import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { type Random, systemRandom } from "../../../src/base/random.ts";
import type { Instance } from "../../../src/discovery/discovery.ts";
import { encodeInstance } from "../../../src/discovery/instance_json.ts";
import { ZooKeeperWatch } from "../../../src/discovery/zookeeper/watch.ts";
import { type Watcher, ZooKeeperClient, ZooKeeperError } from "../../../src/zookeeper/mod.ts";
import { startTcpProxy } from "../../support/tcp_proxy.ts";
import { longSessions, sharedZooKeeper, zooKeeperTest } from "../../support/zookeeper_server.ts";
import { waitFor } from "../../support/wait_for.ts";
import { anInstance, Recorder } from "../recorder.ts";
import { connectOutsider } from "./zookeeper_support.ts";

const server = sharedZooKeeper(longSessions);
const servicePath = "/services/rpc";
let chroots = 0;

/** What one change may cost a client in bytes, both ways, however many servers there are. */
const changeBytesMax = 1_024;

/** A client that counts what it reads, and may be one of an older server. */
class CountingClient extends ZooKeeperClient {
  lists = 0;
  nodes = 0;
  isOld = false;
  /** How many of the next questions are lost with their connection. */
  losses = 0;
  /** The watchers of trees that it was asked for, those of lost questions included. */
  readonly asked: Watcher[] = [];

  override getChildren(path: string, watcher?: Watcher) {
    this.lists++;
    return super.getChildren(path, watcher);
  }

  override getData(path: string, watcher?: Watcher) {
    this.nodes++;
    return super.getData(path, watcher);
  }

  override watchTree(path: string, watcher: Watcher): Promise<void> {
    this.asked.push(watcher);
    if (this.losses > 0) {
      this.losses--;
      return Promise.reject(new ZooKeeperError("CONNECTION_LOSS", "It was lost"));
    }
    if (!this.isOld) return super.watchTree(path, watcher);
    return Promise.reject(new ZooKeeperError("UNIMPLEMENTED", "It is old"));
  }
}

/** A watch through a proxy, and an outsider who registers and changes what it is to find. */
async function scene() {
  const chroot = `/follow/${chroots++}`;
  const outsider = await connectOutsider(server().port, chroot);
  await outsider.ensurePath(servicePath);
  const proxy = startTcpProxy({ targetPort: server().port });
  let onConnected = () => {};
  const client = new CountingClient({
    connectString: `127.0.0.1:${proxy.port}${chroot}`,
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    onState: (state) => state === "connected" && onConnected(),
  });
  const recorder = new Recorder();
  let watch: ZooKeeperWatch | undefined;
  let bytesBefore = 0;
  return {
    outsider,
    proxy,
    client,
    recorder,
    async start(clock: Clock = systemClock, random: Random = systemRandom): Promise<void> {
      await client.connect(60_000);
      const opened = new ZooKeeperWatch(recorder, {
        client,
        servicePath,
        service: "rpc",
        clock,
        random,
        log: silentLogger,
        reconcileMs: 3_600_000,
        onClose: () => {},
      });
      watch = opened;
      onConnected = () => opened.connected();
    },
    async register(instance = anInstance()): Promise<Instance> {
      await outsider.create(pathOf(instance), encodeInstance(instance, instance.id));
      return instance;
    },
    /** What was read, and what passed on the wire, since the last time that it was asked. */
    taken(): { lists: number; nodes: number; bytes: number } {
      const { lists, nodes } = client;
      const bytes = proxy.sentBytes - bytesBefore;
      bytesBefore = proxy.sentBytes;
      client.lists = client.nodes = 0;
      return { lists, nodes, bytes };
    },
    async [Symbol.asyncDispose]() {
      watch?.close();
      await Promise.all([client.close(), outsider.close()]);
      await proxy[Symbol.asyncDispose]();
    },
  };
}

function pathOf({ id }: Instance): string {
  return `${servicePath}/${id}`;
}

zooKeeperTest(
  "one change costs one node's read and a kilobyte at most, and nothing that grows with the list",
  async () => {
    await using s = await scene();
    const many = await Promise.all(Array.from({ length: 60 }, () => s.register()));
    const expect = (lists: number, nodes: number) => {
      const { bytes, ...read } = s.taken();
      assert.deepEqual(read, { lists, nodes });
      return bytes;
    };
    const expectChange = (lists: number, nodes: number) => {
      const bytes = expect(lists, nodes);
      assert.ok(bytes > 0 && bytes <= changeBytesMax, `${bytes} bytes`);
    };
    await s.start();
    await s.recorder.untilListed(...many);
    expect(1, 60);

    const one = await s.register();
    await s.recorder.untilListed(...many, one);
    expectChange(0, 1);

    const drained = { ...one, drained: true, weight: 0 };
    await s.outsider.setData(pathOf(one), encodeInstance(drained, one.id));
    await s.recorder.until(
      ({ last }) =>
        last?.instances.some(({ id, weight }) => id === one.id && weight === 0) === true,
      "drained server",
    );
    expectChange(0, 1);

    await s.outsider.delete(pathOf(one));
    await s.recorder.untilListed(...many);
    expectChange(0, 0);
  },
);

zooKeeperTest(
  "a service that is not there yet is found, and again after all of it has gone",
  async () => {
    await using s = await scene();
    await s.outsider.delete(servicePath);
    await s.start();
    await s.recorder.until(({ last }) => last !== undefined, "an empty list");
    for (let round = 0; round < 3; round++) {
      await s.outsider.ensurePath(servicePath);
      const one = await s.register();
      await s.recorder.untilListed(one);
      await s.outsider.delete(pathOf(one));
      await s.outsider.delete(servicePath);
      await s.recorder.untilListed();
    }
  },
);

zooKeeperTest("a new node is read at once, unless others have just been read", async () => {
  await using rig = await scene();
  const delaysMs: number[] = [];
  const nows = { ms: 0 };
  const clock: Clock = {
    ...systemClock,
    now: () => nows.ms,
    after(delayMs, callback, options) {
      delaysMs.push(delayMs);
      return systemClock.after(delayMs, callback, options);
    },
  };
  await rig.start(clock, () => 0.5);
  await rig.recorder.untilListed();
  nows.ms += 1_000;
  delaysMs.length = 0;
  const first = await rig.register();
  await rig.recorder.untilListed(first);
  const second = await rig.register();
  await rig.recorder.untilListed(first, second);
  const readings = delaysMs.filter((delayMs) => delayMs < 100);
  // The first node without any, and another right after it.
  assert.deepEqual(readings, [2]);
});

zooKeeperTest(
  "a question that is lost counts as refused only if the one right before it was lost too",
  async () => {
    await using s = await scene();
    s.client.losses = 1;
    await s.start();
    await s.recorder.untilListed();
    assert.equal(s.client.asked.length, 2);
    s.client.losses = 1;
    s.client.asked[1]?.({ type: "lost", path: servicePath });
    await waitFor("the third and fourth question", () => s.client.asked.length === 4);
    await s.recorder.untilListed(await s.register());
  },
);

zooKeeperTest("nodes that come and go at once leave nothing behind, and none is lost", async () => {
  await using s = await scene();
  await s.start();
  await s.recorder.until(({ last }) => last !== undefined, "an empty list");
  const work: Promise<unknown>[] = [];
  const staying: Instance[] = [];
  for (let i = 0; i < 100; i++) {
    const instance = anInstance();
    work.push(s.outsider.create(pathOf(instance), encodeInstance(instance, instance.id)));
    if (i % 2 === 0) work.push(s.outsider.delete(pathOf(instance)));
    else staying.push(instance);
  }
  await Promise.all(work);
  await s.recorder.untilListed(...staying);
});

zooKeeperTest("what is registered while the first list is read is not lost", async () => {
  await using s = await scene();
  const before = await Promise.all(Array.from({ length: 20 }, () => s.register()));
  await s.start();
  const during = await Promise.all(Array.from({ length: 40 }, () => s.register()));
  await s.outsider.delete(pathOf(before[0]!));
  await s.recorder.untilListed(...before.slice(1), ...during);
});

zooKeeperTest(
  "of two registrations of one address the newer counts, and the other when that goes",
  async () => {
    await using s = await scene();
    const ghost = await s.register();
    await s.start();
    await s.recorder.untilListed(ghost);
    const successor = await s.register({ ...anInstance(), host: ghost.host, port: ghost.port });
    await s.recorder.untilListed(successor);
    await s.outsider.delete(pathOf(successor));
    await s.recorder.untilListed(ghost);
    await s.outsider.delete(pathOf(ghost));
    await s.recorder.untilListed();
  },
);

zooKeeperTest("what changes while the connection is broken is found after it", async () => {
  await using s = await scene();
  const [stays, goes] = [await s.register(), await s.register()];
  await s.start();
  await s.recorder.untilListed(stays, goes);
  s.proxy.blackHole();
  s.proxy.cut();
  await s.outsider.delete(pathOf(goes));
  const comes = await s.register();
  s.proxy.heal();
  await s.recorder.untilListed(stays, comes);
  // And it is told of what follows.
  s.taken();
  const last = await s.register();
  await s.recorder.untilListed(stays, comes, last);
  assert.equal(s.taken().lists, 0);
});

zooKeeperTest("an older server's list is read at each change, as ever", async () => {
  await using s = await scene();
  s.client.isOld = true;
  const first = await s.register();
  await s.start();
  await s.recorder.untilListed(first);
  const second = await s.register();
  await s.recorder.untilListed(first, second);
  const { lists } = s.taken();
  assert.ok(lists >= 2, `${lists} lists`);
  await s.outsider.setData(pathOf(first), encodeInstance({ ...first, weight: 7 }, first.id));
  await s.recorder.until(
    ({ last }) => last?.instances.some(({ weight }) => weight === 7) === true,
    "another weight",
  );
  await s.outsider.delete(pathOf(second));
  await s.recorder.until(({ last }) => last?.instances.length === 1, "one server less");
});
