/** What every registry must do, as tests that are run against each of them. */

import assert from "node:assert/strict";
import type { Logger } from "../../src/base/log.ts";
import type { Discovery, Instance, Watcher } from "../../src/discovery/discovery.ts";
import { addressesOf, anInstance, Recorder, RecordingLogger } from "./recorder.ts";

/** A registry that one test has for itself. */
export interface RegistryUnderTest {
  /** Opens it as one more program would. The suite closes what it opened. */
  open(log: Logger): Discovery;
  /** Puts something into a service that is no instance. Absent: that cannot be. */
  readonly addMalformed?: (service: string) => Promise<void>;
}

/** Runs a test with a fresh registry, under the name given. */
export type RegistryTest = (
  name: string,
  body: (registry: RegistryUnderTest) => Promise<void>,
) => void;

/** The tests for every registry, also one that never changes. */
export function fixedDiscoverySuite(kind: string, test: RegistryTest): void {
  const check = suiteOf(kind, test);

  check("watch() calls back asynchronously", async ({ open }) => {
    const recorder = new Recorder();
    open().watch("rpc", recorder);
    assert.equal(recorder.snapshots.length, 0);
    await recorder.until(({ last }) => last !== undefined, "snapshot");
  });

  check("a watch that is closed at once is never called", async ({ open }) => {
    const discovery = open();
    const closed = new Recorder();
    discovery.watch("rpc", closed).close();
    const other = new Recorder();
    discovery.watch("rpc", other);
    await other.until(({ last }) => last !== undefined, "snapshot");
    assert.equal(closed.snapshots.length + closed.troubles.length, 0);
  });

  check("registered resolves, and withdraw() ends isRegistered", async ({ open }) => {
    const announcement = open().announce(anInstance());
    await announcement.registered;
    assert.equal(announcement.isRegistered, true);
    await announcement.withdraw();
    assert.equal(announcement.isRegistered, false);
    await announcement.withdraw();
  });

  check("registered resolves too when withdrawn at once", async ({ open }) => {
    const announcement = open().announce(anInstance());
    await announcement.withdraw();
    await announcement.registered;
    assert.equal(announcement.isRegistered, false);
  });

  check("close() can be repeated", async ({ open }) => {
    const discovery = open();
    discovery.watch("rpc", new Recorder());
    await discovery.close();
    await discovery.close();
  });

  check("a service name that cannot be a path's part is refused", ({ open }) => {
    const discovery = open();
    for (const service of ["", "..", "a/b", "a\\b", "-x", "a b", "x".repeat(200)]) {
      const refused = { name: "InvalidParams", message: /^Cannot use the service name / };
      assert.throws(() => discovery.watch(service, new Recorder()), refused, service);
      assert.throws(() => discovery.announce(anInstance({ service })), refused, service);
    }
    return Promise.resolve();
  });
}

