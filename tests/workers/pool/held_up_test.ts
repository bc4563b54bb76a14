import assert from "node:assert/strict";
import { DeadlineWheel } from "../../../src/base/deadline_wheel.ts";
import { heldUpMaxMs, heldUpUsedMs, overlooksMaxMs } from "../../../src/workers/limits.ts";
import { Overlooked } from "../../../src/workers/pool/overlooked.ts";
import type { WorkerSlot } from "../../../src/workers/pool/worker_slot.ts";
import { StoppableClock } from "../../support/stoppable_clock.ts";

/** A worker that was given a call now, and does not begin it; `time` is all it has of a core. */
function wedged(time?: { usedMs: number; isWanted: boolean }) {
  const clock = new StoppableClock();
  const busySinceMs = clock.now();
  const killed: string[] = [];
  const owed = {
    total: 1,
    load: 0,
    busySinceMs,
    readingMs: 0,
    overlooksForMs: (nowMs: number) => nowMs - busySinceMs,
    takeBack: () => void (owed.total = 0),
  };
  const worker: { owed: typeof owed; bytesTaken?: number } = { owed };
  const slot = { worker, kill: (because: string) => void killed.push(because) };
  const overlooked = new Overlooked({
    clock,
    wheel: DeadlineWheel.of(clock),
    // Of a worker it needs no more.
    slots: () => [slot as unknown as WorkerSlot],
    processorTime: () => time && { ...time },
  });
  overlooked.watch();
  return { clock, killed, overlooked, worker };
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

// To see it fail: let waitsForCore() in src/workers/pool/core_wait.ts return false.
Deno.test("a worker that waits for a core is not killed until it has had one", () => {
  const time = { usedMs: 700, isWanted: true };
  const { clock, killed, overlooked } = wedged(time);
  clock.advance(10 * overlooksMaxMs);
  time.usedMs += heldUpUsedMs / 2;
  clock.advance(overlooksMaxMs);
  assert.deepEqual(killed, []);
  time.usedMs += heldUpUsedMs;
  clock.advance(200);
  assert.equal(killed.length, 1);
  overlooked.stop();
});

Deno.test("a worker that waits for nothing, or for ever, is killed", () => {
  const idle = wedged({ usedMs: 700, isWanted: false });
  const starved = wedged({ usedMs: 700, isWanted: true });
  idle.clock.advance(2 * overlooksMaxMs);
  assert.equal(idle.killed.length, 1);
  starved.clock.advance(heldUpMaxMs + 200);
  assert.equal(starved.killed.length, 1);
  for (const { overlooked } of [idle, starved]) overlooked.stop();
});

// To see it fail: let #forMs() in src/workers/pool/overlooked.ts forget what #tookAtMs() returns.
Deno.test("a worker that takes a long request is waited for until it takes no more of it", () => {
  const { clock, killed, overlooked, worker } = wedged();
  for (worker.bytesTaken = 1; worker.bytesTaken < 20; worker.bytesTaken++) {
    clock.advance(overlooksMaxMs / 2);
    assert.deepEqual(killed, []);
  }
  delete worker.bytesTaken;
  clock.advance(overlooksMaxMs / 2);
  assert.deepEqual(killed, []);
  clock.advance(overlooksMaxMs);
  assert.equal(killed.length, 1);
  overlooked.stop();
});
