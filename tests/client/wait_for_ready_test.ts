import assert from "node:assert/strict";
import { DeadlineWheel } from "../../src/base/deadline_wheel.ts";
import type { RpcError } from "../../src/base/errors.ts";
import { waitingCallsMax } from "../../src/base/limits.ts";
import { Call } from "../../src/client/call.ts";
import { WaitForReady } from "../../src/client/wait_for_ready.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

function setUp() {
  const clock = new VirtualClock();
  const wheel = new DeadlineWheel(clock);
  const waiting = new WaitForReady(wheel, () => "Nobody is there");
  const errors: (RpcError | undefined)[] = [];
  const enter = (method: string, untilMs = 1_000) => {
    const call = new Call(method, undefined, 10_000);
    waiting.enter(call, (error) => errors.push(error), untilMs);
    return call;
  };
  return { clock, wheel, waiting, errors, enter };
}

Deno.test("a waiting call fails as Unavailable, with the reason, when its time has come", () => {
  const { clock, wheel, waiting, errors, enter } = setUp();
  enter("ping");
  clock.advance(999);
  assert.equal(errors.length, 0);
  clock.advance(6);
  assert.equal(errors[0]?.name, "Unavailable");
  assert.equal(errors[0]?.executed, "no");
  assert.equal(errors[0]?.message, "Nobody is there");
  assert.equal(waiting.size + wheel.size, 0);
});

Deno.test("a call waits on while there is hope, and fails when there is none", () => {
  const clock = new VirtualClock();
  const hopes = [1_200, 1_400];
  const waiting = new WaitForReady(new DeadlineWheel(clock), () => "Nobody", () => hopes.shift());
  const errors: (RpcError | undefined)[] = [];
  waiting.enter(new Call("ping", undefined, 10_000), (error) => errors.push(error), 1_000);
  clock.advance(1_390);
  assert.equal(errors.length, 0);
  assert.equal(waiting.size, 1);
  clock.advance(20);
  assert.deepEqual(errors.map((error) => error?.name), ["Unavailable"]);
  assert.equal(waiting.size, 0);
});

Deno.test("leaving hands over the oldest first, and leaves nothing behind", () => {
  const { clock, wheel, waiting, errors, enter } = setUp();
  const calls = ["a", "b", "c"].map((method) => enter(method));
  const sent: string[] = [];
  waiting.leave((call) => sent.push(call.method));
  assert.deepEqual(sent, ["a", "b", "c"]);
  assert.ok(calls.every(({ holder }) => holder === undefined));
  assert.equal(waiting.size + wheel.size, 0);
  clock.advance(10_000);
  assert.equal(errors.length, 0);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("a call that is cancelled is neither sent nor failed", () => {
  const { clock, wheel, waiting, errors, enter } = setUp();
  enter("ping").leave();
  assert.equal(waiting.size + wheel.size, 0);
  waiting.leave(() => assert.fail("it was sent"));
  clock.advance(2_000);
  assert.equal(errors.length, 0);
});

Deno.test("a call that is cancelled while others leave is not sent", () => {
  const { waiting, enter } = setUp();
  const calls = ["a", "b", "c"].map((method) => enter(method));
  const sent: string[] = [];
  waiting.leave((call) => {
    sent.push(call.method);
    calls[1]?.leave();
  });
  assert.deepEqual(sent, ["a", "c"]);
});

Deno.test("calls that come back while others leave wait for the next time", () => {
  const { waiting, enter } = setUp();
  enter("a");
  enter("b");
  let sent = 0;
  waiting.leave((call, done) => {
    sent++;
    waiting.enter(call, done, 1_000);
  });
  assert.equal(sent, 2);
  assert.equal(waiting.size, 2);
});

Deno.test("past the bound a call fails at once", () => {
  const { errors, enter } = setUp();
  for (let i = 0; i < waitingCallsMax; i++) enter("ping");
  assert.equal(errors.length, 0);
  enter("ping");
  assert.equal(errors[0]?.name, "Unavailable");
  assert.match(errors[0]?.message ?? "", /65536 calls are waiting already/);
});
