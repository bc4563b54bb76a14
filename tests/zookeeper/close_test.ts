import assert from "node:assert/strict";
import { freePort } from "../support/free_port.ts";
import { startTcpProxy } from "../support/tcp_proxy.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { waitFor, within } from "../support/wait_for.ts";
import { longSessions, sharedZooKeeper, zooKeeperTest } from "../support/zookeeper_server.ts";
import { type ScriptedRequest, ScriptedServer } from "./scripted_server.ts";
import { connectedClient, newClient, ownChroot, withCode } from "./client_fixture.ts";

const server = sharedZooKeeper(longSessions);
const closed = withCode("CLOSED");

zooKeeperTest("close() before connect() refuses everything after it", async () => {
  await using fixture = newClient(server().connectString);
  const { client } = fixture;
  const waiting = assert.rejects(client.exists("/"), closed);
  await within("close()", client.close());
  await waiting;
  await assert.rejects(client.connect(5_000), closed);
  await assert.rejects(client.create("/a", ""), closed);
  assert.equal(client.state, "closed");
  assert.deepEqual(fixture.states, ["closed"]);
});

zooKeeperTest("close() in the same tick as connect() settles both at once", async () => {
  await using fixture = newClient(server().connectString);
  const { client } = fixture;
  // The bound of connect() is far off: it must not be what settles it.
  const connecting = assert.rejects(client.connect(60_000), closed);
  const operation = assert.rejects(client.exists("/"), closed);
  const closing = client.close();
  await within("connect() and close()", Promise.all([connecting, operation, closing]));
  assert.deepEqual(fixture.states, ["closed"]);
});

zooKeeperTest("close() while a member says nothing does not wait for it", async () => {
  await using proxy = startTcpProxy({ targetPort: server().port });
  proxy.blackHole();
  await using fixture = newClient(`127.0.0.1:${proxy.port}`, { connectTimeoutMs: 60_000 });
  const connecting = assert.rejects(fixture.client.connect(60_000), closed);
  await within("close()", fixture.client.close());
  await connecting;
});

zooKeeperTest("close() while disconnected settles what waits", async () => {
  await using proxy = startTcpProxy({ targetPort: server().port });
  await using fixture = await connectedClient(`127.0.0.1:${proxy.port}`);
  proxy.blackHole();
  proxy.cut();
  await fixture.reached("suspended");
  const waiting = assert.rejects(fixture.client.exists("/"), closed);
  await within("close()", fixture.client.close());
  await waiting;
  assert.deepEqual(fixture.states, ["connected", "suspended", "closed"]);
});

zooKeeperTest("close() between two attempts ends the wait", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await using fixture = newClient(`127.0.0.1:${port}`);
  const connecting = assert.rejects(fixture.client.connect(60_000), closed);
  await waitFor("three attempts", () => fixture.connectFailures.length >= 3);
  await within("close()", fixture.client.close());
  await connecting;
});

zooKeeperTest("close() of a hung connection is bounded", async () => {
  await using proxy = startTcpProxy({ targetPort: server().port });
  const clock = new VirtualClock();
  await using fixture = await connectedClient(`127.0.0.1:${proxy.port}`, {
    clock,
  });
  proxy.blackHole();
  const underWay = assert.rejects(fixture.client.exists("/"), withCode("CONNECTION_LOSS"));
  const closing = fixture.client.close();
  // Less than two thirds of the session's timeout, after which the silence would end it.
  clock.advance(2_000);
  await within("close()", closing).finally(() => proxy.heal());
  await underWay;
  assert.equal(fixture.client.state, "closed");
});

zooKeeperTest("close() lets the answers come that were asked for before", async () => {
  await using fixture = await connectedClient(ownChroot(server().connectString));
  const creating = fixture.client.create("/a", "");
  await fixture.client.close();
  assert.equal(await creating, "/a");
});

zooKeeperTest("close() twice, also at once, is one close", async () => {
  await using fixture = await connectedClient(server().connectString);
  const { client } = fixture;
  await Promise.all([client.close(), client.close()]);
  await client.close();
  assert.deepEqual(fixture.states, ["connected", "closed"]);
});

zooKeeperTest("close() ends a client also from within its callback", async () => {
  const ended = Promise.withResolvers<void>();
  await using fixture = newClient(server().connectString, {
    onState: (state) => {
      if (state === "connected") fixture.client.close().then(ended.resolve);
    },
  });
  await fixture.client.connect(5_000).catch(() => {});
  await within("close()", ended.promise);
  assert.equal(fixture.client.state, "closed");
});

zooKeeperTest("watchers are forgotten by close()", async () => {
  const events: unknown[] = [];
  await using fixture = await connectedClient(ownChroot(server().connectString));
  await fixture.client.getChildren("/", (event) => events.push(event));
  await fixture.client.close();
  assert.equal(events.length, 0);
});

Deno.test("a client tells when it has asked for its session, before there is an answer", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using fixture = newClient(`127.0.0.1:${listener.addr.port}`);
  const connecting = assert.rejects(fixture.client.connect(60_000), closed);
  using peer = await listener.accept();
  await within("the request", fixture.client.sessionAsked);
  assert.ok((await peer.read(new Uint8Array(1_024)) ?? 0) > 0);
  assert.deepEqual(fixture.states, []);
  assert.deepEqual(fixture.connectFailures, [], "it was not told of the attempt's end instead");
  await fixture.client.close();
  await connecting;
});

Deno.test("a client that finds no member does not have its caller wait to have asked one", async () => {
  const port = freePort();
  await using fixture = newClient(`127.0.0.1:${port}`);
  const connecting = assert.rejects(fixture.client.connect(60_000), closed);
  await within("the failure", fixture.client.sessionAsked);
  assert.equal(fixture.connectFailures.length, 1);
  await fixture.client.close();
  await connecting;
  await using closedBefore = newClient(`127.0.0.1:${port}`);
  await closedBefore.client.close();
  await within("the end", closedBefore.client.sessionAsked);
});

Deno.test("only a client that has written waits for the end of its session", async () => {
  const ends: ScriptedRequest[] = [];
  await using server = new ScriptedServer({
    onEnd: (request) => void ends.push(request),
    onRequest: (request) => request.reply(0, (writer) => writer.string("/a")),
  });
  // Its time stands still, so that it would wait for ever.
  await using reader = newClient(server.connectString, { clock: new VirtualClock() });
  await reader.client.connect(60_000);
  try {
    await within("close()", reader.client.close());
  } finally {
    await waitFor("the end of the session", () => ends.length === 1);
    ends[0]?.reply();
  }
  await using owner = newClient(server.connectString, { clock: new VirtualClock() });
  await owner.client.connect(60_000);
  await owner.client.create("/a", "", { mode: "ephemeral" });
  let isClosed = false;
  const closing = owner.client.close().then(() => void (isClosed = true));
  await waitFor("the end of the session", () => ends.length === 2);
  assert.ok(!isClosed);
  ends[1]?.reply();
  await closing;
});

Deno.test("a closed client has no timer set, whether it was connected or not", async () => {
  await using server = new ScriptedServer();
  const clock = new VirtualClock();
  await using fixture = newClient(server.connectString, { clock });
  await fixture.client.connect(60_000);
  await fixture.client.close();
  assert.equal(clock.pendingTimers, 0);
  await using unconnected = newClient(`127.0.0.1:${freePort()}`, { clock });
  const connecting = assert.rejects(unconnected.client.connect(60_000), closed);
  await unconnected.client.close();
  await connecting;
  assert.equal(clock.pendingTimers, 0);
});
