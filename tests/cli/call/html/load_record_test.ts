import assert from "node:assert/strict";
import { RpcError } from "../../../../src/base/errors.ts";
import { LoadRecord } from "../../../../src/cli/call/html/load_record.ts";
import { aReport } from "./load_rig.ts";

Deno.test("no call is lost however long it lasts, in a bounded number of columns", () => {
  let nowMs = 5_000;
  const record = new LoadRecord(() => nowMs);
  const error = new RpcError("Unavailable", "gone");
  let calls = 0;
  for (const stepMs of [1, 40, 900, 60_000, 3_600_000]) {
    for (let i = 0; i < 300; i++, calls++) {
      nowMs += stepMs;
      record.add(aReport(i % 7 === 0 ? { error } : { server: `s${i % 3}` }));
    }
  }
  assert.ok(record.columns.length <= 240, `${record.columns.length} columns`);
  assert.equal(record.stretches.at(-1)?.toMs, record.elapsedMs);
  const sum = record.columns.reduce(
    (total, { answered, failed }) =>
      answered.reduce((some = 0, one = 0) => some + one, total) + failed,
    0,
  );
  assert.equal(sum, calls);
});

Deno.test("servers past those that have colours share one, and changes past a bound are counted", () => {
  const record = new LoadRecord(() => 0);
  for (let i = 0; i < 1_000; i++) {
    record.add(aReport({ server: `s${i}` }));
    record.changed(`s${i}`, "connected");
  }
  assert.deepEqual(record.columns[0]?.answered, [1, 1, 1, 1, 1, 1, 1, 1, 992]);
  assert.equal(record.colourOf("s999"), 8);
  assert.equal(record.events.length + record.eventsLeftOut, 1_000);
  assert.equal(record.events.length, 200);
});

Deno.test("a last column of a moment is a part of the one before, and one of half its time is not", () => {
  let nowMs = 0;
  const record = new LoadRecord(() => nowMs);
  const callAt = (ms: number) => {
    nowMs = ms;
    record.add(aReport({ server: "s" }));
  };
  assert.deepEqual(record.stretches, []);
  callAt(0);
  assert.deepEqual(record.stretches, [{ answered: [1], failed: 0, fromMs: 0, toMs: 1 }]);
  for (let ms = 10; ms < 200; ms += 10) callAt(ms);
  for (let i = 0; i < 5; i++) callAt(201);
  assert.deepEqual(record.stretches, [
    { answered: [10], failed: 0, fromMs: 0, toMs: 100 },
    { answered: [15], failed: 0, fromMs: 100, toMs: 201 },
  ]);
  nowMs = 250;
  assert.deepEqual(record.stretches.map(({ toMs }) => toMs), [100, 200, 250]);
  assert.deepEqual(record.columns.map(({ answered }) => answered), [[10], [10], [5]]);
});
