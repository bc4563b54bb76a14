import assert from "node:assert/strict";
import { creatorAcl } from "../../src/zookeeper/protocol.ts";
import { startTcpProxy } from "../support/tcp_proxy.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { waitFor, within } from "../support/wait_for.ts";
import {
  longSessions,
  sharedZooKeeper,
  startZooKeeper,
  zooKeeperTest,
} from "../support/zookeeper_server.ts";
import {
  connectedClient,
  newClient,
  ownChroot,
  recorder,
  sessionTimeoutMs,
  textOf,
  withCode,
} from "./client_fixture.ts";

const server = sharedZooKeeper(longSessions);

/** A client whose every byte goes through a proxy. */
async function proxied(options: Parameters<typeof connectedClient>[1] = {}) {
  const chroot = ownChroot("");
  const proxy = startTcpProxy({ targetPort: server().port });
  const fixture = await connectedClient(`127.0.0.1:${proxy.port}${chroot}`, options);
  return {
    ...fixture,
    proxy,
    chroot,
    async [Symbol.asyncDispose]() {
      // So that no close() waits for a clock that stands still.
      proxy.heal();
      await fixture.client.close();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

/** Lets the client's time pass until it is so: ten times as fast as the machine's, at the most. */
async function inTime(clock: VirtualClock, isSo: () => boolean): Promise<void> {
  await waitFor("a new connection", () => {
    clock.advance(100);
    return isSo();
  });
}

zooKeeperTest("connect() says who cannot be reached and why, and the attempts go on", async () => {
  await using stopped = await startZooKeeper(longSessions);
  await stopped.stop();
  const clock = new VirtualClock();
  await using fixture = newClient(stopped.connectString, { clock });
  const given = assert.rejects(
    fixture.client.connect(500),
    (error: Error & { code: string }) => {
      assert.equal(error.code, "OPERATION_TIMEOUT");
      assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${stopped.port} .*refused`));
      return true;
    },
  );
  await waitFor("an attempt", () => fixture.connectFailures.length > 0);
  clock.advance(500);
  await given;
  assert.match(fixture.connectFailures[0]?.message ?? "", /Cannot reach ZooKeeper at 127.0.0.1:/);
  assert.equal(fixture.connectFailures[0]?.code, "CONNECTION_LOSS");
  await stopped.restart();
  let failures = 0;
  await waitFor("it to be connected", () => {
    // Ends the wait after a failure, and not an attempt that is under way.
    if (fixture.connectFailures.length > failures) clock.advance(2_000);
    failures = fixture.connectFailures.length;
    return fixture.states.includes("connected");
  });
});

zooKeeperTest("a restarted server finds the session and its ephemeral nodes kept", async () => {
  await using own = await startZooKeeper(longSessions);
  // A server that is starting may take a connection and never answer it: there has to be time for
  // others before the session ends.
  const connectTimeoutMs = sessionTimeoutMs / 10;
  await using fixture = await connectedClient(own.connectString, { connectTimeoutMs });
  const { client } = fixture;
  const { sessionId } = client;
  await client.create("/a", "x", { mode: "ephemeral" });
  await own.restart();
  await fixture.reached("connected", 2);
  assert.equal(client.sessionId, sessionId);
  assert.equal(textOf(await client.getData("/a")), "x");
  assert.deepEqual(fixture.states, ["connected", "suspended", "connected"]);
});

zooKeeperTest("a server whose data was wiped ends the session, and a new one begins", async () => {
  await using own = await startZooKeeper(longSessions);
  const clock = new VirtualClock();
  await using fixture = await connectedClient(own.connectString, { clock });
  const { client } = fixture;
  const { sessionId } = client;
  await client.ensurePath("/services/rpc");
  // A history longer than the new server's, which is how it knows that it lags.
  for (let i = 0; i < 20; i++) await client.setData("/services", `${i}`);
  await client.create("/services/rpc/a", "", { mode: "ephemeral" });
  const { events, watch } = recorder();
  await client.getChildren("/services/rpc", watch);
  await client.exists("/services/rpc/b", watch);
  await own.restart({ wipe: true });
  await inTime(clock, () => fixture.states.includes("expired") && client.state === "connected");
  assert.notEqual(client.sessionId, sessionId);
  assert.deepEqual(events.map((event) => `${event.type} ${event.path}`).toSorted(), [
    "lost /services/rpc",
    "lost /services/rpc/b",
  ]);
  await client.ensurePath("/services/rpc");
  assert.deepEqual((await client.getChildren("/services/rpc")).children, []);
  assert.deepEqual(fixture.states, [
    "connected",
    "suspended",
    "expired",
    "connecting",
    "connected",
  ]);
});

zooKeeperTest(
  "a session that ended while the path was dead is reported, and a new one begins",
  async () => {
    const clock = new VirtualClock();
    await using fixture = await proxied({ clock, sessionTimeoutMs: 3_000 });
    const { client, proxy } = fixture;
    await using observer = await connectedClient(server().connectString + fixture.chroot);
    const { sessionId } = client;
    await client.create("/a", "", { mode: "ephemeral" });
    const { events, watch } = recorder();
    await client.getData("/a", watch);
    proxy.blackHole();
    clock.advance(0.8 * 3_000);
    await fixture.reached("suspended");
    const queued = assert.rejects(client.getData("/a"), withCode("SESSION_EXPIRED"));
    await waitFor("the session to expire", async () => !await observer.client.exists("/a"));
    assert.equal(events.length, 0, "only a server can tell that the session has expired");
    proxy.heal();
    await inTime(clock, () => client.state === "connected");
    await queued;
    assert.notEqual(client.sessionId, sessionId);
    assert.deepEqual(events, [{ type: "lost", path: "/a" }]);
    assert.deepEqual(fixture.states, [
      "connected",
      "suspended",
      "expired",
      "connecting",
      "connected",
    ]);
  },
);

zooKeeperTest(
  "a dead path is noticed, and the session lives on when it is back in time",
  async () => {
    const clock = new VirtualClock();
    await using fixture = await proxied({ clock });
    const { client, proxy } = fixture;
    const { sessionId } = client;
    proxy.blackHole();
    clock.advance(0.8 * sessionTimeoutMs);
    await fixture.reached("suspended");
    proxy.heal();
    await inTime(clock, () => client.state === "connected");
    assert.equal(client.sessionId, sessionId);
    assert.equal(fixture.states.includes("expired"), false);
  },
);

zooKeeperTest(
  "operations under way when the connection breaks fail, those behind it wait",
  async () => {
    const clock = new VirtualClock();
    await using fixture = await proxied({ clock });
    const { client, proxy } = fixture;
    await client.create("/a", "x");
    proxy.blackHole();
    const underWay = client.getData("/a");
    const failed = assert.rejects(underWay, withCode("CONNECTION_LOSS"));
    clock.advance(0.8 * sessionTimeoutMs);
    await failed;
    await fixture.reached("suspended");
    const queued = [client.getData("/a"), client.create("/b", ""), client.exists("/b")] as const;
    proxy.heal();
    await inTime(clock, () => client.state === "connected");
    assert.equal(textOf(await queued[0]), "x");
    assert.equal(await queued[1], "/b");
    assert.notEqual(await queued[2], undefined);
  },
);

zooKeeperTest("operations from before connect() are sent when connected", async () => {
  await using fixture = newClient(server().connectString);
  const early = fixture.client.exists("/");
  await fixture.client.connect(60_000);
  assert.notEqual(await early, undefined);
});

zooKeeperTest(
  "an operation that waited for a reconnection does not overtake the credentials",
  async () => {
    await using fixture = await proxied({
      auth: [{ scheme: "digest", credentials: "rpc:secret" }],
    });
    const { client, proxy } = fixture;
    await client.create("/secret", "x", { acl: creatorAcl });
    proxy.blackHole();
    proxy.cut();
    await fixture.reached("suspended");
    const reads = Array.from({ length: 20 }, () => client.getData("/secret"));
    proxy.heal();
    for (const read of await Promise.all(reads)) assert.equal(textOf(read), "x");
  },
);

for (const bytes of [1, 3, 4, 19, 20, 21, 5_000]) {
  zooKeeperTest(`a connection cut ${bytes} bytes into an answer is survived`, async () => {
    await using fixture = await proxied();
    const { client, proxy } = fixture;
    await client.create("/a", new Uint8Array(10_000));
    proxy.cutAfter(bytes);
    await assert.rejects(client.getData("/a"), withCode("CONNECTION_LOSS"));
    assert.equal((await client.getData("/a")).data.length, 10_000);
  });
}

for (const bytes of [2, 30]) {
  zooKeeperTest(`a connection cut ${bytes} bytes into the handshake is survived`, async () => {
    await using proxy = startTcpProxy({ targetPort: server().port });
    await using fixture = newClient(`127.0.0.1:${proxy.port}`);
    proxy.cutAfter(bytes);
    await fixture.client.connect(60_000);
    await fixture.client.exists("/");
    assert.equal(proxy.accepted, 2);
  });
}

zooKeeperTest("a slow path carries everything all the same", async () => {
  await using fixture = await proxied();
  const { client, proxy } = fixture;
  proxy.trickle(20_000);
  await client.create("/a", new Uint8Array(10_000).fill(3));
  proxy.delay(50);
  assert.deepEqual((await client.getData("/a")).data, new Uint8Array(10_000).fill(3));
  assert.deepEqual(fixture.states, ["connected"]);
});

zooKeeperTest("a member that takes connections and says nothing is left for the next", async () => {
  await using proxy = startTcpProxy({ targetPort: server().port });
  proxy.blackHole();
  await using fixture = newClient(`127.0.0.1:${proxy.port},${server().connectString}`, {
    connectTimeoutMs: 300,
    random: () => 0.99, // Keeps the members in order: the bad one comes first.
  });
  await within("connecting", fixture.client.connect(60_000));
  assert.equal(proxy.accepted, 1);
});