/** All tests, for registries to which instances come and from which they go. */
export function discoverySuite(kind: string, test: RegistryTest): void {
  fixedDiscoverySuite(kind, test);
  const check = suiteOf(kind, test);

  check("an empty service is an empty list, not silence", async ({ watch }) => {
    await watch("nobody").untilListed();
  });

  check("an instance is found with all it says", async ({ open, watch }) => {
    const instance = anInstance();
    await open().announce(instance).registered;
    const recorder = watch();
    await recorder.untilListed(instance);
    assert.deepEqual(recorder.last, { instances: [instance], stale: false });
    assert.equal(recorder.snapshots.length, 1, "what is there already belongs to the first list");
  });

  check("the services that somebody was announced under are told", async ({ open }) => {
    assert.deepEqual(await open().services(), []);
    const [one, other] = [anInstance({ service: "one" }), anInstance({ service: "other" })];
    await Promise.all([open().announce(one).registered, open().announce(other).registered]);
    assert.deepEqual(await open().services(), ["one", "other"]);
  });

  check("a watcher sees instances come and go", async ({ open, watch }) => {
    const recorder = watch();
    await recorder.untilListed();
    const [first, second] = [anInstance(), anInstance({ host: "::1" })];
    const announcement = open().announce(first);
    await recorder.untilListed(first);
    const other = open().announce(second);
    await recorder.untilListed(first, second);
    assert.deepEqual(recorder.changed, recorder.last?.instances);
    await announcement.withdraw();
    await recorder.untilListed(second);
    assert.deepEqual(recorder.changed, [second]);
    await other.withdraw();
    await recorder.untilListed();
    assert.deepEqual(recorder.changed, []);
  });

  check(
    "an override shows at once, and meets whoever is announced at its address next",
    async ({ open, watch }) => {
      const recorder = watch();
      const instance = anInstance();
      const options = { keepsOverride: true };
      const announcement = open().announce(instance, options);
      await announcement.registered;
      await recorder.untilListed(instance);
      assert.deepEqual(await announcement.override({ drained: true }), { drained: true });
      await recorder.untilListed({ ...instance, weight: 0, drained: true });
      const both = { drained: true, weight: 3 };
      assert.deepEqual(await announcement.override({ weight: 3 }), both);
      await announcement.withdraw();
      await recorder.untilListed();
      const told: unknown[] = [];
      const next = { ...instance, id: "restarted" };
      const again = open().announce(next, { ...options, overridden: (one) => told.push(one) });
      await again.registered;
      await recorder.untilListed({ ...next, weight: 0, drained: true });
      assert.deepEqual([...told], [both]);
      await again.override({ drained: false });
      await recorder.untilListed({ ...next, weight: 3 });
      assert.deepEqual(await again.override({ weight: next.weight }), { drained: false });
      await recorder.untilListed(next);
      await again.withdraw();
      const last = open().announce(next, { ...options, overridden: (one) => told.push(one) });
      await last.registered;
      await recorder.untilListed(next);
      assert.equal(told.length, 1, "an override that says nothing is not kept");
    },
  );

  check(
    "an override of a port that was any free one ends with its server",
    async ({ open, watch }) => {
      const recorder = watch();
      const instance = anInstance();
      const announcement = open().announce(instance);
      await announcement.registered;
      await announcement.override({ drained: true });
      await recorder.untilListed({ ...instance, weight: 0, drained: true });
      await announcement.withdraw();
      await open().announce(instance).registered;
      await recorder.untilListed(instance);
    },
  );

  check("one program can announce and watch", async ({ open }) => {
    const discovery = open();
    const recorder = new Recorder();
    discovery.watch("rpc", recorder);
    const instance = anInstance();
    const announcement = discovery.announce(instance);
    await recorder.untilListed(instance);
    await announcement.withdraw();
    await recorder.untilListed();
  });

  check("services do not mix", async ({ open, watch }) => {
    const [one, two] = [anInstance({ service: "one" }), anInstance({ service: "two" })];
    const discovery = open();
    await Promise.all([discovery.announce(one).registered, discovery.announce(two).registered]);
    const [first, second] = [watch("one"), watch("two")];
    await Promise.all([first.untilListed(one), second.untilListed(two)]);
    assert.deepEqual(first.snapshots.length + second.snapshots.length, 2);
  });

  check("every watcher gets full lists, sorted by address", async ({ open, watch }) => {
    const instances = Array.from({ length: 12 }, () => anInstance());
    const discovery = open();
    const recorders = [watch(), watch()];
    const sameProgram = new Recorder();
    discovery.watch("rpc", sameProgram);
    for (const instance of instances) discovery.announce(instance);
    for (const recorder of [...recorders, sameProgram]) {
      await recorder.untilListed(...instances);
      assert.deepEqual(recorder.last?.instances, instances);
      assert.deepEqual(recorder.changed, instances);
      const sizes = recorder.snapshots.map((snapshot) => snapshot.instances.length);
      assert.deepEqual(sizes, sizes.toSorted((a, b) => a - b), "lists only grow here");
    }
  });

  check("two instances at one address are one endpoint", async ({ open, watch }) => {
    const ghost = anInstance({ version: "old", startedAtMs: 1_000 });
    const successor = { ...ghost, id: crypto.randomUUID(), version: "new", startedAtMs: 2_000 };
    const discovery = open();
    const ghostly = discovery.announce(ghost);
    await ghostly.registered;
    await discovery.announce(successor).registered;
    const recorder = watch();
    await recorder.untilListed(successor);
    assert.deepEqual(recorder.last?.instances, [successor]);
    // The ghost's end must not show; an instance that comes afterwards proves that it was seen.
    await ghostly.withdraw();
    const witness = anInstance();
    await discovery.announce(witness).registered;
    await recorder.untilListed(successor, witness);
    assert.deepEqual(recorder.changed, recorder.last?.instances);
    assert.deepEqual(recorder.snapshots.map(({ instances }) => addressesOf(instances).length), [
      1,
      2,
    ]);
  });

  check("close() withdraws what the program announced, and ends its watches", async (tools) => {
    const { open, watch } = tools;
    const discovery = open();
    const own = new Recorder();
    discovery.watch("rpc", own);
    const announcement = discovery.announce(anInstance());
    await announcement.registered;
    const recorder = watch();
    await recorder.until(({ last }) => last?.instances.length === 1, "instance");
    await own.until(({ last }) => last?.instances.length === 1, "instance");
    await discovery.close();
    const heard = own.snapshots.length;
    await recorder.untilListed();
    assert.equal(announcement.isRegistered, false);
    assert.equal(own.snapshots.length, heard);
  });

  check("a closed watch is not called, the others are", async ({ open, watch }) => {
    const discovery = open();
    const closed = new Recorder();
    const closing = discovery.watch("rpc", closed);
    await closed.untilListed();
    closing.close();
    const recorder = watch();
    const instance = anInstance();
    await discovery.announce(instance).registered;
    await recorder.untilListed(instance);
    assert.equal(closed.snapshots.length, 1);
  });

  check(
    "what is no instance is skipped with one warning",
    async ({ open, watch, log, registry }) => {
      if (registry.addMalformed === undefined) return;
      await registry.addMalformed("rpc");
      const [first, second] = [anInstance(), anInstance()];
      const discovery = open();
      await discovery.announce(first).registered;
      const recorder = watch();
      await recorder.untilListed(first);
      await discovery.announce(second).registered;
      await recorder.untilListed(first, second);
      const skipped = log.warnings.filter((warning) => warning.startsWith("Skipped"));
      assert.equal(skipped.length, 1, log.warnings.join("\n"));
    },
  );
}

/** What a test of the suite works with. Whatever it opens is closed afterwards. */
interface Tools {
  readonly registry: RegistryUnderTest;
  readonly log: RecordingLogger;
  open(): Discovery;
  /** Watches as a program of its own. @default service "rpc" */
  watch(service?: Instance["service"]): Recorder;
}

function suiteOf(kind: string, test: RegistryTest) {
  return (name: string, body: (tools: Tools) => Promise<void>) =>
    test(`${kind}: ${name}`, async (registry) => {
      const opened: Discovery[] = [];
      const log = new RecordingLogger();
      const open = () => {
        const discovery = registry.open(log);
        opened.push(discovery);
        return discovery;
      };
      const watch = (service = "rpc") => {
        const recorder = new Recorder();
        open().watch(service, recorder satisfies Watcher);
        return recorder;
      };
      try {
        await body({ registry, log, open, watch });
      } finally {
        await Promise.all(opened.map((discovery) => discovery.close()));
      }
    });
}
