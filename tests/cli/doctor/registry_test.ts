import assert from "node:assert/strict";
import { registryFindings } from "../../../src/cli/doctor/registry.ts";
import type { Discovery } from "../../../src/discovery/discovery.ts";
import { RpcError } from "../../../src/base/errors.ts";
import { StaticDiscovery } from "../../../src/discovery/static.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { freePort } from "../../support/free_port.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

/** A registry of one server under this URL, and with this clock. */
function registryAt(url?: string, wallTimeMs?: Discovery["wallTimeMs"]): Discovery {
  const list = new StaticDiscovery({
    kind: "static",
    endpoints: [{ host: "127.0.0.1", port: 1 }],
  }, { log: silentLogger });
  return {
    url: url ?? list.url,
    watch: list.watch.bind(list),
    announce: list.announce.bind(list),
    services: list.services.bind(list),
    close: list.close.bind(list),
    ...(wallTimeMs !== undefined && { wallTimeMs }),
  };
}

function lookAt(discovery: Discovery, clock: Clock = systemClock) {
  const { signal } = new AbortController();
  return registryFindings(discovery, "rpc", { clock, timeoutMs: 60_000, signal });
}

Deno.test("a registry's clock is compared with this machine's amid the question and the answer", async () => {
  const told = async (aheadMs: number | undefined) => {
    const clock = new VirtualClock();
    const discovery = registryAt(undefined, () => {
      const itsMs = aheadMs === undefined ? undefined : clock.wallTimeMs() + 2_000 + aheadMs;
      clock.advance(4_000);
      return Promise.resolve(itsMs);
    });
    const { findings } = await lookAt(discovery, clock);
    return findings.slice(1).map(({ status, text }) => `${status}: ${text}`);
  };
  assert.deepEqual(await told(undefined), []);
  assert.deepEqual(await told(4_000), ["ok: ZooKeeper's clock agrees with this machine's"]);
  assert.deepEqual(await told(4_500), ["ok: ZooKeeper's clock is off by 4.5 s"]);
  assert.deepEqual(await told(6_000), [
    "wrong: ZooKeeper's clock is 6.0 s ahead of this machine's",
  ]);
  assert.deepEqual(await told(-600_000), [
    "wrong: ZooKeeper's clock is 10 min behind this machine's",
  ]);
});

Deno.test("a member of an ensemble that is down is a hint while another one is up", async () => {
  const down = freePort();
  using up = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const ensemble = `zookeeper://127.0.0.1:${down},127.0.0.1:${up.addr.port}`;
  const { findings, instances } = await lookAt(registryAt(ensemble));
  assert.equal(instances?.length, 1);
  assert.deepEqual(findings.map(({ status }) => status), ["ok", "hint"]);
  assert.equal(findings[0]?.text, `${ensemble}, 1 server of rpc`);
  assert.match(findings[1]?.text ?? "", new RegExp(`^ZooKeeper at 127.0.0.1:${down}: .*refused`));
  const alone = await lookAt(registryAt(`zookeeper://127.0.0.1:${down}`));
  assert.equal(alone.instances, undefined);
  assert.deepEqual(alone.findings.map(({ status }) => status), ["wrong"]);
});

Deno.test("a registry that no longer tells its time holds up no doctor", async () => {
  const discovery = registryAt(undefined, () => new Promise(() => {}));
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
