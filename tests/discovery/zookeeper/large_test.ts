import assert from "node:assert/strict";
import { systemClock } from "../../../src/base/clock.ts";
import { systemRandom } from "../../../src/base/random.ts";
import { encodeInstance } from "../../../src/discovery/instance_json.ts";
import { ZooKeeperWatch } from "../../../src/discovery/zookeeper/watch.ts";
import { ZooKeeperClient, type ZooKeeperState } from "../../../src/zookeeper/mod.ts";
import { longSessions, startZooKeeper, zooKeeperTest } from "../../support/zookeeper_server.ts";
import { anInstance, Recorder, RecordingLogger } from "../recorder.ts";
import { connectOutsider } from "./zookeeper_support.ts";

const servicePath = "/services/rpc";

zooKeeperTest("a node or a list that is too long for the client hides no server", async () => {
  await using server = await startZooKeeper(longSessions);
  const outsider = await connectOutsider(server.port);
  const states: ZooKeeperState[] = [];
  const log = new RecordingLogger();
  const client = new ZooKeeperClient({
    connectString: `127.0.0.1:${server.port}`,
    frameBytesMax: 4_000,
    clock: systemClock,
    random: systemRandom,
    log,
    onState: (state) => states.push(state),
  });
  await client.connect(60_000);
  const recorder = new Recorder();
  const watch = new ZooKeeperWatch(recorder, {
    client,
    servicePath,
    service: "rpc",
    clock: systemClock,
    random: systemRandom,
    log,
    // What is told of single nodes does not need it.
    reconcileMs: 300,
    onClose: () => {},
  });
  try {
    await outsider.ensurePath(servicePath);
    const create = async (instance = anInstance()) => {
      await outsider.create(
        `${servicePath}/${instance.id}`,
        encodeInstance(instance, instance.id),
      );
      return instance;
    };
    const first = await create();
    await outsider.create(`${servicePath}/huge`, new Uint8Array(500_000));
    const second = await create();
    watch.connected();
    await recorder.untilListed(first, second);
    assert.match(log.warnings.join(), /Skipped a node .*\/huge.*answer has 500\d\d\d bytes/);

    // A list of names longer than an answer may be.
    const names = Array.from({ length: 30 }, (_, i) => `${"x".repeat(150)}${i}`);
    for (const name of names) await outsider.create(`${servicePath}/${name}`, "");
    await recorder.until(({ troubles }) => troubles.length > 0, "trouble");
    assert.match(
      recorder.troubles[0]?.message ?? "",
      /^Cannot read the list of servers .*more than are taken.*remove from \/services\/rpc/,
    );
    // The last list stands, and the next one that can be read replaces it.
    assert.equal(recorder.last?.instances.length, 2);
    for (const name of names) await outsider.delete(`${servicePath}/${name}`);
    const third = await create();
    await recorder.untilListed(first, second, third);
    assert.deepEqual(states, ["connected"], "the connection has lasted all the while");
    assert.equal(recorder.troubles.length, 1);
  } finally {
    watch.close();
    await Promise.all([client.close(), outsider.close()]);
  }
});
