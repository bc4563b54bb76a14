import assert from "node:assert/strict";
import type { Transport } from "../../../src/client/transport.ts";
import type { Catalogue } from "../../../src/gateway/calls/catalogue.ts";
import { Servers } from "../../../src/gateway/calls/servers.ts";
import { gatewayServerTimeoutMs, gatewayViewWaitMs } from "../../../src/gateway/limits.ts";
import { FakeDiscovery } from "../../support/fake_discovery.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";

/** Waits until it is given up. */
const never = (signal?: AbortSignal) =>
  new Promise<never>((_, reject) =>
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true })
  );

Deno.test("a view does not wait for a server or a list of methods that hangs, and the next ones tell of it", async () => {
  const clock = new VirtualClock();
  const discovery = new FakeDiscovery();
  discovery.push([1, 2]);
  const connect: Transport["connect"] = ({ port }, signal) =>
    port === 1 ? never(signal) : Promise.reject(new Error("refused"));
  const servers = new Servers({
    ...{ clock, discovery, service: "rpc", signal: new AbortController().signal },
    catalogue: { document: () => never() } as unknown as Catalogue,
    transport: { connect } as Transport,
  });
  const states = async () => {
    const view = servers.view(new AbortController().signal);
    await waitFor("its timer", () => clock.pendingTimers > 0);
    await settled();
    await clock.advanceAsync(gatewayViewWaitMs);
    return (await view).servers.map(({ state }) => state);
  };
  assert.deepEqual(await states(), ["asking", "no answer"]);
  await clock.advanceAsync(gatewayServerTimeoutMs);
  assert.deepEqual(await states(), ["no answer", "no answer"]);
});
