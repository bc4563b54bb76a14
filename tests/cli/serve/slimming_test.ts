import assert from "node:assert/strict";
import { slimCallsMax, slimLookMs, slimSpareBytes } from "../../../src/cli/limits.ts";
import { Slimming } from "../../../src/cli/serve/slimming.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

/** A server that counts how often it gave memory back, after which it has `left`. */
function server(bytesAtStart = 0) {
  const clock = new VirtualClock();
  const it = { bytes: bytesAtStart, calls: 0, left: 0, given: 0 };
  const slimming = new Slimming({
    clock,
    residentBytes: () => it.bytes,
    calls: () => it.calls,
    giveBack: () => {
      it.given++;
      it.bytes = it.left;
    },
  });
  const looks = async (count: number, callsBetween = 0) => {
    for (let i = 0; i < count; i++) {
      it.calls += callsBetween;
      await clock.advanceAsync(slimLookMs);
    }
  };
  return { it, looks, slimming };
}

Deno.test("a server that has grown gives memory back when it has little to do", async () => {
  const { it, looks } = server();
  await looks(3);
  it.bytes = slimSpareBytes - 1;
  await looks(3);
  assert.equal(it.given, 0);
  it.bytes = slimSpareBytes;
  await looks(3, slimCallsMax + 1);
  assert.equal(it.given, 0);
  await looks(1, slimCallsMax);
  assert.equal(it.given, 1);
  await looks(10);
  assert.equal(it.given, 1);
  it.bytes = slimSpareBytes;
  await looks(2);
  assert.equal(it.given, 2);
});

Deno.test("a server that uses all that it has stands still ever more rarely", async () => {
  const { it, looks, slimming } = server();
  await looks(1);
  it.bytes = it.left = slimSpareBytes;
  await looks(100);
  assert.ok(it.given >= 5 && it.given <= 8, `${it.given}`);
  // It is freed one day, and given back.
  it.left = 0;
  await looks(31);
  assert.equal(it.bytes, 0);
  it.bytes = slimSpareBytes;
  slimming.stop();
  await looks(10);
  assert.equal(it.bytes, slimSpareBytes);
});

Deno.test("what a server needs is the least that it ever had, not what it had at its start", async () => {
  const { it, looks } = server(slimSpareBytes);
  it.bytes = 0;
  await looks(1);
  it.bytes = slimSpareBytes;
  await looks(2);
  assert.equal(it.given, 1);
});

Deno.test("after a time that helped the next ones come as soon as at first", async () => {
  const { it, looks } = server();
  it.bytes = it.left = slimSpareBytes;
  await looks(100);
  it.left = 0;
  await looks(32);
  assert.equal(it.bytes, 0);
  // All of it is in use once more: it is looked for after one look, after two, and after four.
  it.bytes = it.left = slimSpareBytes;
  const before = it.given;
  await looks(8);
  assert.equal(it.given - before, 3);

  // What is left is no more than it may have, so nothing is skipped.
  const other = server();
  other.it.left = 0.9 * slimSpareBytes;
  for (const times of [1, 2]) {
    other.it.bytes = 1.5 * slimSpareBytes;
    await other.looks(2);
    assert.equal(other.it.given, times);
    await other.looks(1);
  }
});

Deno.test("a server that still grows gives nothing back, and all that it took soon afterwards", async () => {
  const { it, looks } = server();
  await looks(1);
  for (let i = 1; i < 20; i++) {
    it.bytes = i * slimSpareBytes;
    await looks(1);
  }
  assert.equal(it.given, 0);
  // The first half stays in use, and more comes.
  it.left = 10 * slimSpareBytes;
  await looks(2);
  assert.equal(it.given, 1);
  it.bytes = 20 * slimSpareBytes;
  it.left = 0;
  await looks(2);
  assert.equal(it.bytes, 0);
});
