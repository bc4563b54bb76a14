import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { systemRandom } from "../../src/base/random.ts";
import { openDiscovery } from "../../src/discovery/open.ts";
import { LastKnownStore } from "../../src/discovery/last_known/store.ts";
import { anInstance, Recorder } from "./recorder.ts";

const deps = { clock: systemClock, random: systemRandom, log: silentLogger };

Deno.test("openDiscovery() opens each kind, and nothing is connected before it is used", async () => {
  const urls = ["local:/some/dir", "static:10.0.0.1:1", "zookeeper://me:secret@10.0.0.1/lab"];
  const opened = await Promise.all(urls.map((url) => openDiscovery(url, deps)));
  assert.deepEqual(opened.map(({ url }) => url), [
    "local:/some/dir",
    "static:10.0.0.1:1",
    "zookeeper://me:***@10.0.0.1:2181/lab",
  ]);
  await Promise.all(opened.map((discovery) => discovery.close()));
  await assert.rejects(openDiscovery("carrier-pigeon:", deps), { name: "InvalidParams" });
});

Deno.test("only a registry with a session has to be closed by a process that ends", async () => {
  const urls = ["local:/some/dir", "static:10.0.0.1:1", "zookeeper://10.0.0.1"];
  const lastKnownDir = "/some/dir";
  for (const remembered of [{}, { lastKnownDir }]) {
    const opened = await Promise.all(
      urls.map((url) => openDiscovery(url, { ...deps, ...remembered })),
    );
    assert.deepEqual(opened.map((one) => one.watchesEndWithProcess === true), [true, true, false]);
    await Promise.all(opened.map((discovery) => discovery.close()));
  }
});

Deno.test("openDiscovery() puts local: where it is told", async () => {
  const localDir = await Deno.makeTempDir({ prefix: "rpc-open-" });
  const discovery = await openDiscovery("local:", { ...deps, localDir });
  try {
    await discovery.announce(anInstance()).registered;
    assert.equal([...Deno.readDirSync(join(localDir, "rpc"))].length, 2);
  } finally {
    await discovery.close();
    await Deno.remove(localDir, { recursive: true });
  }
});

Deno.test("openDiscovery() lets a ZooKeeper registry that is away be remembered", async () => {
  const lastKnownDir = await Deno.makeTempDir({ prefix: "rpc-open-" });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close(); // nobody listens there now
  const url = `zookeeper://127.0.0.1:${port}`;
  const instance = anInstance();
  const store = new LastKnownStore({ directory: lastKnownDir, log: silentLogger });
  await store.save({ registry: url, service: "rpc", savedAtMs: 1, instances: [instance] });
  const discovery = await openDiscovery(url, { ...deps, lastKnownDir });
  try {
    const recorder = new Recorder();
    discovery.watch("rpc", recorder);
    await recorder.until(({ troubles }) => troubles.length > 0, "trouble");
    assert.deepEqual(recorder.snapshots, [{ instances: [instance], stale: true }]);
  } finally {
    await discovery.close();
    await Deno.remove(lastKnownDir, { recursive: true });
  }
});

Deno.test("without ZooKeeper its client is not loaded", async () => {
  for (const name of ["local/local.ts", "static.ts", "open.ts"]) {
    const root = new URL(`../../src/discovery/${name}`, import.meta.url);
    const loaded = await staticImportsOf(root);
    assert.ok(loaded.has(root.href) && loaded.size > 2, "the graph was read");
    assert.deepEqual([...loaded].filter((module) => /zookeeper/.test(module)), [], name);
  }
});

/** All modules that loading a module loads at once. */
async function staticImportsOf(root: URL): Promise<Set<string>> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", root.href],
    stderr: "inherit",
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(output.stdout)) as {
    modules: {
      specifier: string;
      dependencies?: { isDynamic?: boolean; code?: { specifier?: string } }[];
    }[];
  };
  const bySpecifier = new Map(modules.map((module) => [module.specifier, module]));
  const loaded = new Set<string>();
  const load = (specifier: string) => {
    if (loaded.has(specifier)) return;
    loaded.add(specifier);
    for (const { isDynamic, code } of bySpecifier.get(specifier)?.dependencies ?? []) {
      if (!isDynamic && code?.specifier !== undefined) load(code.specifier);
    }
  };
  load(root.href);
  return loaded;
}
