import assert from "node:assert/strict";
import { SharedLook } from "../../src/base/clock.ts";
import { settled, VirtualClock } from "../support/virtual_clock.ts";

/** A look whose clock counts how often it was asked. */
function setUp() {
  const clock = new VirtualClock(100);
  let asked = 0;
  const look = new SharedLook({
    now: () => (asked++, clock.now()),
    wallTimeMs: () => clock.wallTimeMs(),
    after: (delayMs, callback) => clock.after(delayMs, callback),
    every: (periodMs, callback) => clock.every(periodMs, callback),
  });
  const moves: [string, number][] = [];
  const stamp = (name: string) => {
    const atMs = look.now();
    look.share({ moved: (lateMs) => moves.push([name, lateMs]) });
    return atMs;
  };
  return { clock, moves, stamp, asked: () => asked };
}

Deno.test("what is made in one go shares a look, and the next go has its own", async () => {
  const { clock, stamp, asked } = setUp();
  assert.deepEqual(["a", "b", "c"].map(stamp), [100, 100, 100]);
  await settled();
  assert.equal(asked(), 2);
  clock.advance(5);
  assert.equal(stamp("d"), 105);
  await settled();
  assert.equal(asked(), 3, "one that shares with nobody needs no second look");
});

Deno.test("who shares a look is told how long the go took, and who looked is not", async () => {
  const { clock, moves, stamp } = setUp();
  stamp("a");
  clock.advance(300);
  assert.equal(stamp("b"), 100);
  clock.advance(50);
  await settled();
  assert.deepEqual(moves, [["b", 350]]);
});

Deno.test("what earlier microtasks make shares the look, what they lead to does not", async () => {
  const { clock, moves, stamp } = setUp();
  const first = Promise.resolve().then(() => stamp("a"));
  const second = Promise.resolve().then(() => stamp("b"));
  const later = Promise.resolve().then(() => {}).then(() => {}).then(() => {
    clock.advance(7);
    return stamp("c");
  });
  assert.deepEqual(await Promise.all([first, second, later]), [100, 100, 107]);
  await settled();
  assert.deepEqual(moves, [["b", 0]]);
});

Deno.test("a look is shared by so few that a long go has several", () => {
  const { clock, stamp } = setUp();
  const times = new Set<number>();
  for (let i = 0; i < 1_000; i++) {
    times.add(stamp(String(i)));
    clock.advance(1);
  }
  assert.ok(times.size >= 10, `${times.size} looks`);
});
