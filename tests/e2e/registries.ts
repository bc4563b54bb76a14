/** The same test on every registry that a network or a machine can have. */

import { signalTest } from "../support/posix.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { sharedZooKeeper, zooKeeperTest } from "../support/zookeeper_server.ts";

/**
 * Declares a test twice: on `local:`, and on a real ZooKeeper. To be made once at the top of a
 * file, whose tests share the ZooKeeper and are kept apart by paths of their own.
 */
export function registryTests(): (name: string, fn: (home: RpcHome) => Promise<void>) => void {
  const zooKeeper = sharedZooKeeper();
  let count = 0;
  return (name, fn) => {
    const path = `test-${++count}`;
    signalTest(`${name} (local)`, async () => {
      await using home = await RpcHome.create();
      await fn(home);
    });
    zooKeeperTest(`${name} (ZooKeeper)`, async () => {
      const url = `zookeeper://${zooKeeper().connectString}/${path}`;
      await using home = await RpcHome.create(url);
      await fn(home);
    });
  };
}
