/** Opens a registry by its URL. */

import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { Discovery } from "./discovery.ts";
import { parseRegistryUrl, type RegistryUrl } from "./registry_url.ts";
import type { OpenTls } from "./zookeeper/zookeeper.ts";

/** What a registry is built on. */
export interface DiscoveryDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Where last known lists are stored. Absent: they are not stored. */
  readonly lastKnownDir?: string | undefined;
  /**
   * Opens the TLS connections of `zookeepers://`. Absent, or if it returns `undefined`: they trust
   * the system's certificates.
   */
  readonly openTls?: OpenTls;
  /** Where `local:` without a directory is. @default the user's own directory for it */
  readonly localDir?: string | undefined;
}

/**
 * Opens the registry that a URL names. It does not connect or write before it is used.
 *
 * Only the code of that kind of registry is loaded, so `local:`, the default, starts faster.
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
