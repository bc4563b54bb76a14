import assert from "node:assert/strict";
import type { Random } from "../../../src/base/random.ts";
import { testSeed } from "../../support/seed.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import { CallQueue } from "../../../src/workers/pool/call_queue.ts";
import { Shedding, type Waiting } from "../../../src/workers/pool/shedding.ts";

class Item implements Waiting<Item> {
  readonly submittedAtMs: number;
  readonly deadlineAtMs: number;
  previous: Item | undefined;
  next: Item | undefined;

  constructor(submittedAtMs: number, timeoutMs: number) {
    this.submittedAtMs = submittedAtMs;
    this.deadlineAtMs = submittedAtMs + timeoutMs;
  }
}

/** How calls come, and how long they take; all in milliseconds. */
interface Load {
  readonly workers: number;
  readonly serviceMs: () => number;
  readonly gapMs: () => number;
  readonly timeoutMs: number;
  readonly calls: number;
  /** How the next one is chosen; the other way round it would not matter that the test passes. */
  readonly order?: "shedding" | "first come, first served";
}

/** What became of the calls. */
interface Ends {
  inTime: number;
  /** Begun and not done at the deadline: work for nobody. */
  overrun: number;
  expired: number;
  refused: number;
  /** Refused with less than a tenth of their time left: hardly enough for another server. */
  refusedLate: number;
  elapsedMs: number;
}

/**
 * Workers and their queue in virtual time, event by event. A worker whose call overruns is free at
 * the deadline.
 */
function simulate({ workers, serviceMs, gapMs, timeoutMs, calls, order }: Load): Ends {
  const queue = new CallQueue<Item>();
  const shedding = new Shedding(queue);
  const ends: Ends = {
    inTime: 0,
    overrun: 0,
    expired: 0,
    refused: 0,
    refusedLate: 0,
    elapsedMs: 0,
  };
  const freeAtMs = new Array<number>(workers).fill(0);
  let arrivalMs = 0;
  for (let sent = 0; sent < calls || queue.size > 0;) {
    const freeMs = Math.min(...freeAtMs);
    if (sent < calls && (queue.size === 0 || arrivalMs <= freeMs)) {
      queue.push(new Item(arrivalMs, timeoutMs));
      sent++;
      arrivalMs += gapMs();
      continue;
    }
    const nowMs = Math.max(freeMs, queue.first?.submittedAtMs ?? 0);
    while (queue.first !== undefined && queue.first.deadlineAtMs <= nowMs) {
      queue.shift();
      ends.expired++;
    }
    const item = order === "first come, first served" ? queue.shift() : shedding.take(nowMs);
    if (item !== undefined) {
      const endMs = nowMs + serviceMs();
      if (endMs <= item.deadlineAtMs) ends.inTime++;
      else ends.overrun++;
      freeAtMs[freeAtMs.indexOf(freeMs)] = Math.min(endMs, item.deadlineAtMs);
      ends.elapsedMs = endMs;
    }
    if (order === "first come, first served") continue;
    for (let one = shedding.takeHopeless(nowMs); one; one = shedding.takeHopeless(nowMs)) {
      ends.refused++;
      if (one.deadlineAtMs - nowMs < timeoutMs / 10) ends.refusedLate++;
    }
  }
  return ends;
}

function exponential(random: Random, meanMs: number): () => number {
  return () => -Math.log(1 - random()) * meanMs;
}

const seed = testSeed;

