import assert from "node:assert/strict";
import { changeOf, ListTeller, oneByAddress } from "../../src/discovery/snapshot.ts";
import { anInstance, Recorder } from "./recorder.ts";

Deno.test("oneByAddress() keeps the newest of each address, sorted by address", () => {
  const old = anInstance({ host: "b", port: 1, version: "old" });
  const other = anInstance({ host: "b", port: 2 });
  const newest = { ...old, version: "new" };
  const first = anInstance({ host: "a", port: 9 });
  assert.deepEqual(oneByAddress([old, other, newest, first]), [first, newest, other]);
});

Deno.test("changeOf() tells who came, who is described anew and who went", () => {
  const [a, b, c, d, e] = Array.from({ length: 5 }, () => anInstance());
  assert.deepEqual(changeOf([], [a!, b!]), { listed: [a, b], unlisted: [] });
  assert.deepEqual(changeOf([a!, b!], []), { listed: [], unlisted: [a, b] });
  assert.deepEqual(changeOf([a!, b!, c!], [a!, b!, c!]), { listed: [], unlisted: [] });
  assert.deepEqual(changeOf([a!, b!, c!], [a!, c!]), { listed: [], unlisted: [b] });
  assert.deepEqual(changeOf([a!, c!], [a!, b!, c!]), { listed: [b], unlisted: [] });
  const heavier = { ...b!, weight: 9 };
  assert.deepEqual(changeOf([a!, b!, d!], [a!, heavier, e!]), {
    listed: [heavier, e],
    unlisted: [d],
  });
});

Deno.test("changeOf() has one that takes another's address listed, and nobody unlisted", () => {
  const ghost = anInstance();
  const successor = { ...ghost, id: "successor" };
  assert.deepEqual(changeOf([ghost], [successor]), { listed: [successor], unlisted: [] });
});

Deno.test("changeOf() looks at everything but the order of members", () => {
  const one = anInstance();
  const { id, ...rest } = one;
  assert.deepEqual(changeOf([one], [{ ...rest, id }]), { listed: [], unlisted: [] });
  const changes = {
    id: "x",
    weight: 7,
    service: "x",
    zone: "x",
    messageMax: 1,
    version: "x",
    methods: ["x"],
    startedAtMs: 1,
  };
  for (const [name, value] of Object.entries(changes)) {
    const other = { ...one, [name]: value };
    assert.deepEqual(changeOf([one], [other]), { listed: [other], unlisted: [] }, name);
  }
  for (const other of [{ ...one, host: "x" }, { ...one, port: 1 }]) {
    assert.deepEqual(changeOf([one], [other]), { listed: [other], unlisted: [one] });
  }
});

Deno.test("a list that says what the one before said is not told, unless it is the first", () => {
  const recorder = new Recorder();
  const teller = new ListTeller(recorder);
  const one = anInstance();
  teller.tell([]);
  teller.tell([]);
  assert.equal(recorder.snapshots.length, 1);
  teller.tell([one]);
  teller.tell([{ ...one }]);
  assert.equal(recorder.snapshots.length, 2);
});
