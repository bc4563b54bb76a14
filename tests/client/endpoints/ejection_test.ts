import assert from "node:assert/strict";
import { Ejection } from "../../../src/client/endpoints/ejection.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

function setUp() {
  const clock = new VirtualClock();
  let over = 0;
  const ejection = new Ejection(clock, () => over++);
  return { clock, ejection, over: () => over };
}

Deno.test("a server is suspect after five timeouts in a row, and not before", () => {
  const { ejection } = setUp();
  for (let i = 0; i < 4; i++) assert.equal(ejection.timedOut(), false);
  ejection.answered();
  for (let i = 0; i < 4; i++) assert.equal(ejection.timedOut(), false);
  assert.equal(ejection.timedOut(), true);
});

Deno.test("after an ejection one more timeout makes it suspect again, and an answer clears it", () => {
  const { clock, ejection, over } = setUp();
  assert.equal(ejection.start(), 30_000);
  clock.advance(29_999);
  assert.ok(ejection.isActive);
  clock.advance(1);
  assert.ok(!ejection.isActive);
  assert.equal(over(), 1);
  assert.equal(ejection.timedOut(), true);
  ejection.answered();
  assert.equal(ejection.timedOut(), false);
});

Deno.test("ejections get longer up to a bound, and short again after a good time", () => {
  const { clock, ejection } = setUp();
  const lengths = Array.from({ length: 12 }, () => {
    const lengthMs = ejection.start();
    clock.advance(lengthMs);
    return lengthMs;
  });
  assert.deepEqual(lengths.slice(0, 3), [30_000, 60_000, 90_000]);
  assert.equal(lengths.at(-1), 300_000);
  ejection.answered();
  assert.equal(ejection.start(), 30_000);
});

Deno.test("an answer that comes during an ejection does not make the next one short", () => {
  const { clock, ejection } = setUp();
  clock.advance(ejection.start());
  const lengthMs = ejection.start();
  ejection.answered();
  clock.advance(lengthMs);
  assert.equal(ejection.start(), 90_000);
});

Deno.test("what is forgotten leaves no timer and no trace", () => {
  const { clock, ejection, over } = setUp();
  for (let i = 0; i < 5; i++) ejection.timedOut();
  ejection.start();
  ejection.forget();
  assert.ok(!ejection.isActive);
  assert.equal(clock.pendingTimers, 0);
  assert.equal(ejection.timedOut(), false);
  assert.equal(over(), 0);
});
