import assert from "node:assert/strict";
import {
  type Deadline,
  DeadlineWheel,
  WheelEntry,
  wheelLingerMs,
  wheelTickMs,
} from "../../src/base/deadline_wheel.ts";
import { randomInt } from "../../src/base/random.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { StoppableClock } from "../support/stoppable_clock.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { waitFor } from "../support/wait_for.ts";

/** One turn of the wheel: longer deadlines share slots with shorter ones. */
const turnMs = 512 * wheelTickMs;

Deno.test("a deadline never expires early and at most a tick late, whenever it was set", () => {
  const seed = 5;
  const random = seededRandom(seed);
  const clock = new VirtualClock(1_234.5);
  const wheel = new DeadlineWheel(clock);
  const late: number[] = [];
  let set = 0;
  for (let i = 0; i < 2_000; i++) {
    // Fractions, so that neither the deadlines nor the timer stand on whole ticks.
    const atMs = clock.now() + random() * 3 * turnMs;
    set++;
    wheel.add(atMs, () => late.push(clock.now() - atMs));
    clock.advance(random() * 20);
  }
  clock.advance(3 * turnMs + wheelTickMs);
  assert.equal(late.length, set);
  const [earliest, latest] = [Math.min(...late), Math.max(...late)];
  assert.ok(earliest >= 0, `${earliest} ms early, seed ${seed}`);
  assert.ok(latest <= wheelTickMs + 1e-6, `${latest} ms late, seed ${seed}`);
});

Deno.test("nor does the first deadline after a pause, wherever in a tick it is set", () => {
  for (let part = 0; part < wheelTickMs; part += 0.5) {
    const clock = new VirtualClock(1_000 + part);
    const wheel = new DeadlineWheel(clock);
    let late: number | undefined;
    wheel.add(clock.now() + 0.25, () => late = clock.now() - 1_000.25 - part);
    clock.advance(2 * wheelTickMs);
    assert.ok(late !== undefined && late >= 0 && late <= wheelTickMs, `${late} ms from ${part}`);
  }
});

Deno.test("a deadline that has passed already expires with the next tick", () => {
  const clock = new VirtualClock(10_000);
  const wheel = new DeadlineWheel(clock);
  let expired = 0;
  wheel.add(3, () => expired++);
  wheel.add(-1, () => expired++);
  assert.equal(expired, 0);
  clock.advance(wheelTickMs);
  assert.equal(expired, 2);
});

Deno.test("cancel() forgets a deadline, and does nothing twice or after it expired", () => {
  const clock = new VirtualClock();
  const wheel = new DeadlineWheel(clock);
  const expired: string[] = [];
  const first = wheel.add(10, () => expired.push("first"));
  const second = wheel.add(10, () => expired.push("second"));
  wheel.add(10, () => expired.push("third"));
  second.cancel();
  second.cancel();
  assert.equal(wheel.size, 2);
  clock.advance(20);
  assert.deepEqual(expired.sort(), ["first", "third"]);
  first.cancel();
  assert.equal(wheel.size, 0);
});

Deno.test("cancel() takes out the right one wherever it stands in its slot", () => {
  const seed = 17;
  const random = seededRandom(seed);
  const clock = new VirtualClock();
  const wheel = new DeadlineWheel(clock);
  const expected = new Set<number>();
  const expired: number[] = [];
  const deadlines: Deadline[] = [];
  for (let i = 0; i < 500; i++) {
    // Twenty slots: each holds many.
    deadlines.push(wheel.add(randomInt(random, 20) * wheelTickMs, () => expired.push(i)));
    expected.add(i);
  }
  for (let i = 0; i < 300; i++) {
    const victim = randomInt(random, deadlines.length);
    deadlines[victim]?.cancel();
    expected.delete(victim);
  }
  assert.equal(wheel.size, expected.size, `seed ${seed}`);
  clock.advance(21 * wheelTickMs);
  assert.deepEqual(expired.sort((a, b) => a - b), [...expected], `seed ${seed}`);
});

Deno.test("deadlines some turns apart share a slot and do not expire for one another", () => {
  const clock = new VirtualClock();
  const wheel = new DeadlineWheel(clock);
  const expired: number[] = [];
  for (const turns of [3, 1, 0, 2]) wheel.add(100 + turns * turnMs, () => expired.push(turns));
  for (let turns = 0; turns < 4; turns++) {
    clock.advance(turns === 0 ? 99 : turnMs - wheelTickMs);
    assert.equal(expired.length, turns);
    clock.advance(wheelTickMs);
    assert.deepEqual(expired, [0, 1, 2, 3].slice(0, turns + 1));
  }
});

Deno.test("after a long pause everything due expires once, at once, and nothing else does", () => {
  const clock = new VirtualClock();
  const wheel = new DeadlineWheel(clock);
  const expired: string[] = [];
  for (let i = 0; i < 1_000; i++) wheel.add(i * 7, () => expired.push("due"));
  const later = 50 * turnMs;
  wheel.add(later, () => expired.push("later"));
  clock.jump(later - 1);
  assert.equal(expired.length, 1_000);
  assert.equal(expired.includes("later"), false);
  clock.advance(1 + wheelTickMs);
  assert.equal(expired.at(-1), "later");
  assert.equal(expired.length, 1_001);
});

