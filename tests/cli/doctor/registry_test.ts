import assert from "node:assert/strict";
import { registryFindings } from "../../../src/cli/doctor/registry.ts";
import type { Discovery } from "../../../src/discovery/discovery.ts";
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
