import assert from "node:assert/strict";
import { DeadlineWheel } from "../../../src/base/deadline_wheel.ts";
import { overlooksMaxMs } from "../../../src/workers/limits.ts";
import { Overlooked } from "../../../src/workers/pool/overlooked.ts";
import type { WorkerSlot } from "../../../src/workers/pool/worker_slot.ts";
import { StoppableClock } from "../../support/stoppable_clock.ts";

/** A worker that was given a call now, and does not begin it. */
function wedged() {
  const clock = new StoppableClock();
  const busySinceMs = clock.now();
  const killed: string[] = [];
  const owed = {
    total: 1,
    load: 0,
    busySinceMs,
    overlooksForMs: (nowMs: number) => nowMs - busySinceMs,
    takeBack: () => void (owed.total = 0),
  };
  const slot = { worker: { owed }, kill: (because: string) => void killed.push(because) };
  const overlooked = new Overlooked({
    clock,
    wheel: DeadlineWheel.of(clock),
    // Of a worker it needs no more.
    slots: () => [slot as unknown as WorkerSlot],
  });
  overlooked.watch();
  return { clock, killed, overlooked };
}

// To see it fail: let #forMs() in src/workers/pool/overlooked.ts forget #wentOnAtMs.
Deno.test("a worker that was stopped with its server has as long as any to begin its call", () => {
  const { clock, killed, overlooked } = wedged();
  clock.advance(50);
  clock.stop(45_000);
  clock.advance(overlooksMaxMs - 100);
  assert.deepEqual(killed, []);
  clock.advance(1_000);
  assert.equal(killed.length, 1);
  overlooked.stop();
});

Deno.test("a worker that does not begin its call is killed", () => {
  const { clock, killed, overlooked } = wedged();
  clock.advance(overlooksMaxMs - 100);
  assert.deepEqual(killed, []);
  clock.advance(1_000);
  assert.equal(killed.length, 1);
  overlooked.stop();
});
