import assert from "node:assert/strict";
import { Budget, type BudgetHolder, type BudgetNumbers } from "../../../src/base/bounds/budget.ts";
import { unreadLookMs } from "../../../src/base/limits.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

class Holder implements BudgetHolder {
  bytes = 0;
  done = 0;
  gaveUp = 0;
  numbers: BudgetNumbers | undefined;

  heldBytes(): number {
    return this.bytes;
  }

  progress(): number {
    return this.done;
  }

  giveUp(numbers: BudgetNumbers): void {
    this.gaveUp++;
    this.numbers = numbers;
  }
}

const kib = 1024;

Deno.test("who has held most for longest without progress gives up first, and is told the numbers", () => {
  const clock = new VirtualClock();
  const budget = new Budget(300 * kib, clock);
  const [large, stuck, small] = [new Holder(), new Holder(), new Holder()];
  const hold = (holder: Holder, bytes: number) => {
    holder.bytes = bytes;
    budget.count(holder);
  };
  hold(stuck, 40 * kib);
  hold(large, 200 * kib);
  clock.advance(1_000);
  // It is read from, as is seen at the next look.
  large.done++;
  hold(small, 50 * kib);
  assert.equal(budget.total, 290 * kib);
  clock.advance(100);
  large.done++;
  hold(small, 70 * kib);
  assert.deepEqual([large.gaveUp, stuck.gaveUp, small.gaveUp], [0, 1, 0]);
  assert.deepEqual(stuck.numbers, {
    heldBytes: 40 * kib,
    stuckMs: 1_100,
    totalBytes: 310 * kib,
    bytesMax: 300 * kib,
  });
  large.done++;
  small.done++;
  hold(small, 101 * kib);
  assert.deepEqual([large.gaveUp, stuck.gaveUp, small.gaveUp], [1, 1, 0]);
  assert.equal(budget.total, 101 * kib);
});

Deno.test("who reads is not taken for one who does not, however fast the bound is reached", () => {
  const clock = new VirtualClock();
  const budget = new Budget(320 * kib, clock);
  const silent = Array.from({ length: 4 }, () => new Holder());
  const reader = new Holder();
  for (const holder of [reader, ...silent]) {
    holder.bytes = 60 * kib;
    reader.done++;
    budget.count(holder);
    clock.advance(unreadLookMs);
  }
  reader.done++;
  // It has most by far, of an answer that it has just begun to read.
  reader.bytes = 100 * kib;
  budget.count(reader);
  assert.equal(reader.gaveUp, 0);
  assert.deepEqual(silent.map(({ gaveUp }) => gaveUp), [1, 0, 0, 0]);
});

Deno.test("what was let go of meanwhile costs nobody anything", () => {
  const budget = new Budget(100 * kib, new VirtualClock());
  const [first, second] = [new Holder(), new Holder()];
  first.bytes = 90 * kib;
  budget.count(first);
  first.bytes = 0;
  second.bytes = 90 * kib;
  budget.count(second);
  assert.deepEqual([first.gaveUp, second.gaveUp], [0, 0]);
  assert.equal(budget.total, 90 * kib);
});

Deno.test("where only who stands still has to give up, who goes on does not, and it is full", () => {
  const clock = new VirtualClock();
  const budget = new Budget(100 * kib, clock, { stuckMsMin: 1_000 });
  const [going, stuck] = [new Holder(), new Holder()];
  for (const holder of [going, stuck]) {
    holder.bytes = 60 * kib;
    budget.count(holder);
  }
  assert.ok(budget.isFull);
  clock.advance(1_000 - unreadLookMs);
  going.done++;
  assert.ok(budget.isFull);
  assert.deepEqual([going.gaveUp, stuck.gaveUp], [0, 0]);
  clock.advance(unreadLookMs);
  going.done++;
  assert.ok(!budget.isFull);
  assert.deepEqual([going.gaveUp, stuck.gaveUp], [0, 1]);
});
