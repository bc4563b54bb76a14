import assert from "node:assert/strict";
import { sleep } from "../../src/base/clock.ts";
import { VirtualClock } from "./virtual_clock.ts";

Deno.test("advance() runs timers in the order in which they are due, each at its own moment", () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  clock.after(30, () => seen.push(`c${clock.now()}`));
  clock.after(10, () => {
    seen.push(`a${clock.now()}`);
    clock.after(5, () => seen.push(`b${clock.now()}`));
  });
  clock.after(30, () => seen.push(`d${clock.now()}`));
  clock.advance(29);
  assert.deepEqual(seen, ["a10", "b15"]);
  clock.advance(1);
  assert.deepEqual(seen, ["a10", "b15", "c30", "d30"]);
  assert.equal(clock.pendingTimers, 0);
  assert.equal(clock.now(), 30);
});

Deno.test("every() repeats until it is cancelled, also from inside its own callback", () => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  const timer = clock.every(10, () => {
    seen.push(clock.now());
    if (seen.length === 3) timer.cancel();
  });
  clock.advance(100);
  assert.deepEqual(seen, [10, 20, 30]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("jump() runs a periodic timer once however many periods were missed", () => {
  const clock = new VirtualClock();
  const seen: number[] = [];
  clock.every(10, () => seen.push(clock.now()));
  clock.after(15, () => seen.push(-clock.now()));
  clock.jump(1000);
  assert.deepEqual(seen, [1000, -1000]);
  clock.advance(10);
  assert.deepEqual(seen, [1000, -1000, 1010]);
});

Deno.test("advanceAsync() lets promises set their next timer in between", async () => {
  const clock = new VirtualClock();
  const woken: number[] = [];
  const loop = (async () => {
    for (let i = 0; i < 3; i++) {
      await sleep(clock, 10);
      woken.push(clock.now());
    }
  })();
  await clock.advanceAsync(100);
  await loop;
  assert.deepEqual(woken, [10, 20, 30]);
});

Deno.test("setWallTime() moves the time of day and no timer", () => {
  const clock = new VirtualClock(0, 1_000_000);
  let fired = 0;
  clock.after(10, () => fired++);
  clock.setWallTime(0);
  assert.equal(clock.wallTimeMs(), 0);
  clock.advance(9);
  assert.equal(fired, 0);
  clock.advance(1);
  assert.equal(fired, 1);
  assert.equal(clock.wallTimeMs(), 10);
});
