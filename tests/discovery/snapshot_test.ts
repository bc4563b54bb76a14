import assert from "node:assert/strict";
import { changeOf, ListTeller, oneByAddress } from "../../src/discovery/snapshot.ts";
import { randomInt } from "../../src/base/random.ts";
import type { Instance } from "../../src/discovery/discovery.ts";
import { seededRandom } from "../support/seeded_random.ts";
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

Deno.test("changes of single addresses make the lists and changes that whole lists would", () => {
  const whole = new Recorder();
  const single = new Recorder();
  const wholeTeller = new ListTeller(whole);
  const singleTeller = new ListTeller(single);
  const known = new Map<string, Instance>();
  const random = seededRandom(3);
  const addresses = Array.from({ length: 30 }, (_, index) => `h${index}:${index + 1}`);
  wholeTeller.tell([]);
  singleTeller.tell([]);
  for (let round = 0; round < 300; round++) {
    const changes = new Map<string, Instance | undefined>();
    for (let i = randomInt(random, 4); i >= 0; i--) {
      const address = addresses[randomInt(random, addresses.length)]!;
      const [host, port] = address.split(":");
      const instance = randomInt(random, 2) === 0
        ? undefined
        : anInstance({ id: "x", host: host!, port: Number(port), weight: randomInt(random, 3) });
      changes.set(address, instance);
      if (instance === undefined) known.delete(address);
      else known.set(address, instance);
    }
    wholeTeller.tell(oneByAddress(known.values()));
    singleTeller.tellChanges(changes);
    assert.deepEqual(single.last, whole.last);
  }
  assert.equal(single.snapshots.length, whole.snapshots.length);
  // What was told before is not changed any more.
  assert.deepEqual(single.snapshots, whole.snapshots);
});
