import assert from "node:assert/strict";
import { startTcpProxy } from "../../support/tcp_proxy.ts";
import { waitFor, within } from "../../support/wait_for.ts";
import { longSessions, startZooKeeper, zooKeeperTest } from "../../support/zookeeper_server.ts";
import type { RpcError } from "../../../src/base/errors.ts";
import { anInstance, Recorder } from "../recorder.ts";
import { connectOutsider, openZooKeeper } from "./zookeeper_support.ts";

/** What a session's end is waited for. */
const sessionTimeoutMs = 2_000;

zooKeeperTest("zookeeper: an expired session registers again, under another name", async () => {
  await using server = await startZooKeeper(longSessions);
  await using proxy = startTcpProxy({ targetPort: server.port });
  const discovery = openZooKeeper({ port: proxy.port, sessionTimeoutMs });
  const outsider = await connectOutsider(server.port);
  try {
    const recorder = new Recorder();
    discovery.watch("rpc", recorder);
    const instance = anInstance();
    const announcement = discovery.announce(instance);
    await recorder.untilListed(instance);
    const children = async () => (await outsider.getChildren("/services/rpc")).children;
    const [ghost] = await children();
    proxy.blackHole();
    await waitFor("the session's end", async () => (await children()).length === 0);
    proxy.heal();
    const renewed = await waitFor("a new node", async () => (await children())[0]);
    assert.notEqual(renewed, ghost);
    await waitFor("the announcement to know", () => announcement.isRegistered);
    // It saw its own list through the new session too: another server proves it.
    const other = anInstance();
    await discovery.announce(other).registered;
    await recorder.untilListed(instance, other);
  } finally {
    await Promise.all([discovery.close(), outsider.close()]);
  }
});

zooKeeperTest(
  "zookeeper: a lost connection changes nothing, and what was missed is read",
  async () => {
    await using server = await startZooKeeper(longSessions);
    await using proxy = startTcpProxy({ targetPort: server.port });
    const watching = openZooKeeper({ port: proxy.port });
    const discovery = openZooKeeper({ port: server.port });
    try {
      const recorder = new Recorder();
      watching.watch("rpc", recorder);
      const own = watching.announce(anInstance());
      const [gone, kept, come] = [anInstance(), anInstance(), anInstance()];
      const going = discovery.announce(gone);
      await discovery.announce(kept).registered;
      await recorder.until(({ last }) => last?.instances.length === 3, "three instances");
      proxy.blackHole();
      proxy.cut();
      await going.withdraw();
      await discovery.announce(come).registered;
      assert.equal(own.isRegistered, true);
      const heard = recorder.snapshots.length;
      proxy.heal();
      await recorder.until(({ last }) => {
        const ports = last?.instances.map(({ port }) => port) ?? [];
        return ports.includes(come.port) && !ports.includes(gone.port);
      }, "list of what happened meanwhile");
      assert.equal(recorder.last?.instances.length, 3, "its own node was kept");
      assert.equal(recorder.snapshots.length, heard + 1, "nothing was reported in between");
    } finally {
      await Promise.all([watching.close(), discovery.close()]);
    }
  },
);

zooKeeperTest("zookeeper: a server whose data was wiped is registered at again", async () => {
  await using server = await startZooKeeper(longSessions);
  const discovery = openZooKeeper({ port: server.port, sessionTimeoutMs });
  const watching = openZooKeeper({ port: server.port, sessionTimeoutMs });
  try {
    const instance = anInstance();
    const announcement = discovery.announce(instance);
    await announcement.registered;
    const recorder = new Recorder();
    watching.watch("rpc", recorder);
    await recorder.untilListed(instance);
    await server.restart({ wipe: true });
    const outsider = await connectOutsider(server.port);
    await waitFor("the node", async () => {
      const stat = await outsider.exists("/services/rpc");
      return stat !== undefined && stat.numChildren === 1;
    });
    await outsider.close();
    await waitFor("the announcement to know", () => announcement.isRegistered);
    await recorder.untilListed(instance);
  } finally {
    await Promise.all([discovery.close(), watching.close()]);
  }
});

zooKeeperTest("zookeeper: started before ZooKeeper is, all catches up when it comes", async () => {
  await using server = await startZooKeeper(longSessions);
  await server.stop();
  const discovery = openZooKeeper({ port: server.port });
  try {
    const recorder = new Recorder();
    discovery.watch("rpc", recorder);
    const instance = anInstance();
    const troubles: RpcError[] = [];
    const announcement = discovery.announce(instance, { trouble: (error) => troubles.push(error) });
    await recorder.until(({ troubles }) => troubles.length > 0, "trouble");
    assert.equal(recorder.troubles[0]?.name, "Unavailable");
    assert.match(
      recorder.troubles[0]?.message ?? "",
      /^Cannot reach ZooKeeper at 127\.0\.0\.1:\d+ \(.*refused.*\)\. Is it running\? Start it, or choose another registry \(--registry or RPC_REGISTRY: local: needs none, on one machine\)$/,
    );
    assert.equal(announcement.isRegistered, false);
    await server.restart();
    await announcement.registered;
    await recorder.untilListed(instance);
    assert.equal(troubles.length, 1, "said once per outage");
    assert.equal(recorder.troubles.length, 1, "said once per outage");
  } finally {
    await discovery.close();
  }
});

zooKeeperTest("zookeeper: withdraw() and close() are bounded while ZooKeeper is away", async () => {
  await using server = await startZooKeeper(longSessions);
  const discovery = openZooKeeper({ port: server.port, sessionTimeoutMs: 50_000 });
  try {
    const announcement = discovery.announce(anInstance());
    await announcement.registered;
    server.pause();
    // Within less than two thirds of the session's timeout, after which its silence would end it.
    await within("withdraw()", announcement.withdraw());
    assert.equal(announcement.isRegistered, false);
  } finally {
    await within("close()", discovery.close());
    server.resume();
  }
});

zooKeeperTest("zookeeper: what was withdrawn during an outage goes when it ends", async () => {
  await using server = await startZooKeeper(longSessions);
  await using proxy = startTcpProxy({ targetPort: server.port });
  const discovery = openZooKeeper({ port: proxy.port });
  const watching = openZooKeeper({ port: server.port });
  try {
    const [leaving, staying] = [anInstance(), anInstance()];
    const announcement = discovery.announce(leaving);
    await discovery.announce(staying).registered;
    const recorder = new Recorder();
    watching.watch("rpc", recorder);
    await recorder.untilListed(leaving, staying);
    proxy.blackHole();
    proxy.cut();
    await announcement.withdraw();
    assert.equal(recorder.last?.instances.length, 2);
    proxy.heal();
    await recorder.untilListed(staying);
  } finally {
    await Promise.all([discovery.close(), watching.close()]);
  }
});