for (const timeoutMs of [200, 1_000, 10_000]) {
  Deno.test(`three times too much work is done at the full rate, of ${timeoutMs} ms calls (seed ${seed})`, () => {
    const random = seededRandom(seed);
    const load: Load = {
      workers: 2,
      serviceMs: () => 20 + 20 * random(),
      gapMs: exponential(random, 5),
      timeoutMs,
      calls: 20_000,
    };
    const ends = simulate(load);
    const peak = ends.elapsedMs / 30 * 2;
    assert.ok(ends.inTime >= 0.95 * peak, JSON.stringify({ ...ends, peak }));
    // Nobody is left to run into the deadline: what is refused still has time for another server.
    assert.ok(ends.overrun + ends.expired <= 0.02 * load.calls, JSON.stringify(ends));
    assert.ok(ends.refusedLate <= 0.01 * ends.refused, JSON.stringify(ends));
    const fifo = simulate({ ...load, order: "first come, first served" });
    assert.ok(fifo.inTime < 0.7 * peak, `nothing to be won: ${JSON.stringify(fifo)}`);
  });
}

Deno.test(`a long tail of service times does not spoil it (seed ${seed})`, () => {
  const random = seededRandom(seed);
  const ends = simulate({
    workers: 2,
    serviceMs: exponential(random, 30),
    gapMs: exponential(random, 5),
    timeoutMs: 1_000,
    calls: 20_000,
  });
  assert.ok(ends.inTime >= 0.9 * ends.elapsedMs / 30 * 2, JSON.stringify(ends));
});

Deno.test(`a burst that can be done in time is done, to the last call (seed ${seed})`, () => {
  const random = seededRandom(seed);
  const calls = 600;
  const ends = simulate({
    workers: 2,
    serviceMs: () => 20 + 20 * random(),
    gapMs: () => 0,
    timeoutMs: 10_000,
    calls,
  });
  // 600 calls of 30 ms by two workers take nine seconds.
  assert.equal(ends.inTime, calls, JSON.stringify(ends));
});

Deno.test("without overload the order is that of arrival", () => {
  const queue = new CallQueue<Item>();
  const shedding = new Shedding(queue);
  const items = [0, 1, 2, 3].map((ms) => new Item(ms, 1_000));
  for (const item of items) queue.push(item);
  const taken = items.map((_, index) => shedding.take(100 * index));
  assert.deepEqual(taken, items);
  assert.equal(shedding.take(500), undefined);
});

Deno.test("a single old call is not refused, however long the work before it took", () => {
  const queue = new CallQueue<Item>();
  const shedding = new Shedding(queue);
  for (const ms of [0, 1, 2]) queue.push(new Item(ms, 10_000));
  shedding.take(0);
  shedding.take(9_000);
  assert.equal(shedding.takeHopeless(9_000), undefined);
  assert.equal(queue.size, 1);
});

Deno.test("the newest goes first once the oldest has waited for more than half of its time", () => {
  for (const [nowMs, isNewest] of [[50_500, false], [50_501, true]] as const) {
    const queue = new CallQueue<Item>();
    const [oldest, newest] = [new Item(50_000, 1_000), new Item(50_100, 1_000)];
    queue.push(oldest);
    queue.push(newest);
    assert.equal(new Shedding(queue).take(nowMs), isNewest ? newest : oldest, `${nowMs} ms`);
  }
});

Deno.test("the oldest is refused when the work before it ends after its deadline, not at it", () => {
  const queue = new CallQueue<Item>();
  const shedding = new Shedding(queue);
  const items = Array.from({ length: 5 }, () => new Item(0, 10_000));
  for (const item of items) queue.push(item);
  shedding.take(0);
  // An eighth of the gap counts: the two before the oldest one take 100 ms each.
  shedding.take(800);
  assert.equal(shedding.takeHopeless(9_800), undefined);
  assert.equal(shedding.takeHopeless(9_801), items[2]);
});

Deno.test("a call that is taken at its deadline tells nothing of the rate", () => {
  const queue = new CallQueue<Item>();
  const shedding = new Shedding(queue);
  for (let i = 0; i < 3; i++) queue.push(new Item(0, 10_000));
  const ended = new Item(0, 800);
  queue.push(ended);
  shedding.take(0);
  assert.equal(shedding.take(800, (item) => item === ended), ended);
  assert.equal(shedding.takeHopeless(10_000), undefined);
});
