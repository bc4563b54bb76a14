import assert from "node:assert/strict";
import { heartbeatTickMs } from "../../../src/base/limits.ts";
import { busyShare, calmTicks, lateTickMs } from "../../../src/client/endpoints/limits.ts";
import { Patience } from "../../../src/client/links/patience.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

/** A tick comes this much after the last one; returns whether it counts. */
function ticked(clock: VirtualClock, patience: Patience, afterMs: number): boolean {
  clock.advance(afterMs);
  return patience.tick();
}

/** A patience that has begun, and its clock. */
function begun(): { clock: VirtualClock; patience: Patience } {
  const clock = new VirtualClock();
  const patience = new Patience(clock);
  patience.tick();
  return { clock, patience };
}

Deno.test("while ticks are in time it is the clock's time", () => {
  const { clock, patience } = begun();
  for (let i = 0; i < 20; i++) {
    assert.ok(ticked(clock, patience, heartbeatTickMs + (i % 2) * lateTickMs));
    assert.equal(patience.now(), clock.now());
  }
});

Deno.test("while ticks are late little of the time counts, and for a second afterwards", () => {
  const { clock, patience } = begun();
  const timelyMsMax = heartbeatTickMs + lateTickMs;
  clock.advance(3_000);
  assert.equal(patience.now(), timelyMsMax, "it is late before it has come");
  patience.tick();
  assert.equal(patience.now(), timelyMsMax);
  ticked(clock, patience, 700);
  const soFarMs = (1 + busyShare) * timelyMsMax;
  assert.equal(patience.now(), soFarMs);
  for (let i = 0; i < calmTicks; i++) ticked(clock, patience, heartbeatTickMs);
  assert.equal(patience.now(), soFarMs + calmTicks * busyShare * heartbeatTickMs);
  clock.advance(heartbeatTickMs);
  assert.equal(patience.now(), soFarMs + (calmTicks * busyShare + 1) * heartbeatTickMs);
});

Deno.test("it never goes back, whenever it is read", () => {
  const { clock, patience } = begun();
  let lastMs = patience.now();
  for (let ms = 0; ms < 20_000; ms += 10) {
    clock.advance(10);
    const nowMs = patience.now();
    assert.ok(nowMs >= lastMs, `at ${ms} ms it went from ${lastMs} to ${nowMs}`);
    lastMs = nowMs;
    if (ms % (ms < 10_000 ? 900 : heartbeatTickMs) === 0) patience.tick();
  }
});

Deno.test("of late ticks in a row each second one counts, so that a server that hangs is noticed", () => {
  const { clock, patience } = begun();
  const counts = [900, 900, 900, 900, heartbeatTickMs].map((ms) => ticked(clock, patience, ms));
  assert.deepEqual(counts, [false, true, false, true, true]);
});

Deno.test("what is to be done after a time is done when this time has come so far", () => {
  const { clock, patience } = begun();
  let done = 0;
  patience.after(1_000, () => done++);
  patience.after(1_000, () => done++).cancel();
  for (let i = 0; i < 7; i++) ticked(clock, patience, 1_000);
  assert.equal(done, 0);
  for (let i = 0; i < 20; i++) ticked(clock, patience, heartbeatTickMs);
  assert.equal(done, 1);
  assert.equal(clock.pendingTimers, 0);
});
