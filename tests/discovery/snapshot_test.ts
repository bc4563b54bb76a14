import assert from "node:assert/strict";
import { oneByAddress, sameInstances } from "../../src/discovery/snapshot.ts";
import { anInstance } from "./recorder.ts";

Deno.test("oneByAddress() keeps the newest of each address, sorted by address", () => {
  const old = anInstance({ host: "b", port: 1, version: "old" });
  const other = anInstance({ host: "b", port: 2 });
  const newest = { ...old, version: "new" };
  const first = anInstance({ host: "a", port: 9 });
  assert.deepEqual(oneByAddress([old, other, newest, first]), [first, newest, other]);
});

Deno.test("sameInstances() looks at everything but the order of members", () => {
  const one = anInstance();
  const { id, ...rest } = one;
  assert.ok(sameInstances([], []));
  assert.ok(sameInstances([one], [{ ...rest, id }]));
  assert.ok(!sameInstances([one], []));
  assert.ok(!sameInstances([one], [one, one]));
  const changes = {
    id: "x",
    service: "x",
    host: "x",
    port: 1,
    weight: 7,
    zone: "x",
    version: "x",
    methods: ["x"],
    startedAtMs: 1,
  };
  for (const [name, value] of Object.entries(changes)) {
    assert.ok(!sameInstances([one], [{ ...one, [name]: value }]), name);
  }
});
