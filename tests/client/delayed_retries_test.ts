import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { Call } from "../../src/client/call.ts";
import { DelayedRetries } from "../../src/client/delayed_retries.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

function setUp() {
  const clock = new VirtualClock();
  const delayedRetries = new DelayedRetries(clock);
  const seen: string[] = [];
  const start = (method: string) => {
    const call = new Call(method, undefined, 10_000);
    delayedRetries.start(
      call,
      50,
      () => seen.push(`${method} goes on`),
      () => seen.push(`${method} fails`),
    );
    return call;
  };
  return { clock, delayedRetries, seen, start };
}

Deno.test("a call goes on after its pause", () => {
  const { clock, delayedRetries, seen, start } = setUp();
  const call = start("a");
  clock.advance(49);
  assert.deepEqual(seen, []);
  clock.advance(1);
  assert.deepEqual(seen, ["a goes on"]);
  assert.equal(call.holder, undefined);
  assert.equal(delayedRetries.size, 0);
});

Deno.test("a call that is cancelled in its pause neither goes on nor fails", () => {
  const { clock, delayedRetries, seen, start } = setUp();
  start("a").leave();
  clock.advance(100);
  delayedRetries.end(new RpcError("Cancelled", "Closed"));
  assert.deepEqual(seen, []);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("ending all delays fails the calls at once, and leaves no timer", () => {
  const { clock, delayedRetries, seen, start } = setUp();
  start("a");
  start("b");
  delayedRetries.end(new RpcError("Cancelled", "Closed"));
  assert.deepEqual(seen, ["a fails", "b fails"]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("a call that its caller cancels as another one fails does not fail as well", () => {
  const { clock, delayedRetries, seen, start } = setUp();
  const others: Call[] = [];
  const fail = () => others.forEach((call) => call.leave());
  delayedRetries.start(new Call("a", undefined, 10_000), 50, () => {}, fail);
  others.push(start("b"));
  delayedRetries.end(new RpcError("Cancelled", "Closed"));
  assert.deepEqual(seen, []);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("calls in line go on in their order, by one timer, when they may", () => {
  const { clock, delayedRetries, seen } = setUp();
  let left = 0;
  const line = { mayGoOn: () => left-- > 0, pauseMs: () => 50 };
  const calls = Array.from({ length: 200 }, (_, i) => {
    const call = new Call("a", undefined, 10_000);
    delayedRetries.enter(
      line,
      call,
      () => seen.push(`${i} goes on`),
      () => seen.push(`${i} fails`),
    );
    return call;
  });
  assert.deepEqual([delayedRetries.size, clock.pendingTimers], [200, 1]);
  calls[1]?.leave();
  left = 2;
  clock.advance(50);
  assert.deepEqual(seen, ["0 goes on", "2 goes on"]);
  assert.deepEqual([delayedRetries.size, clock.pendingTimers], [197, 1]);
  left = 100;
  clock.advance(49);
  assert.equal(seen.length, 2);
  // Not all of them in one go, but without a pause.
  clock.after(1, () => seen.push("others run"));
  clock.advance(1);
  assert.equal(seen.length, 103);
  assert.ok(seen.indexOf("others run") < 100);
  for (const call of calls.slice(0, 199)) call.leave();
  delayedRetries.end(new RpcError("Cancelled", "Closed"));
  assert.equal(seen.at(-1), "199 fails");
  assert.deepEqual([delayedRetries.size, clock.pendingTimers], [0, 0]);
});
