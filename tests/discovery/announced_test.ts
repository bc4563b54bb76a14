import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { AnnouncedInstance, type OverrideStore } from "../../src/discovery/announced.ts";
import type { Override } from "../../src/discovery/discovery.ts";
import { anInstance } from "./recorder.ts";

/** Keeps one override, or fails. */
class Store implements OverrideStore {
  kept: Override = { drained: true };
  isBroken = true;
  reads = 0;

  read(): Promise<Override> {
    this.reads++;
    return this.isBroken ? Promise.reject(new Error("broken")) : Promise.resolve(this.kept);
  }

  write(override: Override): Promise<void> {
    if (this.isBroken) return Promise.reject(new Error("broken"));
    this.kept = override;
    return Promise.resolve();
  }
}

Deno.test("what was kept is told once it is read, however often it could not be before", async () => {
  const store = new Store();
  const told: Override[] = [];
  const announced = new AnnouncedInstance(anInstance(), store, {
    keepsOverride: true,
    overridden: (override) => told.push(override),
  });
  await assert.rejects(announced.recall(), /broken/);
  assert.equal(announced.with().weight, 2.5);
  store.isBroken = false;
  await announced.recall();
  await announced.recall();
  assert.equal(announced.with().weight, 0);
  assert.deepEqual([told, store.reads], [[{ drained: true }], 2]);
});

Deno.test("a change that cannot be kept does not hold, and none is taken unregistered", async () => {
  const store = new Store();
  const announced = new AnnouncedInstance(anInstance(), store, { keepsOverride: true });
  const override = announced.changed({ weight: 3 }, true);
  await assert.rejects(announced.keep(override), /broken/);
  assert.equal(announced.with().weight, 2.5);
  assert.equal(announced.with(override).weight, 3);
  store.isBroken = false;
  await announced.keep(override);
  assert.deepEqual([announced.with().weight, store.kept.weight], [3, 3]);
  assert.throws(() => announced.changed({}, false), RpcError);
});

Deno.test("of a port that was any free one nothing is read and nothing kept", async () => {
  const store = new Store();
  const announced = new AnnouncedInstance(anInstance(), store, {});
  await announced.recall();
  await announced.keep({ drained: true });
  assert.deepEqual([announced.with().drained, store.reads], [true, 0]);
});
