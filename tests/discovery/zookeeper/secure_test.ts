import assert from "node:assert/strict";
import { systemClock } from "../../../src/base/clock.ts";
import type { RpcError } from "../../../src/base/errors.ts";
import { systemRandom } from "../../../src/base/random.ts";
import {
  parseRegistryUrl,
  type ZooKeeperRegistryUrl,
} from "../../../src/discovery/registry_url.ts";
import { ZooKeeperDiscovery } from "../../../src/discovery/zookeeper/zookeeper.ts";
import { isZooKeeperError, ZooKeeperClient } from "../../../src/zookeeper/mod.ts";
import { waitFor, within } from "../../support/wait_for.ts";
import { longSessions, sharedZooKeeper, zooKeeperTest } from "../../support/zookeeper_server.ts";
import { anInstance, RecordingLogger } from "../recorder.ts";

const zooKeeper = sharedZooKeeper(longSessions);

function discover(login: string, chroot: string, log = new RecordingLogger()): ZooKeeperDiscovery {
  const url = `zookeeper://${login}${zooKeeper().connectString}${chroot}`;
  return new ZooKeeperDiscovery(parseRegistryUrl(url) as ZooKeeperRegistryUrl, {
    clock: systemClock,
    random: systemRandom,
    log,
  });
}

async function connect(chroot: string): Promise<ZooKeeperClient> {
  const client = new ZooKeeperClient({
    connectString: zooKeeper().connectString + chroot,
    clock: systemClock,
    random: systemRandom,
    log: new RecordingLogger(),
  });
  await client.connect(60_000);
  return client;
}

const patienceMs = 60_000;

zooKeeperTest(
  "a registration that somebody rewrites is put right at once, and told of",
  async () => {
    const log = new RecordingLogger();
    const discovery = discover("", "/rewritten", log);
    const client = await connect("/rewritten");
    try {
      const announcement = discovery.announce(anInstance());
      await within("registering", announcement.registered, patienceMs);
      const path = "/services/rpc";
      const [name] = (await client.getChildren(path)).children;
      const node = `${path}/${name}`;
      const { data } = await client.getData(node);
      for (const rewritten of ['{"address":"192.0.2.66"}', ""]) {
        await client.setData(node, rewritten);
        await waitFor("what we have written", async () => {
          const now = await client.getData(node);
          return new TextDecoder().decode(now.data) === new TextDecoder().decode(data);
        }, { timeoutMs: patienceMs });
      }
      assert.ok(announcement.isRegistered);
      assert.deepEqual((await client.getChildren(path)).children, [name], "no second registration");
      assert.match(log.warnings.join("\n"), /Another program changed our registration/);
    } finally {
      await discovery.close();
      await client.close();
    }
  },
);

zooKeeperTest(
  "with a login others can read a registration, and neither change nor remove it",
  async () => {
    const discovery = discover("alice:s3cret@", "/owned");
    const stranger = await connect("/owned");
    try {
      const announcement = discovery.announce(anInstance());
      await within("registering", announcement.registered, patienceMs);
      const [name] = (await stranger.getChildren("/services/rpc")).children;
      const node = `/services/rpc/${name}`;
      assert.match(new TextDecoder().decode((await stranger.getData(node)).data), /"address"/);
      const forbidden: readonly (readonly [what: string, act: () => Promise<unknown>])[] = [
        ["change", () => stranger.setData(node, "{}")],
        ["remove", () => stranger.delete(node)],
        ["add", () => stranger.create("/services/rpc/impostor", "{}")],
        ["add a service", () => stranger.create("/services/other", "")],
      ];
      for (const [what, act] of forbidden) {
        await assert.rejects(act(), (error) => isZooKeeperError(error, "NO_AUTH"), what);
      }
      await within("withdrawing", announcement.withdraw(), patienceMs);
      assert.deepEqual((await stranger.getChildren("/services/rpc")).children, []);
    } finally {
      await discovery.close();
      await stranger.close();
    }
  },
);

zooKeeperTest("a wrong password is told at the first refusal, with what to check", async () => {
  const first = discover("alice:s3cret@", "/wrong");
  const second = discover("alice:typo@", "/wrong");
  try {
    await within("registering", first.announce(anInstance()).registered, patienceMs);
    const told = Promise.withResolvers<RpcError>();
    const { promise } = told;
    second.announce(anInstance(), { trouble: (error) => told.resolve(error) });
    const error = await within("being told", promise, patienceMs);
    assert.match(error.message, /belongs to another login: check the user and password/);
    assert.doesNotMatch(error.message, /s3cret|typo/);
  } finally {
    await first.close();
    await second.close();
  }
});
