import assert from "node:assert/strict";
import { Budget, type BudgetHolder, type BudgetNumbers } from "../../../src/base/bounds/budget.ts";
import { unreadLookMs } from "../../../src/base/limits.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

class Holder implements BudgetHolder {
  readonly owner: string | undefined;
  bytes = 0;
  done = 0;
  gaveUp = 0;
  numbers: BudgetNumbers | undefined;

  constructor(owner?: string) {
    this.owner = owner;
  }

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
  assert.ok(budget.isFullFor(undefined));
  clock.advance(1_000 - unreadLookMs);
  going.done++;
  assert.ok(budget.isFullFor(undefined));
  assert.deepEqual([going.gaveUp, stuck.gaveUp], [0, 0]);
  clock.advance(unreadLookMs);
  going.done++;
  assert.ok(!budget.isFullFor(undefined));
  assert.deepEqual([going.gaveUp, stuck.gaveUp], [0, 1]);
});

Deno.test("who holds less than an equal share loses nothing to an owner of many", () => {
  const clock = new VirtualClock();
  const budget = new Budget(300 * kib, clock);
  const slow = new Holder("slow");
  slow.bytes = 140 * kib;
  budget.count(slow);
  // It has stood still for long, and is larger than any of the others, who all go on.
  clock.advance(1_000);
  const many = Array.from({ length: 10 }, () => new Holder("many"));
  for (const holder of many) {
    holder.bytes = 40 * kib;
    for (const other of many) other.done++;
    budget.count(holder);
  }
  assert.equal(slow.gaveUp, 0);
  assert.equal(many.filter(({ gaveUp }) => gaveUp === 1).length, 6);
  assert.equal(budget.total, 300 * kib);
  // Now it has more than they have.
  slow.bytes = 170 * kib;
  budget.count(slow);
  assert.equal(slow.gaveUp, 1);
});

Deno.test("of many owners none is given more than the others by having many holders", () => {
  const budget = new Budget(1_000 * kib, new VirtualClock());
  const held = new Map<string, number>();
  for (let i = 0; i < 200; i++) {
    // The first has as many holders as all others together.
    const owner = i % 2 === 0 ? "first" : `other ${i % 20}`;
    const holder = new Holder(owner);
    holder.bytes = 50 * kib;
    holder.giveUp = () => void held.set(owner, (held.get(owner) ?? 0) - 50);
    held.set(owner, (held.get(owner) ?? 0) + 50);
    budget.count(holder);
  }
  assert.equal(budget.total, 1_000 * kib);
  assert.deepEqual([...held.values()].toSorted(), [
    100,
    100,
    100,
    100,
    100,
    100,
    100,
    100,
    100,
    50,
    50,
  ]);
});

Deno.test("where who goes on keeps its room, the owner that holds most gives it to others all the same", () => {
  const budget = new Budget(100 * kib, new VirtualClock(), { stuckMsMin: 1_000 });
  const many = Array.from({ length: 3 }, () => new Holder("many"));
  for (const holder of many) {
    holder.bytes = 40 * kib;
    budget.count(holder);
  }
  assert.ok(budget.isFullFor("many"));
  assert.equal(budget.total, 120 * kib);
  assert.ok(!budget.isFullFor("one"));
  assert.equal(budget.total, 80 * kib);
  const one = new Holder("one");
  one.bytes = 30 * kib;
  budget.count(one);
  assert.ok(!budget.isFullFor("one"));
  assert.deepEqual([one.gaveUp, many.filter(({ gaveUp }) => gaveUp > 0).length], [0, 2]);
});

Deno.test("how much an owner holds is looked at anew where it would be too much", async () => {
  const clock = new VirtualClock();
  const budget = new Budget(400 * kib, clock);
  const [one, other] = [new Holder("one"), new Holder("one")];
  for (const holder of [one, other]) {
    holder.bytes = 60 * kib;
    budget.count(holder);
  }
  const holdsQuarter = () => budget.holdsQuarter("one");
  assert.deepEqual([holdsQuarter(), budget.holdsQuarter("other")], [true, false]);
  // Nothing is counted, but it has been read meanwhile.
  one.bytes = 30 * kib;
  assert.ok(holdsQuarter(), "the last look was just now");
  const nextLook = budget.nextLook();
  assert.equal(budget.nextLook(), nextLook, "all wait together");
  await clock.advanceAsync(unreadLookMs);
  await nextLook;
  assert.ok(!holdsQuarter());
  assert.notEqual(budget.nextLook(), nextLook);
});
