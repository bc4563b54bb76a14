/** What the tests of the ZooKeeper registry share. */

import { systemClock } from "../../../src/base/clock.ts";
import { type Logger, silentLogger } from "../../../src/base/log.ts";
import { systemRandom } from "../../../src/base/random.ts";
import { ZooKeeperDiscovery } from "../../../src/discovery/zookeeper/zookeeper.ts";
import { ZooKeeperClient } from "../../../src/zookeeper/mod.ts";

/** How to open a registry in a test. */
export interface OpenOptions {
  readonly port: number;
  /** @default "" */
  readonly chroot?: string;
  /** @default none */
  readonly login?: { readonly user: string; readonly password: string };
  /** @default 10_000 */
  readonly sessionTimeoutMs?: number;
  /** @default an hour: only tests of the reconciliation want it */
  readonly reconcileMs?: number;
  /** @default drops everything */
  readonly log?: Logger;
}

/** A registry, to be closed by whoever opens it. */
export function openZooKeeper(options: OpenOptions): ZooKeeperDiscovery {
  const { port, chroot = "", sessionTimeoutMs = 30_000, reconcileMs = 3_600_000 } = options;
  const servers = [{ host: "127.0.0.1", port }];
  const login = options.login === undefined ? {} : { login: options.login };
  return new ZooKeeperDiscovery(
    { kind: "zookeeper", servers, chroot, sessionTimeoutMs, ...login },
    { clock: systemClock, random: systemRandom, log: options.log ?? silentLogger, reconcileMs },
  );
}

/** A client that looks at ZooKeeper, and meddles with it, from outside. */
export async function connectOutsider(port: number, chroot = ""): Promise<ZooKeeperClient> {
  const client = new ZooKeeperClient({
    connectString: `127.0.0.1:${port}${chroot}`,
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
  });
  await client.connect(180_000);
  return client;
}
