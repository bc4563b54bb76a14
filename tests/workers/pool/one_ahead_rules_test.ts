import assert from "node:assert/strict";
import { OneAhead, placesOf } from "../../../src/workers/pool/one_ahead.ts";
import type { WorkerSlot } from "../../../src/workers/pool/worker_slot.ts";
import type { WorkerProcess } from "../../../src/workers/process/worker_process.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

/** Workers with calls since the clock's beginning, which say in order whose were taken back. */
function setUp(...totals: readonly (number | undefined)[]) {
  const clock = new VirtualClock(50_000);
  const takenBack: number[] = [];
  const workers = totals.map((total, index) =>
    total === undefined ? undefined : {
      isAlive: true,
      owed: {
        ...{ total, load: total, busySinceMs: clock.now(), patienceMs: 10 },
        takeBack: () => void takenBack.push(index),
      },
    }
  );
  const slots = workers.map((worker) => ({ worker })) as unknown as WorkerSlot[];
  const ahead = new OneAhead({ clock, slots: () => slots });
  const sent = (index: number) => ahead.sent(workers[index] as unknown as WorkerProcess);
  return { clock, ahead, sent, takenBack, workers };
}

Deno.test("a call goes to a busy worker if one waits for each, those behind others included", () => {
  const { ahead } = setUp(1, 1, 1);
  assert.deepEqual([2, 3].map((waiting) => ahead.mayGo(waiting)), [false, true]);
  const behind = setUp(2, 1, 1);
  assert.deepEqual([1, 2].map((waiting) => behind.ahead.mayGo(waiting)), [false, true]);
  const starting = setUp(2, undefined, 2);
  assert.equal(starting.ahead.mayGo(100), false, "one that starts is free soon");
});

Deno.test("calls behind others are taken back from the last worker on once theirs took too long", () => {
  const { clock, ahead, sent, takenBack, workers } = setUp(2, 2, 2, 1);
  assert.ok(ahead.isEmpty);
  for (const index of [0, 2, 1, 3, 0]) sent(index);
  assert.ok(!ahead.isEmpty);
  workers[1]!.owed.patienceMs = 20;
  clock.advance(9);
  ahead.look(0);
  assert.deepEqual(takenBack, []);
  clock.advance(1);
  ahead.look(0);
  assert.deepEqual(takenBack, [0, 2]);
  assert.ok(!ahead.isEmpty);
  workers[1]!.isAlive = false;
  ahead.look(0);
  assert.deepEqual(takenBack, [0, 2], "the dead one has nothing to give back");
  assert.ok(ahead.isEmpty);
});

Deno.test("for a worker that has nothing to do they are taken back at once, unless others wait", () => {
  const { ahead, sent, takenBack } = setUp(2, 0);
  sent(0);
  ahead.look(1);
  assert.deepEqual(takenBack, []);
  ahead.look(0);
  assert.deepEqual(takenBack, [0]);
  assert.ok(ahead.isEmpty);
});

Deno.test("a caller may keep a worker busy with all that it holds, but for medium calls", () => {
  const workerOf = (isMedium: boolean) => ({ owed: { isMedium, capacity: 16 } }) as WorkerProcess;
  assert.deepEqual([undefined, workerOf(true), workerOf(false)].map(placesOf), [1, 1, 16]);
});
