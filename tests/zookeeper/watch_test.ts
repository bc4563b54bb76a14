import assert from "node:assert/strict";
import { longSessions, sharedZooKeeper, zooKeeperTest } from "../support/zookeeper_server.ts";
import { recorder, seen, watchingPair } from "./client_fixture.ts";

const server = sharedZooKeeper(longSessions);

zooKeeperTest("exists() of a missing node watches for its creation", async () => {
  await using fixture = await watchingPair(server());
  const { client, writer } = fixture;
  const { events, watch } = recorder();
  assert.equal(await client.exists("/a", watch), undefined);
  await writer.create("/a", "");
  await seen(events, 1);
  assert.deepEqual(events, [{ type: "created", path: "/a" }]);
});

zooKeeperTest("exists() and getData() of a node watch for its change and its end", async () => {
  await using fixture = await watchingPair(server());
  const { client, writer } = fixture;
  await writer.create("/a", "");
  const { events, watch } = recorder();
  await client.exists("/a", watch);
  await writer.setData("/a", "1");
  await seen(events, 1);
  await client.getData("/a", watch);
  await writer.setData("/a", "2");
  await seen(events, 2);
  await client.getData("/a", watch);
  await writer.delete("/a");
  await seen(events, 3);
  assert.deepEqual(events.map((event) => event.type), ["changed", "changed", "deleted"]);
});

zooKeeperTest(
  "getChildren() watches for children that come and go, and for the parent's end",
  async () => {
    await using fixture = await watchingPair(server());
    const { client, writer } = fixture;
    await writer.create("/a", "");
    const { events, watch } = recorder();
    const changes = [
      () => writer.create("/a/b", ""),
      () => writer.delete("/a/b"),
      () => writer.delete("/a"),
    ];
    for (const [index, change] of changes.entries()) {
      await client.getChildren("/a", watch);
      await change();
      await seen(events, index + 1);
    }
    assert.deepEqual(events.map((event) => event.type), ["children", "children", "deleted"]);
  },
);

zooKeeperTest("a watch fires once, and the same watcher is told once", async () => {
  await using fixture = await watchingPair(server());
  const { client, writer } = fixture;
  await writer.create("/a", "");
  const { events, watch } = recorder();
  const other = recorder();
  await client.getData("/a", watch);
  await client.getData("/a", watch);
  await client.exists("/a", watch);
  await client.getData("/a", other.watch);
  await writer.setData("/a", "1");
  await writer.setData("/a", "2");
  await seen(other.events, 1);
  // The answer comes after any event that the server sent before.
  await client.exists("/a");
  assert.equal(events.length, 1);
  assert.equal(other.events.length, 1);
});

zooKeeperTest("a read that fails registers no watch", async () => {
  await using fixture = await watchingPair(server());
  const { client, writer } = fixture;
  const { events, watch } = recorder();
  await assert.rejects(client.getData("/a", watch));
  await assert.rejects(client.getChildren("/a", watch));
  await writer.create("/a", "");
  await writer.create("/a/b", "");
  await client.exists("/a/b");
  assert.equal(events.length, 0);
});

zooKeeperTest("an event that comes right behind its read's answer finds the watcher", async () => {
  await using fixture = await watchingPair(server());
  const { client } = fixture;
  const { events, watch } = recorder();
  // Answers and events of one client come over one connection, all of these in few packets.
  const work: Promise<unknown>[] = [];
  for (let i = 0; i < 200; i++) {
    work.push(client.exists(`/n${i}`, watch), client.create(`/n${i}`, ""));
  }
  await Promise.all(work);
  assert.equal(events.length, 200);
});

zooKeeperTest("watches live on after a broken connection", async () => {
  await using fixture = await watchingPair(server());
  const { client, writer, proxy, reader } = fixture;
  await writer.create("/data", "");
  await writer.create("/parent", "");
  const { events, watch } = recorder();
  await client.getData("/data", watch);
  await client.getChildren("/parent", watch);
  await client.exists("/none", watch);
  proxy.cut();
  await reader.reached("connected", 2);
  await client.exists("/");
  assert.equal(events.length, 0);
  await writer.setData("/data", "x");
  await writer.create("/parent/child", "");
  await writer.create("/none", "");
  await seen(events, 3);
  assert.deepEqual(events.map((event) => `${event.type} ${event.path}`), [
    "changed /data",
    "children /parent",
    "created /none",
  ]);
});

zooKeeperTest("what happens while disconnected is told after the reconnection", async () => {
  await using fixture = await watchingPair(server());
  const { client, writer, proxy, reader } = fixture;
  for (const path of ["/data", "/gone", "/parent"]) await writer.create(path, "");
  const { events, watch } = recorder();
  await client.getData("/data", watch);
  await client.exists("/gone", watch);
  await client.getChildren("/parent", watch);
  await client.exists("/none", watch);
  proxy.blackHole();
  proxy.cut();
  await reader.reached("suspended");
  await writer.setData("/data", "x");
  await writer.delete("/gone");
  await writer.create("/parent/child", "");
  await writer.create("/none", "");
  assert.equal(events.length, 0);
  proxy.heal();
  await seen(events, 4);
  assert.deepEqual(events.map((event) => `${event.type} ${event.path}`).toSorted(), [
    "changed /data",
    "children /parent",
    "created /none",
    "deleted /gone",
  ]);
});

zooKeeperTest(
  "2,000 watches with long paths are set again, none lost, none told twice",
  async () => {
    await using fixture = await watchingPair(server());
    const { client, writer, proxy, reader } = fixture;
    // 1.4 MB of paths: more than the server takes in one request.
    const paths = Array.from({ length: 2_000 }, (_, i) => `/${"x".repeat(700)}-${i}`);
    const { events, watch } = recorder();
    await Promise.all(paths.map((path) => client.exists(path, watch)));
    proxy.cut();
    await reader.reached("connected", 2);
    await client.exists("/");
    await Promise.all(paths.map((path) => writer.create(path, "")));
    await seen(events, paths.length);
    await client.exists("/");
    assert.equal(new Set(events.map((event) => event.path)).size, paths.length);
    assert.equal(events.length, paths.length);
  },
);
