import assert from "node:assert/strict";
import { SkippedEntries } from "../../src/discovery/skipped.ts";
import { RecordingLogger } from "./recorder.ts";

function setUp() {
  const log = new RecordingLogger();
  const skipped = new SkippedEntries({
    log,
    one: "a node",
    many: "nodes",
    fields: (name) => ({ path: `/${name}` }),
  });
  const add = (from: number, to: number) => {
    for (let i = from; i < to; i++) skipped.add(`n${i}`, "it is empty");
    skipped.tell();
  };
  return { log, skipped, add };
}

Deno.test("a few entries that are no instances are told of one by one, and once", () => {
  const { log, add } = setUp();
  add(0, 2);
  add(0, 3);
  add(0, 3);
  const line = (i: number) => `Skipped a node {"path":"/n${i}","reason":"it is empty"}`;
  assert.deepEqual(log.warnings, [line(0), line(1), line(2)]);
});

Deno.test("20,000 entries are one warning with their number, and twice as many another", () => {
  const { log, add } = setUp();
  add(0, 20_000);
  add(0, 39_999);
  assert.deepEqual(log.warnings, [
    'Skipped 20000 nodes, for example this {"path":"/n0","reason":"it is empty"}',
  ]);
  add(0, 40_000);
  assert.match(log.warnings[1] ?? "", /^Skipped 40000 nodes, for example this .*n39999/);
  assert.equal(log.warnings.length, 2);
});

Deno.test("entries that come one by one are a handful of warnings, however many", () => {
  const { log, add } = setUp();
  for (let i = 0; i < 10_000; i++) add(i, i + 1);
  assert.ok(log.warnings.length < 20, `${log.warnings.length}`);
});

Deno.test("an entry that went and came back is told of again", () => {
  const { log, skipped, add } = setUp();
  add(0, 100);
  skipped.keepOnly(() => false);
  add(0, 1);
  assert.equal(log.warnings.length, 2);
});

Deno.test("after most have gone, twice as many as are left are told of", () => {
  for (const isOneByOne of [false, true]) {
    const { log, skipped, add } = setUp();
    add(0, 100);
    if (isOneByOne) { for (let i = 10; i < 100; i++) skipped.forget(`n${i}`); }
    else skipped.keepOnly((name) => Number(name.slice(1)) < 10);
    add(100, 109);
    assert.equal(log.warnings.length, 1);
    add(109, 110);
    assert.match(log.warnings[1] ?? "", /^Skipped 20 nodes/);
  }
});

Deno.test("of entries that were too few for another warning none is told of once it is gone", () => {
  const { log, skipped, add } = setUp();
  add(0, 20);
  add(20, 30);
  skipped.keepOnly((name) => name === "n0");
  add(30, 31);
  assert.deepEqual(log.warnings.slice(1), [
    'Skipped a node {"path":"/n30","reason":"it is empty"}',
  ]);
});
