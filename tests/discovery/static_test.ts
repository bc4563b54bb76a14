import assert from "node:assert/strict";
import { silentLogger } from "../../src/base/log.ts";
import { StaticDiscovery } from "../../src/discovery/static.ts";
import { fixedDiscoverySuite } from "./discovery_suite.ts";
import { addressesOf, anInstance, Recorder } from "./recorder.ts";

const endpoints = [
  { host: "10.0.0.2", port: 6666 },
  { host: "::1", port: 6667 },
  { host: "10.0.0.2", port: 6666 },
];

fixedDiscoverySuite("static", (name, body) => {
  Deno.test(
    name,
    () => body({ open: (log) => new StaticDiscovery({ kind: "static", endpoints }, { log }) }),
  );
});

Deno.test("static: lists each address once, for any service, whatever is announced", async () => {
  const discovery = new StaticDiscovery({ kind: "static", endpoints }, { log: silentLogger });
  await discovery.announce(anInstance()).registered;
  const recorder = new Recorder();
  discovery.watch("anything", recorder);
  await recorder.until(({ last }) => last !== undefined, "list");
  assert.deepEqual(addressesOf(recorder.last?.instances ?? []), ["10.0.0.2:6666", "[::1]:6667"]);
  assert.equal(recorder.last?.stale, false);
  assert.equal(discovery.url, "static:10.0.0.2:6666,[::1]:6667,10.0.0.2:6666");
  await discovery.close();
});
