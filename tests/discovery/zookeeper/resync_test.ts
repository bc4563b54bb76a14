import assert from "node:assert/strict";
import { silentLogger } from "../../../src/base/log.ts";
import { encodeInstance } from "../../../src/discovery/instance_json.ts";
import { ZooKeeperWatch } from "../../../src/discovery/zookeeper/watch.ts";
import type { ZooKeeperClient } from "../../../src/zookeeper/client.ts";
import { instanceAt } from "../../support/fake_discovery.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";

const utf8 = new TextEncoder();

/** A ZooKeeper that has so many servers, and notes when their list is read. */
function zooKeeperWith(servers: number, clock: VirtualClock) {
  const listedAtMs: number[] = [];
  const nodes = Array.from(
    { length: servers },
    (_, index) => utf8.encode(encodeInstance(instanceAt(1_024 + index), `${index}`)),
  );
  const client = {
    state: "connected",
    watchTree: () => Promise.resolve(),
    unwatchTree() {},
    getChildren() {
      listedAtMs.push(clock.now());
      return Promise.resolve({ children: nodes.map((_, index) => `${index}`) });
    },
    getData: (path: string) =>
      Promise.resolve({
        data: nodes[Number(path.split("/").at(-1))],
        stat: { czxid: BigInt(path.split("/").at(-1) as string) },
      }),
  };
  return { client: client as unknown as ZooKeeperClient, listedAtMs };
}

async function pass(clock: VirtualClock, ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += 50) {
    clock.advance(50);
    await settled();
  }
}

for (
  const { servers, withinMs } of [{ servers: 20, withinMs: 250 }, {
    servers: 3_000,
    withinMs: 3_000,
  }]
) {
  Deno.test(`clients of ${servers} servers that have lost ZooKeeper together do not read them together`, async () => {
    const clock = new VirtualClock();
    const { client, listedAtMs } = zooKeeperWith(servers, clock);
    const watches = Array.from(
      { length: 20 },
      (_, index) =>
        new ZooKeeperWatch({ snapshot() {}, trouble() {} }, {
          client,
          servicePath: "/services/rpc",
          service: "rpc",
          clock,
          random: seededRandom(index + 1),
          log: silentLogger,
          reconcileMs: 60_000,
          onClose() {},
        }),
    );
    await pass(clock, 500);
    assert.equal(listedAtMs.length, watches.length);
    const lostAtMs = clock.now();
    for (const watch of watches) watch.connected();
    await pass(clock, withinMs + 100);
    const delays = listedAtMs.slice(watches.length).map((atMs) => atMs - lostAtMs);
    assert.equal(delays.length, watches.length);
    const half = delays.filter((delayMs) => delayMs <= withinMs / 2).length;
    assert.ok(half >= 4 && half <= 16, `${half} of ${delays.length} in the first half`);
    for (const watch of watches) watch.close();
  });
}
