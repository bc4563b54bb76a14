import assert from "node:assert/strict";
import { creatorAcl, Permission } from "../../src/zookeeper/protocol.ts";
import { waitFor } from "../support/wait_for.ts";
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
  sessionTimeoutMs,
  textOf,
  withCode,
} from "./client_fixture.ts";

const server = sharedZooKeeper(longSessions);
const connected = () => connectedClient(ownChroot(server().connectString));

zooKeeperTest("a node can be created, read, written, listed and deleted", async () => {
  await using fixture = await connected();
  const { client } = fixture;
  assert.equal(await client.create("/a", "one"), "/a");
  assert.equal(await client.create("/a/ü", new Uint8Array(70_000).fill(7)), "/a/ü");
  assert.equal(textOf(await client.getData("/a")), "one");
  assert.deepEqual((await client.getData("/a/ü")).data, new Uint8Array(70_000).fill(7));
  const { children, stat } = await client.getChildren("/a");
  assert.deepEqual(children, ["ü"]);
  assert.equal(stat.numChildren, 1);
  assert.equal((await client.setData("/a", "two", 0)).version, 1);
  assert.equal((await client.exists("/a"))?.version, 1);
  await client.delete("/a/ü");
  await client.delete("/a", 1);
  assert.equal(await client.exists("/a"), undefined);
});

zooKeeperTest("a stat says what the server keeps about a node", async () => {
  await using fixture = await connected();
  const { client } = fixture;
  await client.create("/a", "12345", { mode: "ephemeral" });
  const { stat } = await client.getData("/a");
  assert.equal(stat.ephemeralOwner, client.sessionId);
  assert.equal(stat.dataLength, 5);
  assert.equal(stat.version, 0);
  assert.equal(stat.mzxid, stat.czxid);
  assert.ok(Math.abs(stat.ctimeMs - Date.now()) < 60_000);
});

zooKeeperTest("each of the server's refusals has its code", async () => {
  await using fixture = await connected();
  const { client } = fixture;
  await client.create("/a", "");
  await client.create("/a/b", "", { mode: "ephemeral" });
  await assert.rejects(client.getData("/none"), withCode("NO_NODE"));
  await assert.rejects(client.getChildren("/none"), withCode("NO_NODE"));
  await assert.rejects(client.create("/none/b", ""), withCode("NO_NODE"));
  await assert.rejects(client.create("/a", ""), withCode("NODE_EXISTS"));
  await assert.rejects(client.delete("/a"), withCode("NOT_EMPTY"));
  await assert.rejects(client.setData("/a", "", 7), withCode("BAD_VERSION"));
  await assert.rejects(client.create("/a/b/c", ""), withCode("NO_CHILDREN_FOR_EPHEMERALS"));
  await assert.rejects(client.create("/c", "", { acl: [] }), withCode("INVALID_ACL"));
  await assert.rejects(client.getData("/none"), { message: /Cannot read \/none: .* NO_NODE/ });
});

zooKeeperTest("a path that no server would take is refused here", async () => {
  await using fixture = await connected();
  await assert.rejects(fixture.client.getData("a"), withCode("BAD_ARGUMENTS"));
  await assert.rejects(fixture.client.ensurePath("/a/"), withCode("BAD_ARGUMENTS"));
});

zooKeeperTest("a request that the server would hang up on is refused here", async () => {
  await using fixture = await connected();
  const { client } = fixture;
  await assert.rejects(client.create("/a", new Uint8Array(1_048_576)), withCode("FRAME_TOO_LARGE"));
  await client.create("/a", new Uint8Array(1_048_000));
  assert.deepEqual(fixture.states, ["connected"]);
});

zooKeeperTest(
  "an answer over the bound fails the read that asked for it, and the client goes on",
  async () => {
    const connectString = ownChroot(server().connectString);
    await using writer = await connectedClient(connectString);
    await writer.client.create("/large", new Uint8Array(5_000));
    await using fixture = await connectedClient(connectString, { frameBytesMax: 4_000 });
    await assert.rejects(fixture.client.getData("/large"), withCode("FRAME_TOO_LARGE"));
    assert.equal((await fixture.client.exists("/large"))?.dataLength, 5_000);
  },
);

zooKeeperTest("sequential nodes get rising numbers", async () => {
  await using fixture = await connected();
  const { client } = fixture;
  assert.equal(await client.create("/n-", "", { mode: "persistent_sequential" }), "/n-0000000000");
  assert.equal(await client.create("/n-", "", { mode: "ephemeral_sequential" }), "/n-0000000001");
});

zooKeeperTest("many operations at once are answered each with its own", async () => {
  await using fixture = await connected();
  const { client } = fixture;
  const numbers = Array.from({ length: 500 }, (_, index) => index);
  await Promise.all(numbers.map((n) => client.create(`/n${n}`, `${n}`)));
  const read = await Promise.all(numbers.map((n) => client.getData(`/n${n}`)));
  assert.deepEqual(read.map(textOf), numbers.map(String));
});

zooKeeperTest("an ephemeral node goes when its session is closed", async () => {
  const connectString = ownChroot(server().connectString);
  await using observer = await connectedClient(connectString);
  await using fixture = await connectedClient(connectString);
  await fixture.client.create("/a", "", { mode: "ephemeral" });
  await fixture.client.close();
  assert.equal(await observer.client.exists("/a"), undefined);
});

