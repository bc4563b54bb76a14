import assert from "node:assert/strict";
import { Opcode } from "../../src/zookeeper/protocol.ts";
import { longSessions, sharedZooKeeper, zooKeeperTest } from "../support/zookeeper_server.ts";
import { newClient, recorder, seen, watchingPair, withCode } from "./client_fixture.ts";
import { ScriptedServer } from "./scripted_server.ts";

const server = sharedZooKeeper(longSessions);
const unimplemented = -6;

zooKeeperTest(
  "of a tree each node that comes, changes or goes is told, until it is unwatched",
  async () => {
    await using fixture = await watchingPair(server());
    const { client, writer } = fixture;
    const { events, watch } = recorder();
    // Nothing is there yet.
    await client.watchTree("/a", watch);
    await writer.create("/a", "");
    await writer.create("/a/b", "");
    await writer.setData("/a/b", "1");
    await writer.create("/a/b/c", "");
    await writer.delete("/a/b/c");
    await writer.create("/ab", "");
    await writer.delete("/a/b");
    await writer.delete("/a");
    await seen(events, 7);
    assert.deepEqual(events.map(({ type, path }) => `${type} ${path}`), [
      "created /a",
      "created /a/b",
      "changed /a/b",
      "created /a/b/c",
      "deleted /a/b/c",
      "deleted /a/b",
      "deleted /a",
    ]);
    client.unwatchTree("/a", watch);
    await writer.create("/a", "");
    // The answer comes after any event that the server sent before.
    await client.exists("/");
    assert.equal(events.length, 7);
  },
);

zooKeeperTest("a tree that two watch is watched until both have ended it", async () => {
  await using fixture = await watchingPair(server());
  const { client, writer } = fixture;
  const one = recorder();
  const other = recorder();
  await Promise.all([client.watchTree("/a", one.watch), client.watchTree("/a", other.watch)]);
  client.unwatchTree("/a", one.watch);
  client.unwatchTree("/a", one.watch);
  await client.exists("/");
  await writer.create("/a", "");
  await seen(other.events, 1);
  assert.equal(one.events.length, 0);
});

zooKeeperTest("the watch of a tree lives on after a broken connection", async () => {
  await using fixture = await watchingPair(server());
  const { client, writer, proxy, reader } = fixture;
  const { events, watch } = recorder();
  await client.watchTree("/a", watch);
  proxy.cut();
  await reader.reached("connected", 2);
  await client.exists("/");
  await writer.create("/a", "");
  await writer.create("/a/b", "");
  await seen(events, 2);
  assert.deepEqual(events.map(({ type, path }) => `${type} ${path}`), [
    "created /a",
    "created /a/b",
  ]);
});

Deno.test("a server that knows no watches of trees says so, and nothing else is lost", async () => {
  await using old = new ScriptedServer({
    onRequest: (request) => request.reply(request.opcode === Opcode.addWatch ? unimplemented : 0),
  });
  await using fixture = newClient(old.connectString);
  await fixture.client.connect(60_000);
  const { watch } = recorder();
  await assert.rejects(fixture.client.watchTree("/a", watch), withCode("UNIMPLEMENTED"));
  assert.equal(old.connections, 1);
});

for (const isSilent of [false, true]) {
  const how = isSilent ? ", though it only hangs up" : "";
  Deno.test(`an older member ends the watch of a tree, and keeps the session${how}`, async () => {
    await using mixed = new ScriptedServer({
      onRequest: (request) => {
        const isOld = request.connection > 1;
        if (request.opcode === Opcode.setWatches2 && isOld) {
          return isSilent ? request.hangUp() : request.reply(unimplemented);
        }
        if (request.opcode === Opcode.exists && !isOld) return request.hangUp();
        request.reply();
      },
    });
    await using fixture = newClient(mixed.connectString);
    await fixture.client.connect(60_000);
    const { events, watch } = recorder();
    await fixture.client.watchTree("/a", watch);
    await assert.rejects(fixture.client.exists("/a"), withCode("CONNECTION_LOSS"));
    await seen(events, 1);
    assert.deepEqual(events, [{ type: "lost", path: "/a" }]);
    assert.ok(!fixture.states.includes("expired"));
    assert.equal(mixed.connections, isSilent ? 4 : 2);
  });
}
