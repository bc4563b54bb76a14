import assert from "node:assert/strict";
import { Turn } from "../../../src/server/turns/turn.ts";
import { Turns } from "../../../src/server/turns/turns.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";
import {
  turnMs,
  turnOwedFromMs,
  turnOwedLookMs,
  turnsAheadMax,
} from "../../../src/server/turns/limits.ts";

/** What a read of a long message holds, and one of a short call. */
const [muchBytes, fewBytes] = [64 * 1024, 50];

/** Turns on a clock that stands still, and what begins the next one. */
function setUp() {
  const clock = new VirtualClock();
  const pauses: (() => void)[] = [];
  const turns = new Turns(clock, () => false, (callback) => void pauses.push(callback));
  const pass = async () => {
    pauses.shift()?.();
    await settled();
  };
  return { clock, turns, pauses, pass };
}

/** Waits for a turn with what came in a read of so many bytes, which took so long. */
function wait(turns: Turns, clock: VirtualClock, bytes: number, ms = 0): Promise<void> {
  const turn = new Turn(turns, {});
  turn.begin(bytes);
  clock.advance(ms);
  turn.end();
  return turn.pass();
}

Deno.test("a short call that has to wait waits for one turn, whatever was begun before it", async () => {
  const { clock, turns, pass } = setUp();
  const again = (): void => void turns.next({}, "held").then(again);
  for (let i = 0; i < turnsAheadMax; i++) again();
  for (let i = 0; i < 100; i++) {
    void turns.next({}, "begun");
    void wait(turns, clock, muchBytes);
  }
  for (let call = 0; call < 3; call++) {
    await pass();
    let isNext = false;
    void wait(turns, clock, fewBytes, turnMs).then(() => isNext = true);
    await pass();
    assert.ok(isNext, `call ${call}`);
    // Its turn was short, and the others take at least as long.
    turns.spend(turnMs);
    await pass();
    turns.spend(turnMs);
  }
});

Deno.test("the time of a turn that short lines have waited for counts for their side", async () => {
  const { clock, turns, pass } = setUp();
  const order: string[] = [];
  const turn = new Turn(turns, {});
  turn.begin(fewBytes);
  const passed = turn.pass();
  await pass();
  await passed;
  clock.advance(turnOwedFromMs / 2);
  turn.end();
  void turns.next({}, "short").then(() => order.push("short"));
  void turns.next({}, "long").then(() => order.push("long"));
  await pass();
  assert.deepEqual(order, ["long"]);
});

Deno.test("who has short lines has its turn in the time that is owed to others, also while others send nothing", async () => {
  const { clock, turns, pass } = setUp();
  const order: string[] = [];
  void wait(turns, clock, muchBytes, turnOwedFromMs).then(() => order.push("long"));
  void wait(turns, clock, fewBytes).then(() => order.push("short"));
  await pass();
  assert.deepEqual(order, ["short"]);
  for (let i = 0; i < 2; i++) {
    void wait(turns, clock, fewBytes).then(() => order.push("short"));
  }
  await pass();
  await pass();
  assert.deepEqual(order, ["short", "short", "short"]);
  await clock.advanceAsync(turnOwedLookMs);
  await clock.advanceAsync(turnOwedLookMs);
  assert.deepEqual(order.slice(3), ["long"]);
});

Deno.test("who took long with short lines waits like all others until the time that it owes is over", async () => {
  const { clock, turns, pauses, pass } = setUp();
  const order: string[] = [];
  void wait(turns, clock, fewBytes, turnOwedFromMs).then(() => order.push("slow"));
  void wait(turns, clock, muchBytes).then(() => order.push("long"));
  // One who is never held up makes use of it.
  const light = new Turn(turns, {});
  light.begin(fewBytes);
  light.end();
  await pass();
  assert.equal(pauses.length, 0);
  assert.deepEqual(order, []);
  await clock.advanceAsync(turnOwedLookMs);
  assert.deepEqual(order, ["slow"]);
});

Deno.test("whoever takes long in the time that is owed to others ends it for those with short lines", async () => {
  const { clock, turns, pass } = setUp();
  const order: string[] = [];
  void wait(turns, clock, muchBytes, turnOwedFromMs).then(() => order.push("long"));
  const slow = (): void =>
    void wait(turns, clock, fewBytes).then(() => {
      order.push("slow");
      turns.spend(turnOwedFromMs);
      slow();
    });
  slow();
  for (let i = 0; i < 5; i++) await pass();
  assert.deepEqual(order, ["slow"]);
});