class Movable extends WheelEntry {
  expiries = 0;

  later(ms: number): void {
    this.moveBy(ms);
  }

  protected override expired(): void {
    this.expiries++;
  }
}

Deno.test("others run while many deadlines that are due together expire", async () => {
  const clock = new StoppableClock();
  const wheel = new DeadlineWheel(clock);
  const moved = new Movable(10);
  wheel.insert(moved);
  let expired = 0;
  const deadlines = Array.from({ length: 100 }, () =>
    wheel.add(10, () => {
      expired++;
      clock.stop(0.1);
    }));
  clock.advance(10);
  assert.ok(expired < 10, `${expired} at once`);
  // Those that were set last go first.
  for (const deadline of deadlines.slice(0, 20)) deadline.cancel();
  moved.later(1_000);
  let added = 0;
  wheel.add(10, () => added++);
  await waitFor("the others to expire", () => expired >= 80);
  clock.advance(wheelTickMs + 1);
  // At once, or at the end of a go that is not over yet.
  await waitFor("the one that was added to expire", () => added === 1);
  assert.deepEqual([expired, moved.expiries, added, wheel.size], [80, 0, 1, 1]);
  clock.advance(1_000);
  assert.deepEqual([expired, moved.expiries, wheel.size], [80, 1, 0]);
});

Deno.test("a deadline added between a long pause and the timer that notices it still comes", () => {
  const clock = new VirtualClock();
  const wheel = new DeadlineWheel(clock);
  const expired: string[] = [];
  wheel.add(turnMs * 10, () => expired.push("old"));
  // The jump runs this first, with the wheel still standing where it stood before the pause.
  clock.after(1, () => wheel.add(clock.now() + 12, () => expired.push("new")));
  clock.jump(3 * turnMs + 2);
  clock.advance(11);
  assert.deepEqual(expired, []);
  clock.advance(1 + wheelTickMs);
  assert.deepEqual(expired, ["new"]);
});

Deno.test("the timer stops when no deadline is left, and starts again with the next", () => {
  const clock = new VirtualClock();
  const wheel = new DeadlineWheel(clock);
  assert.equal(clock.pendingTimers, 0);
  wheel.add(10, () => {});
  const other = wheel.add(1_000, () => {});
  assert.equal(clock.pendingTimers, 1);
  clock.advance(20);
  assert.equal(clock.pendingTimers, 1);
  other.cancel();
  clock.advance(wheelLingerMs);
  assert.equal(clock.pendingTimers, 0);
  let expired = 0;
  clock.advance(5 * turnMs);
  wheel.add(clock.now() + 10, () => expired++);
  assert.equal(clock.pendingTimers, 1);
  clock.advance(9);
  assert.equal(expired, 0);
  clock.advance(1 + wheelTickMs);
  assert.equal(expired, 1);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("the timer does not ring while nothing is due soon", () => {
  const clock = new VirtualClock();
  const wheel = new DeadlineWheel(clock);
  let expired = 0;
  wheel.add(10_000, () => expired++);
  let rings = 0;
  while (expired === 0) {
    clock.advance((clock.nextDueMs as number) - clock.now());
    rings++;
  }
  assert.equal(clock.now(), 10_000);
  assert.ok(rings <= 2 * 10_000 / wheelLingerMs, `${rings} rings`);
  // One that is due sooner than the timer would ring moves it.
  wheel.add(clock.now() + wheelLingerMs, () => expired++);
  wheel.add(clock.now() + wheelTickMs, () => expired++);
  clock.advance(wheelTickMs);
  assert.equal(expired, 2);
});

Deno.test("a callback may cancel its neighbour and set the next deadline", () => {
  const clock = new VirtualClock();
  const wheel = new DeadlineWheel(clock);
  const expired: string[] = [];
  const pair: Deadline[] = [];
  const stopOther = (name: string, other: number) => () => {
    expired.push(name);
    pair[other]?.cancel();
    wheel.add(clock.now() + 10, () => expired.push(`after ${name}`));
  };
  pair.push(wheel.add(10, stopOther("a", 1)), wheel.add(10, stopOther("b", 0)));
  clock.advance(50);
  assert.equal(expired.length, 2);
  assert.equal(expired[1], `after ${expired[0]}`);
  assert.equal(wheel.size, 0);
});

Deno.test("a clock that is set back or forward moves no deadline (P-35)", () => {
  const clock = new VirtualClock();
  const wheel = new DeadlineWheel(clock);
  let expired = 0;
  wheel.add(100, () => expired++);
  clock.setWallTime(0);
  clock.advance(99);
  clock.setWallTime(4_000_000_000_000);
  assert.equal(expired, 0);
  clock.advance(1 + wheelTickMs);
  assert.equal(expired, 1);
});

Deno.test("those who have one clock share a wheel, and its timer", () => {
  const clock = new VirtualClock();
  assert.equal(DeadlineWheel.of(clock), DeadlineWheel.of(clock));
  assert.notEqual(DeadlineWheel.of(clock), DeadlineWheel.of(new VirtualClock()));
});
