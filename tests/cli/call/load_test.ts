import assert from "node:assert/strict";
import { makeCalls } from "../../../src/cli/call/load.ts";
import type { Job } from "../../../src/cli/call/job.ts";
import { NumberedJobs } from "../../../src/cli/call/numbered_jobs.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

interface Load {
  readonly repeat?: number;
  readonly durationMs?: number;
  readonly rate?: number;
  readonly concurrency?: number;
  readonly isOver?: () => boolean;
}

function newSource(clock: VirtualClock, load: Load): NumberedJobs {
  return new NumberedJobs({
    repeat: load.repeat,
    durationMs: load.durationMs,
    rate: load.rate,
    paramsOf: (i) => [i],
    clock,
  });
}

function load(
  clock: VirtualClock,
  load: Load,
  make: (job: Job) => Promise<void>,
  source = newSource(clock, load),
): Promise<void> {
  const { rate, isOver = () => false } = load;
  const concurrency = load.concurrency ?? (rate === undefined ? 1 : 10_000);
  return makeCalls({ source, concurrency, hasRoom: () => true, isOver }, make);
}

/** Lets time pass a millisecond at a time, and promises go on in between. */
async function pass(clock: VirtualClock, ms: number): Promise<void> {
  for (let i = 0; i < ms; i++) {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    clock.advance(1);
  }
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

/** Calls that take a while. */
class Calls {
  readonly begun: { readonly i: number; readonly atMs: number; readonly lateMs: number }[] = [];
  underWay = 0;
  mostUnderWay = 0;
  readonly #clock: VirtualClock;
  readonly #durationMs: (i: number) => number;

  constructor(clock: VirtualClock, durationMs: (i: number) => number) {
    this.#clock = clock;
    this.#durationMs = durationMs;
  }

  readonly make = ({ number: i, lateMs }: Job): Promise<void> => {
    this.begun.push({ i, atMs: this.#clock.now(), lateMs });
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
    return new Promise((resolve) =>
      void this.#clock.after(this.#durationMs(i), () => {
        this.underWay--;
        resolve();
      })
    );
  };
}

Deno.test("without a rate each call waits for the one before it", async () => {
  const clock = new VirtualClock();
  const calls = new Calls(clock, () => 10);
  const made = load(clock, { repeat: 5 }, calls.make);
  await pass(clock, 60);
  await made;
  assert.deepEqual(calls.begun.map(({ i }) => i), [1, 2, 3, 4, 5]);
  assert.equal(calls.mostUnderWay, 1);
});

Deno.test("so many calls are under way as the concurrency says", async () => {
  const clock = new VirtualClock();
  const calls = new Calls(clock, () => 10);
  const made = load(clock, { repeat: 20, concurrency: 4 }, calls.make);
  await pass(clock, 60);
  await made;
  assert.equal(calls.begun.length, 20);
  assert.equal(calls.mostUnderWay, 4);
});

Deno.test("no call begins after the duration, and those under way are waited for", async () => {
  const clock = new VirtualClock();
  const calls = new Calls(clock, () => 30);
  let isMade = false;
  const made = load(clock, { durationMs: 100 }, calls.make).then(() => isMade = true);
  await pass(clock, 105);
  assert.equal(calls.begun.length, 4);
  assert.equal(isMade, false);
  await pass(clock, 30);
  await made;
  assert.equal(calls.underWay, 0);
});

Deno.test("with a rate calls begin when they are due, however long others take", async () => {
  const clock = new VirtualClock();
  const calls = new Calls(clock, () => 1_000);
  const made = load(clock, { rate: 100, durationMs: 95 }, calls.make);
  await pass(clock, 1_200);
  await made;
  assert.deepEqual(calls.begun.map(({ atMs }) => atMs), [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
  assert.equal(calls.mostUnderWay, 10);
  assert.ok(calls.begun.every(({ lateMs }) => lateMs === 0));
});

Deno.test("a call that must wait for its turn says how late it is", async () => {
  const clock = new VirtualClock();
  // The first one stalls everybody for 50 ms; all others take none.
  const calls = new Calls(clock, (i) => i === 1 ? 50 : 0);
  const made = load(clock, { rate: 100, repeat: 8, concurrency: 1 }, calls.make);
  await pass(clock, 150);
  await made;
  const late = calls.begun.map(({ lateMs }) => lateMs);
  assert.equal(late[0], 0);
  assert.ok((late[1] ?? 0) >= 40 && (late[2] ?? 0) >= 30, late.join(" "));
  assert.equal(late.at(-1), 0, "it catches up");
});

Deno.test("an abort, or nobody who wants any more, ends it", async () => {
  for (const rate of [undefined, 1_000]) {
    const clock = new VirtualClock();
    const source = newSource(clock, rate === undefined ? {} : { rate });
    let isStopped = false;
    const calls = new Calls(clock, () => 1);
    const made = load(
      clock,
      { ...(rate === undefined ? {} : { rate }), isOver: () => isStopped },
      calls.make,
      source,
    );
    await pass(clock, 10);
    isStopped = true;
    source.stop();
    await pass(clock, 5);
    await made;

    let isOver = false;
    const others = new Calls(clock, () => 1);
    const ended = load(
      clock,
      { ...(rate === undefined ? {} : { rate }), isOver: () => isOver },
      others.make,
    );
    await pass(clock, 10);
    isOver = true;
    await pass(clock, 5);
    await ended;
    assert.ok(others.begun.length >= 5);
  }
});
