import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { surplusLookMs, surplusWorkerMs } from "../../../src/workers/limits.ts";
import { SpareWorkers } from "../../../src/workers/pool/spare_workers.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";
import { withPool } from "../fixtures/harness.ts";

/** A place whose worker is there as soon as it is wanted, unless it is `slow`. */
class FakePlace {
  isResting = true;
  isProbed = false;
  worker: { owed: { total: number } } | undefined;
  usedAtMs = 0;
  isSlow = false;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wake(): void {
    assert.ok(this.isResting);
    this.isResting = false;
    if (!this.isSlow) this.worker = { owed: { total: 0 } };
    this.usedAtMs = this.#clock.now();
  }

  rest(): void {
    assert.equal(this.worker?.owed.total, 0);
    this.isResting = true;
    this.worker = undefined;
  }

  /** Has so many calls from now on. */
  has(total: number): void {
    assert.ok(this.worker);
    this.worker.owed.total = total;
    this.usedAtMs = this.#clock.now();
  }
}

function places(count: number, kept: number) {
  const clock = new VirtualClock();
  const slots = Array.from({ length: count }, () => new FakePlace(clock));
  for (const slot of slots.slice(0, kept)) slot.wake();
  const spare = new SpareWorkers({ kept, clock, slots: () => slots });
  const up = () => slots.filter(({ isResting }) => !isResting).length;
  return { clock, slots, spare, up };
}

Deno.test("as soon as no worker is idle the next is started, and no other before that has calls", () => {
  const { slots, spare, up } = places(4, 1);
  slots[0]?.has(1);
  spare.wanted(0);
  assert.equal(up(), 2);
  spare.wanted(0);
  assert.equal(up(), 2);
  slots[1]?.has(1);
  spare.wanted(0);
  assert.equal(up(), 3);
  slots[0]?.has(0);
  spare.wanted(0);
  assert.equal(up(), 3);
});

Deno.test("one worker is started for each call that waits, and none twice for the same", () => {
  const { slots, spare, up } = places(6, 0);
  for (const slot of slots) slot.isSlow = true;
  spare.wanted(2);
  spare.wanted(2);
  assert.equal(up(), 3);
  spare.wanted(100);
  assert.equal(up(), 6);
});

Deno.test("a place that was added is looked at, also where all others had workers", () => {
  const { clock, slots, spare, up } = places(2, 0);
  for (const slot of slots) slot.isSlow = true;
  spare.wanted(5);
  assert.equal(up(), 2);
  slots.push(new FakePlace(clock));
  spare.added();
  spare.wanted(5);
  assert.equal(up(), 3);
});

Deno.test("a worker that has to show that it is alive counts for none that is idle", () => {
  const { slots, spare, up } = places(2, 1);
  const [first] = slots;
  if (first !== undefined) first.isProbed = true;
  spare.wanted(0);
  assert.equal(up(), 2);
});

