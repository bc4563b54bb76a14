/** Ours as a user calls it: the library's client, which finds the servers in the registry. */

import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { Client } from "../../src/client/client.ts";
import { openDiscovery } from "../../src/discovery/open.ts";
import { type Meter, runLanes, times } from "./load.mjs";

const { registry, method, params, ...load } = JSON.parse(Deno.args[0] ?? "");
const discovery = await openDiscovery(registry, {
  clock: systemClock,
  random: systemRandom,
  log: silentLogger,
});
const clients: Client[] = times(
  load.connections,
  () => new Client({ discovery }),
);
await runLanes(
  load,
  clients.flatMap((client) =>
    times(load.inFlight, () => async (meter: Meter) => {
      while (meter.running) {
        const startedAtMs = meter.begin();
        await client.call(method, params);
        meter.end(startedAtMs);
      }
    })
  ),
);
for (const client of clients) client.close();
await discovery.close();
