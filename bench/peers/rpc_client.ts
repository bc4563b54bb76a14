/** Ours as a user calls it: the library's client, which finds the servers in the registry. */

import { connect } from "../../src/mod.ts";
import { type Meter, runLanes, times } from "./load.mjs";

const { registry, method, params: given, textLength = 0, ...load } = JSON.parse(Deno.args[0] ?? "");
const params = textLength > 0 ? ["x".repeat(textLength)] : given;
const messageMax = 64 * 1024 * 1024;
const clients = await Promise.all(times(load.connections, () => connect({ registry, messageMax })));
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
await Promise.all(clients.map((client) => client.close()));
