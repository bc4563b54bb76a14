import assert from "node:assert/strict";
import { startZooKeeper, zooKeeperTest } from "./zookeeper_server.ts";

zooKeeperTest(
  "a ZooKeeper whose configuration is wrong fails the test that started it, and says why",
  async () => {
    await assert.rejects(
      startZooKeeper({ config: { clientPort: "none" } }),
      /ended; its log ends:[^]*NumberFormatException/,
    );
  },
);
