/** The library's client inside the benchmark's own process, to see single calls. */

import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { Client } from "../../src/client/client.ts";
import type { Transport } from "../../src/client/transport.ts";
import { openDiscovery } from "../../src/discovery/open.ts";

/** A client, and what it stands on. */
export interface OwnClient extends AsyncDisposable {
  readonly client: Client;
}

/** Opens a registry and a client on it. */
export async function ownClient(
  registry: string,
  transport?: Transport,
): Promise<OwnClient> {
  const discovery = await openDiscovery(registry, {
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
  });
  const client = new Client({
    discovery,
    ...(transport === undefined ? {} : { transport }),
  });
  return {
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      await discovery.close();
    },
  };
}

/** Resolves after `delayMs`. */
export function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