zooKeeperTest("ensurePath() makes what is missing and is content with what is there", async () => {
  await using fixture = await connected();
  const { client } = fixture;
  await client.create("/a", "mine");
  await Promise.all([client.ensurePath("/a/b/c"), client.ensurePath("/a/b/c")]);
  await client.ensurePath("/a/b/c");
  assert.equal(textOf(await client.getData("/a")), "mine");
  assert.notEqual(await client.exists("/a/b/c"), undefined);
});

zooKeeperTest("the parents that ensurePath() makes go after their last child", async () => {
  await using own = await startZooKeeper({
    systemProperties: { "znode.container.checkIntervalMs": 100 },
  });
  await using fixture = await connectedClient(own.connectString);
  const { client } = fixture;
  await client.create("/kept", "");
  await client.ensurePath("/container");
  for (const parent of ["/kept", "/container"]) {
    await client.create(`${parent}/child`, "");
    await client.delete(`${parent}/child`);
  }
  await waitFor("the container to go", async () => !await client.exists("/container"));
  assert.notEqual(await client.exists("/kept"), undefined);
});

zooKeeperTest("a chroot is where paths begin, for results too", async () => {
  const connectString = `${ownChroot(server().connectString)}/deep`;
  await using root = await connectedClient(server().connectString);
  await using fixture = await connectedClient(connectString);
  const { client } = fixture;
  const chroot = connectString.slice(connectString.indexOf("/"));
  assert.equal(await client.create("/a", "x"), "/a");
  assert.equal(textOf(await root.client.getData(`${chroot}/a`)), "x");
  assert.deepEqual((await client.getChildren("/")).children, ["a"]);
  const seen = Promise.withResolvers<string>();
  await client.getChildren("/", (event) => seen.resolve(`${event.type} ${event.path}`));
  await root.client.create(`${chroot}/b`, "");
  assert.equal(await seen.promise, "children /");
});

zooKeeperTest("the session timeout is the server's to decide", async () => {
  await using fixture = newClient(server().connectString, { sessionTimeoutMs: 1_000_000 });
  assert.equal(fixture.client.sessionTimeoutMs, 1_000_000);
  assert.equal(fixture.client.sessionId, 0n);
  await fixture.client.connect(60_000);
  assert.equal(fixture.client.sessionTimeoutMs, 60_000);
  assert.notEqual(fixture.client.sessionId, 0n);
});

zooKeeperTest("an idle session is kept for longer than its timeout", async () => {
  // A machine that stands still for a second may lose one; without heartbeats none would be kept.
  await waitFor("a session that is kept", async () => {
    const options = { sessionTimeoutMs: 2_000 };
    await using fixture = await connectedClient(server().connectString, options);
    const { client, states } = fixture;
    const { sessionId } = client;
    const until = performance.now() + 1.5 * client.sessionTimeoutMs;
    await waitFor("more than the session's timeout to pass", () => performance.now() > until);
    const lost = await client.exists("/").then(() => false, () => true);
    return !lost && client.sessionId === sessionId && states.length === 1;
  });
});

zooKeeperTest(
  "whoever has the password may read what its owner made, and nobody else",
  async () => {
    const connectString = ownChroot(server().connectString);
    const digest = (credentials: string) => ({ auth: [{ scheme: "digest", credentials }] });
    await using owner = await connectedClient(connectString, digest("rpc:right"));
    await owner.client.create("/secret", "x", { acl: creatorAcl });
    await using other = await connectedClient(connectString, digest("rpc:wrong"));
    await assert.rejects(other.client.getData("/secret"), withCode("NO_AUTH"));
    await using same = await connectedClient(connectString, digest("rpc:right"));
    assert.equal(textOf(await same.client.getData("/secret")), "x");
  },
);

zooKeeperTest("an acl grants single permissions", async () => {
  await using fixture = await connected();
  const { client } = fixture;
  const acl = [{ permissions: Permission.read, scheme: "world", id: "anyone" }];
  await client.create("/a", "x", { acl });
  assert.equal(textOf(await client.getData("/a")), "x");
  await assert.rejects(client.setData("/a", "y"), withCode("NO_AUTH"));
});

zooKeeperTest(
  "credentials of a scheme that the server does not know end the client for good",
  async () => {
    await using fixture = newClient(server().connectString, {
      auth: [{ scheme: "nonsense", credentials: "x" }],
    });
    const { client } = fixture;
    const operation = assert.rejects(client.exists("/"), withCode("AUTH_FAILED"));
    await client.connect(5_000).catch(() => {});
    await operation;
    await fixture.reached("auth_failed");
    await assert.rejects(client.connect(5_000), withCode("AUTH_FAILED"));
    await assert.rejects(client.exists("/"), withCode("AUTH_FAILED"));
    await client.close();
    assert.deepEqual(fixture.states, ["connected", "auth_failed", "closed"]);
  },
);

zooKeeperTest("what a callback throws is logged and does no harm", async () => {
  const states: string[] = [];
  await using fixture = await connectedClient(ownChroot(server().connectString), {
    onState: (state) => {
      states.push(state);
      throw new Error("from onState");
    },
  });
  const { client } = fixture;
  await client.getChildren("/", () => {
    throw new Error("from a watcher");
  });
  await client.create("/a", "");
  await waitFor("the watcher to be called", () => fixture.errors.length === 2);
  assert.deepEqual(fixture.errors.map(String), ["Error: from onState", "Error: from a watcher"]);
  assert.notEqual(await client.exists("/a"), undefined);
  assert.deepEqual(states, ["connected"]);
  assert.equal(client.sessionTimeoutMs, sessionTimeoutMs);
});
