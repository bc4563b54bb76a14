import assert from "node:assert/strict";
import { systemClock } from "../../../src/base/clock.ts";
import type { RpcError } from "../../../src/base/errors.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { systemRandom } from "../../../src/base/random.ts";
import { creatorAcl, ZooKeeperClient } from "../../../src/zookeeper/mod.ts";
import { kazooTest } from "../../support/kazoo.ts";
import { within } from "../../support/wait_for.ts";
import { longSessions, startZooKeeper, zooKeeperTest } from "../../support/zookeeper_server.ts";
import { discoverySuite } from "../discovery_suite.ts";
import { anInstance, type RecordingLogger } from "../recorder.ts";
import { connectOutsider, openZooKeeper } from "./zookeeper_support.ts";

zooKeeperTest("zookeeper: does what every registry must do", async (t) => {
  await using server = await startZooKeeper(longSessions);
  const tests: [string, (chroot: string) => Promise<void>][] = [];
  discoverySuite("zookeeper", (name, body) => {
    const open = (chroot: string) => ({
      open: (log: RecordingLogger) => openZooKeeper({ port: server.port, chroot, log }),
      async addMalformed(service: string) {
        const outsider = await connectOutsider(server.port, chroot);
        await outsider.ensurePath(`/services/${service}`);
        await outsider.create(`/services/${service}/broken`, '{"name": "rp');
        await outsider.close();
      },
    });
    tests.push([name, (chroot) => body(open(chroot))]);
  });
  for (const [index, [name, run]] of tests.entries()) {
    await t.step(name, () => run(`/suite/${index}`));
  }
});

zooKeeperTest(
  "zookeeper: the URL's login is used, and where one is missing there is trouble",
  async () => {
    await using server = await startZooKeeper(longSessions);
    const login = { user: "me", password: "p@ss:word" };
    const owner = new ZooKeeperClient({
      connectString: server.connectString,
      auth: [{ scheme: "digest", credentials: `${login.user}:${login.password}` }],
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
    });
    const locked = { port: server.port, chroot: "/locked" };
    const [stranger, friend] = [openZooKeeper(locked), openZooKeeper({ ...locked, login })];
    try {
      await owner.connect(60_000);
      await owner.create("/locked", "", { acl: creatorAcl });
      const trouble = Promise.withResolvers<RpcError>();
      const refused = stranger.announce(anInstance(), { trouble: trouble.resolve });
      const { name, message } = await within("trouble", trouble.promise);
      assert.equal(name, "Unavailable");
      assert.match(message, /^Cannot announce the server in ZooKeeper: .*NO_AUTH.*Still trying$/);
      assert.equal(refused.isRegistered, false);
      await within("the registration", friend.announce(anInstance()).registered);
    } finally {
      await Promise.all([stranger.close(), friend.close(), owner.close()]);
    }
  },
);

/**
 * Prints of each node: whether its id is its name, its address and port, whether it is ephemeral.
 */
const kazooScript = `
import json, sys
from kazoo.client import KazooClient
zk = KazooClient(hosts=sys.argv[1])
zk.start(timeout=120)
for child in zk.get_children("/services/rpc"):
    data, stat = zk.get("/services/rpc/" + child)
    found = json.loads(data)
    print(json.dumps([found["id"] == child, found["address"], found["port"], stat.ephemeralOwner != 0]))
zk.stop()
`;

kazooTest("zookeeper: kazoo reads our nodes", async (python) => {
  await using server = await startZooKeeper(longSessions);
  const discovery = openZooKeeper({ port: server.port, chroot: "/lab" });
  try {
    const instance = anInstance();
    await discovery.announce(instance).registered;
    const output = await new Deno.Command(python, {
      args: ["-c", kazooScript, `127.0.0.1:${server.port}/lab`],
      stderr: "inherit",
    }).output();
    const found = new TextDecoder().decode(output.stdout).trim();
    assert.deepEqual(JSON.parse(found), [true, instance.host, instance.port, true]);
  } finally {
    await discovery.close();
  }
});
