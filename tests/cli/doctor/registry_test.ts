import assert from "node:assert/strict";
import { registryFindings } from "../../../src/cli/doctor/registry.ts";
import type { Discovery } from "../../../src/discovery/discovery.ts";
import { RpcError } from "../../../src/base/errors.ts";
import { StaticDiscovery } from "../../../src/discovery/static.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { systemClock } from "../../../src/base/clock.ts";

Deno.test("a registry that no longer tells its time holds up no doctor", async () => {
  const list = new StaticDiscovery({
    kind: "static",
    endpoints: [{ host: "127.0.0.1", port: 1 }],
  }, { log: silentLogger });
  const discovery: Discovery = {
    url: list.url,
    watch: list.watch.bind(list),
    announce: list.announce.bind(list),
    services: list.services.bind(list),
    close: list.close.bind(list),
    wallTimeMs: () => new Promise(() => {}),
  };
  const { findings, instances } = await registryFindings(discovery, "rpc", {
    clock: systemClock,
    timeoutMs: 10,
    signal: new AbortController().signal,
  });
  assert.equal(instances?.length, 1);
  assert.deepEqual(findings.map(({ check, status }) => `${check} ${status}`), [
    "registry ok",
    "clock hint",
  ]);
});

Deno.test("what is wrong with a ZooKeeper that answers has its own advice, and no other", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const list = new StaticDiscovery({ kind: "static", endpoints: [] }, { log: silentLogger });
  const advice = "This machine does not trust who signed it: let this machine join it";
  const discovery: Discovery = {
    url: `zookeepers://127.0.0.1:${listener.addr.port}`,
    watch(_service, { trouble }) {
      queueMicrotask(() => trouble(new RpcError("Unavailable", advice)));
      return { close() {} };
    },
    announce: list.announce.bind(list),
    services: list.services.bind(list),
    close: list.close.bind(list),
  };
  const { findings } = await registryFindings(discovery, "rpc", {
    clock: systemClock,
    timeoutMs: 10_000,
    signal: new AbortController().signal,
  });
  assert.deepEqual(findings, [{ check: "registry", status: "wrong", text: advice }]);
});
