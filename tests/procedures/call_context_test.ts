import assert from "node:assert/strict";
import { LazyCallContext } from "../../src/procedures/call_context.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

Deno.test("the time that a call still has goes down to 0, from the first look or its deadline", () => {
  const clock = new VirtualClock();
  const fromTheFirstLook = new LazyCallContext(undefined, undefined, clock, 1_000);
  const fromADeadline = new LazyCallContext(undefined, undefined, clock, 1_000);
  fromADeadline.deadlineAtMs = clock.now() + 1_000;
  clock.advance(400);
  assert.equal(fromTheFirstLook.timeoutMs, 1_000);
  assert.equal(fromADeadline.timeoutMs, 600);
  clock.advance(5_000);
  assert.equal(fromTheFirstLook.timeoutMs, 0);
  assert.equal(fromADeadline.timeoutMs, 0);
  assert.equal(new LazyCallContext().timeoutMs, undefined);
});
