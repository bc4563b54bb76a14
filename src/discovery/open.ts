/** From a registry's URL to the registry. */

import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { TlsOptions } from "../zookeeper/mod.ts";
import type { Discovery } from "./discovery.ts";
import { parseRegistryUrl, type RegistryUrl } from "./registry_url.ts";

/** What a registry is built on. */
export interface DiscoveryDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Where last known lists are kept. Absent: they are not. */
  readonly lastKnownDir?: string | undefined;
  /**
   * Opens the TLS connections of `zookeepers://`; `undefined` from it: as for any public server.
   */
  readonly openTls?: TlsOptions["open"];
  /** Where `local:` without a directory is. @default the user's own directory for it */
  readonly localDir?: string | undefined;
}

/**
 * Opens the registry that a URL names. Nothing is connected or written before it is used.
 *
 * Only the code of that kind of registry is loaded: `local:`, the default, starts without
 * ZooKeeper's.
 *
 * @throws {RpcError} InvalidParams: the URL cannot be read
 */
export async function openDiscovery(
  url: string | RegistryUrl,
  deps: DiscoveryDeps,
): Promise<Discovery> {
  const parsed = typeof url === "string" ? parseRegistryUrl(url) : url;
  const { clock, random, log, lastKnownDir, localDir } = deps;
  switch (parsed.kind) {
    case "local": {
      const { LocalDiscovery } = await import("./local/local.ts");
      const directory = parsed.directory ?? localDir;
      return new LocalDiscovery(
        directory === undefined ? parsed : { kind: "local", directory },
        { clock, random, log },
      );
    }
    case "static": {
      const { StaticDiscovery } = await import("./static.ts");
      return new StaticDiscovery(parsed, { log });
    }
    case "zookeeper": {
      const { ZooKeeperDiscovery } = await import("./zookeeper/zookeeper.ts");
      const discovery = new ZooKeeperDiscovery(parsed, {
        clock,
        random,
        log,
        openTls: deps.openTls,
      });
      if (lastKnownDir === undefined) return discovery;
      const { withLastKnown } = await import("./last_known/last_known.ts");
      const { LastKnownStore } = await import("./last_known/store.ts");
      const store = new LastKnownStore({ directory: lastKnownDir, log });
      return withLastKnown(discovery, { store, clock, log });
    }
  }
}
