/** A ZooKeeper before 3.6, which ends the connection of whoever asks for what it does not know. */

import assert from "node:assert/strict";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { systemRandom } from "../../../src/base/random.ts";
import { openDiscovery } from "../../../src/discovery/open.ts";
import { OldZooKeeper } from "../../support/old_zookeeper.ts";
import { longSessions, sharedZooKeeper, zooKeeperTest } from "../../support/zookeeper_server.ts";
import { anInstance, Recorder } from "../recorder.ts";
import { connectOutsider } from "./zookeeper_support.ts";

const server = sharedZooKeeper(longSessions);
let chroots = 0;

/** A registry on an old server, where nothing exists yet. */
async function scene(isSilent = false) {
  const old = new OldZooKeeper(server().port, isSilent);
  const chroot = `/old/${chroots++}`;
  const outsider = await connectOutsider(server().port);
  await outsider.ensurePath(chroot);
  const discovery = await openDiscovery(`zookeeper://127.0.0.1:${old.port}${chroot}`, {
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
  });
  return {
    old,
    discovery,
    async [Symbol.asyncDispose]() {
      await Promise.all([discovery.close(), outsider.close()]);
      await old[Symbol.asyncDispose]();
    },
  };
}

for (const [how, isSilent] of [["answers", false], ["says nothing", true]] as const) {
  zooKeeperTest(`servers are found on a ZooKeeper before 3.6 that ${how}`, async () => {
    await using s = await scene(isSilent);
    const recorder = new Recorder();
    s.discovery.watch("rpc", recorder);
    const [first, second] = [anInstance(), anInstance()];
    const announced = s.discovery.announce(first);
    await announced.registered;
    await recorder.untilListed(first);
    await s.discovery.announce(second).registered;
    await recorder.untilListed(first, second);
    await announced.withdraw();
    await recorder.untilListed(second);
  });
}

zooKeeperTest(
  "an old ZooKeeper is not asked again at each connection",
  async () => {
    await using s = await scene();
    const recorder = new Recorder();
    s.discovery.watch("rpc", recorder);
    const first = anInstance();
    await s.discovery.announce(first).registered;
    await recorder.untilListed(first);
    const { refused } = s.old;
    for (let connection = 0; connection < 2; connection++) {
      s.old.cut();
      const next = anInstance();
      const announced = s.discovery.announce(next);
      await announced.registered;
      await recorder.untilListed(first, next);
      await announced.withdraw();
      await recorder.untilListed(first);
    }
    assert.ok(refused > 0);
    assert.equal(s.old.refused, refused);
  },
);