Deno.test("workers that nobody has used for a minute end, the last ones first, but for those kept", () => {
  const { clock, slots, spare, up } = places(4, 1);
  spare.wanted(3);
  assert.equal(up(), 4);
  clock.advance(surplusWorkerMs - surplusLookMs);
  assert.equal(up(), 4);
  clock.advance(2 * surplusLookMs);
  assert.deepEqual(slots.map(({ isResting }) => isResting), [false, true, true, true]);
  spare.wanted(3);
  assert.equal(up(), 4);
  spare.stop();
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("while there are fewer than are kept none ends", () => {
  const { clock, up } = places(3, 4);
  clock.advance(2 * surplusWorkerMs);
  assert.equal(up(), 3);
});

Deno.test("of workers in use none ends, nor the one beside them: calls in a row find the same", () => {
  const { clock, slots, spare, up } = places(4, 0);
  spare.wanted(3);
  for (let i = 0; i < 20; i++) {
    slots[0]?.has(1);
    clock.advance(surplusLookMs / 2);
    slots[0]?.has(0);
    clock.advance(surplusLookMs / 2);
    spare.wanted(0);
  }
  assert.deepEqual(slots.map(({ isResting }) => isResting), [false, false, true, true]);
  // One call that runs for long is no idle worker.
  slots[0]?.has(1);
  clock.advance(3 * surplusWorkerMs);
  assert.equal(up(), 2);
  slots[0]?.has(0);
  clock.advance(2 * surplusWorkerMs);
  assert.equal(up(), 0);
});

/** The machine's clock; `idle` has those that do nothing looked at as if they had for a minute. */
function clockThatSkips(): { readonly clock: Clock; readonly idle: () => void } {
  let skippedMs = 0;
  const looks: (() => void)[] = [];
  return {
    clock: {
      ...systemClock,
      now: () => systemClock.now() + skippedMs,
      every(periodMs, callback) {
        if (periodMs !== surplusLookMs) return systemClock.every(periodMs, callback);
        looks.push(callback);
        return { cancel() {} };
      },
    },
    idle() {
      skippedMs = surplusWorkerMs;
      for (const look of looks) look();
      skippedMs = 0;
    },
  };
}

Deno.test("a pool starts with the workers that are kept, and the others when there is work", async () => {
  await withPool({ size: 3, sizeMin: 1 }, async (harness) => {
    const { pool } = harness;
    // Two more may be for io, of which one is kept.
    assert.deepEqual([pool.stats().size, pool.stats().up], [5, 2]);
    const spinning = [harness.submit("spin", [], { timeoutMs: 120_000 })];
    await waitFor("a second worker, ahead of the next call", () => pool.stats().up === 3);
    spinning.push(harness.submit("spin", [], { timeoutMs: 120_000 }));
    await waitFor("both calls to run", () => {
      const { busy, queued } = pool.stats();
      return busy === 2 && queued === 0;
    });
    await waitFor("the third", () => pool.stats().up === 4);
    assert.equal(await harness.call("fib", [10]), 55);
    assert.equal(pool.stats().restarts, 0);
    for (const { handle } of spinning) handle.cancel();
    await Promise.all(spinning.map(({ outcome }) => outcome));
  });
});

Deno.test("a pool that keeps no worker ends the idle ones, and runs the next call all the same", async () => {
  const { clock, idle } = clockThatSkips();
  await withPool({ size: 2, sizeMin: 0, clock }, async (harness) => {
    const first = await harness.call("pid");
    await waitFor("no worker", () => {
      idle();
      return harness.pool.stats().up === 0;
    });
    const { size, busy, queued, restarts } = harness.pool.stats();
    assert.deepEqual({ size, busy, queued, restarts }, {
      size: 4,
      busy: 0,
      queued: 0,
      restarts: 0,
    });
    assert.notEqual(await harness.call("pid"), first);
    assert.equal(harness.pool.stats().restarts, 0);
  });
});

Deno.test("calls are neither lost nor run twice while idle workers end between them", async () => {
  const path = await Deno.makeTempFile();
  const { clock, idle } = clockThatSkips();
  try {
    await withPool({ size: 3, sizeMin: 0, clock }, async (harness) => {
      const ended = () =>
        harness.entries.filter(({ message }) => message.startsWith("Ended a worker")).length;
      let id = 0;
      for (let round = 1; round <= 3; round++) {
        const calls = Array.from({ length: 40 }, () => harness.call("note", [path, ++id]));
        for (const call of calls) {
          // Idle ones end under calls to the others.
          idle();
          await call;
        }
        // The next round begins in the moment in which they end.
        await waitFor("an end", () => {
          idle();
          return ended() >= 2 * round;
        });
      }
      const noted = (await Deno.readTextFile(path)).trimEnd().split("\n").map(Number);
      assert.deepEqual(
        noted.toSorted((a, b) => a - b),
        Array.from({ length: id }, (_, i) => i + 1),
      );
    });
  } finally {
    await Deno.remove(path);
  }
});
