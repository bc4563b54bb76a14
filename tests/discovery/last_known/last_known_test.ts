import assert from "node:assert/strict";
import { join } from "node:path";
import { RpcError } from "../../../src/base/errors.ts";
import { type Logger, silentLogger } from "../../../src/base/log.ts";
import type { Discovery, Instance, Watcher } from "../../../src/discovery/discovery.ts";
import {
  savePeriodMs,
  silenceMs,
  withLastKnown,
} from "../../../src/discovery/last_known/last_known.ts";
import { LastKnownStore } from "../../../src/discovery/last_known/store.ts";
import { ListTeller } from "../../../src/discovery/snapshot.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";
import { anInstance, Recorder, RecordingLogger } from "../recorder.ts";

const registry = "zookeeper://10.0.0.1:2181";
const outage = new RpcError("Unavailable", "Cannot reach ZooKeeper");

/** A registry that says what the test says. */
class ScriptedDiscovery implements Discovery {
  readonly url = registry;
  watcher: Watcher | undefined;
  #teller: ListTeller | undefined;

  announce(): never {
    throw new Error("Nobody announces here");
  }
  watch(_service: string, watcher: Watcher) {
    this.watcher = watcher;
    this.#teller = new ListTeller(watcher);
    return { close: () => this.watcher = undefined };
  }
  services(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
  says(...instances: Instance[]): void {
    if (this.watcher !== undefined) this.#teller?.tell(instances);
  }
}

/** One program's run over a directory. */
function start(directory: string, log: Logger = silentLogger) {
  const clock = new VirtualClock();
  const inner = new ScriptedDiscovery();
  const store = new LastKnownStore({ directory, log });
  const discovery = withLastKnown(inner, { store, clock, log });
  const recorder = new Recorder();
  const watch = discovery.watch("rpc", recorder);
  return { clock, inner, store, discovery, recorder, watch };
}

/** A run in which the registry said this. */
async function remember(directory: string, ...instances: Instance[]): Promise<void> {
  const { inner, discovery } = start(directory);
  inner.says(...instances);
  await discovery.close();
}

test("what a registry said is used when it is in trouble, labelled stale", async (directory) => {
  const instances = [anInstance(), anInstance()];
  await remember(directory, ...instances);
  const log = new RecordingLogger();
  const { inner, discovery, recorder } = start(directory, log);
  inner.watcher?.trouble(outage);
  await recorder.until(({ troubles }) => troubles.length > 0, "trouble");
  assert.deepEqual(recorder.snapshots, [{ instances, stale: true }], "before the trouble");
  assert.deepEqual(recorder.troubles, [outage]);
  assert.match(
    log.warnings[0] ?? "",
    /^The registry cannot be asked, using its last known list.*"reason":"Cannot reach ZooKeeper"/,
  );
  inner.says();
  assert.deepEqual(recorder.last, { instances: [], stale: false }, "what it says then counts");
  await discovery.close();
});

test("the registry's first list is told by what differs from the stored one", async (directory) => {
  const [gone, kept, fresh] = [anInstance(), anInstance(), anInstance()];
  await remember(directory, gone, kept);
  const { inner, discovery, recorder } = start(directory);
  inner.watcher?.trouble(outage);
  await recorder.until(({ troubles }) => troubles.length > 0, "trouble");
  assert.deepEqual(recorder.changed, [gone, kept]);
  inner.says(kept, fresh);
  assert.deepEqual(recorder.changed, [kept, fresh]);
  inner.says(fresh);
  assert.deepEqual(recorder.changed, [fresh]);
  await discovery.close();
});

test("silence is trouble, after a while", async (directory) => {
  const instance = anInstance();
  await remember(directory, instance);
  const { clock, inner, discovery, recorder } = start(directory);
  await clock.advanceAsync(silenceMs - 1);
  assert.equal(recorder.snapshots.length, 0);
  await clock.advanceAsync(1);
  await recorder.until(({ last }) => last?.stale === true, "stale list");
  assert.deepEqual(recorder.last?.instances, [instance]);
  assert.deepEqual(recorder.troubles, []);
  inner.watcher?.trouble(outage);
  await recorder.until(({ troubles }) => troubles.length > 0, "trouble");
  assert.equal(recorder.snapshots.length, 1, "the stored list is old news by now");
  await discovery.close();
});

test("the stored list comes once, and never after the registry's own", async (directory) => {
  await remember(directory, anInstance());
  const { clock, inner, store, discovery, recorder } = start(directory);
  const fresh = anInstance();
  const reading = Promise.withResolvers<unknown>();
  const load = store.load.bind(store);
  store.load = (...of) => {
    const stored = load(...of);
    reading.resolve(stored);
    return stored;
  };
  inner.watcher?.trouble(outage);
  inner.says(fresh); // while the stored one is being read
  await reading.promise;
  await settled();
  assert.deepEqual(recorder.troubles, [], "what the registry said has ended that trouble");
  inner.watcher?.trouble(outage);
  await clock.advanceAsync(silenceMs * 2);
  assert.deepEqual(recorder.snapshots, [{ instances: [fresh], stale: false }]);
  assert.deepEqual(recorder.troubles, [outage]);
  await discovery.close();
});

test("with nothing stored there is only the trouble", async (directory) => {
  const { inner, discovery, recorder } = start(directory);
  inner.watcher?.trouble(outage);
  await recorder.until(({ troubles }) => troubles.length > 0, "trouble");
  assert.equal(recorder.snapshots.length, 0);
  await discovery.close();
});

test("an empty list does not replace a stored one", async (directory) => {
  const instance = anInstance();
  await remember(directory, instance);
  await remember(directory);
  const { store, discovery } = start(directory);
  assert.deepEqual((await store.load(registry, "rpc"))?.instances, [instance]);
  await discovery.close();
});

test("a list under churn is written at once, then once a period, then at the end", async (directory) => {
  const { clock, inner, store, discovery } = start(directory);
  const [first, second, third] = [anInstance(), anInstance(), anInstance()];
  const stored = async () => (await store.load(registry, "rpc"))?.instances;
  const holds = (instance: Instance) =>
    waitFor("the file", async () => (await stored())?.[0]?.id === instance.id);
  inner.says(first);
  await clock.advanceAsync(0);
  await holds(first);
  inner.says(anInstance());
  inner.says(second);
  await clock.advanceAsync(savePeriodMs - 1);
  assert.deepEqual(await stored(), [first]);
  await clock.advanceAsync(1);
  await holds(second);
  inner.says(third);
  await discovery.close();
  assert.deepEqual(await stored(), [third]);
  assert.deepEqual([...Deno.readDirSync(directory)].length, 1, "no temporary file stays");
  assert.equal(clock.pendingTimers, 0);
});

test("registries and services have lists of their own", async (directory) => {
  const store = new LastKnownStore({ directory, log: silentLogger });
  const lists = [["a", "x"], ["a", "y"], ["b", "x"]].map(([registry = "", service = ""]) => ({
    registry,
    service,
    savedAtMs: 1,
    instances: [anInstance({ service })],
  }));
  for (const list of lists) await store.save(list);
  for (const list of lists) assert.deepEqual(await store.load(list.registry, list.service), list);
  assert.equal(await store.load("b", "y"), undefined);
});

test("a file that cannot be used is ignored with a warning", async (directory) => {
  await remember(directory, anInstance());
  const [entry] = [...Deno.readDirSync(directory)];
  const path = join(directory, entry?.name ?? "");
  const sound = JSON.parse(await Deno.readTextFile(path));
  const broken = [
    "",
    JSON.stringify(sound).slice(0, -20),
    "[]",
    JSON.stringify({ ...sound, service: "other" }),
    JSON.stringify({ ...sound, savedAtMs: 1e20 }),
    JSON.stringify({ ...sound, instances: [{ ...sound.instances[0], port: "x" }] }),
  ];
  for (const text of broken) {
    await Deno.writeTextFile(path, text);
    const log = new RecordingLogger();
    const { inner, discovery, recorder } = start(directory, log);
    inner.watcher?.trouble(outage);
    await recorder.until(({ troubles }) => troubles.length > 0, "trouble");
    assert.equal(recorder.snapshots.length, 0, text);
    assert.equal(log.warnings.length, 1, text);
    await discovery.close();
  }
});

test("a list is for its owner's eyes, as is its directory", async (directory) => {
  if (Deno.build.os === "windows") return;
  const path = join(directory, "state");
  await remember(path, anInstance());
  const [entry] = [...Deno.readDirSync(path)];
  const modeOf = async (file: string) => ((await Deno.stat(file)).mode ?? 0) & 0o777;
  assert.equal(await modeOf(path), 0o700);
  assert.equal(await modeOf(join(path, entry?.name ?? "")), 0o600);
});

test("a pipe in a list's place hangs nobody", async (directory) => {
  if (Deno.build.os === "windows") return;
  await remember(directory, anInstance());
  const [entry] = [...Deno.readDirSync(directory)];
  const path = join(directory, entry?.name ?? "");
  await Deno.remove(path);
  const { success } = await new Deno.Command("mkfifo", { args: [path] }).output();
  assert.ok(success);
  const log = new RecordingLogger();
  const { inner, discovery, recorder } = start(directory, log);
  inner.watcher?.trouble(outage);
  await recorder.until(({ troubles }) => troubles.length > 0, "trouble");
  assert.match(log.warnings[0] ?? "", /no regular file/);
  await discovery.close();
});

test("a list that cannot be written is a warning, once, and no more", async (directory) => {
  const log = new RecordingLogger();
  const path = join(directory, "file");
  await Deno.writeTextFile(path, "in the way");
  const { clock, inner, discovery, recorder } = start(path, log);
  for (let i = 0; i < 3; i++) {
    inner.says(anInstance());
    await clock.advanceAsync(savePeriodMs);
  }
  await discovery.close();
  assert.equal(recorder.snapshots.length, 3);
  assert.equal(log.warnings.length, 1);
  assert.match(log.warnings[0] ?? "", /^Cannot keep the last known list of servers/);
});

test("a closed watch says nothing more", async (directory) => {
  await remember(directory, anInstance());
  const { clock, inner, discovery, recorder, watch } = start(directory);
  const said = inner.watcher;
  said?.trouble(outage);
  watch.close();
  assert.equal(inner.watcher, undefined, "nor does it ask");
  assert.equal(clock.pendingTimers, 0);
  said?.snapshot({ instances: [], stale: false }, { listed: [], unlisted: [] });
  await clock.advanceAsync(silenceMs);
  await discovery.close();
  assert.equal(recorder.snapshots.length + recorder.troubles.length, 0);
  assert.equal(clock.pendingTimers, 0);
});

/** A test with a directory of its own. */
function test(name: string, run: (directory: string) => Promise<void>): void {
  Deno.test(`last known: ${name}`, async () => {
    const directory = await Deno.makeTempDir({ prefix: "rpc-last-known-" });
    try {
      await run(directory);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}
