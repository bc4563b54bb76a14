import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { Call } from "../../src/client/call.ts";
import { Pauses } from "../../src/client/pauses.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

function setUp() {
  const clock = new VirtualClock();
  const pauses = new Pauses(clock);
  const seen: string[] = [];
  const start = (method: string) => {
    const call = new Call(method, undefined, 10_000);
    pauses.start(
      call,
      50,
      () => seen.push(`${method} goes on`),
      () => seen.push(`${method} fails`),
    );
    return call;
  };
  return { clock, pauses, seen, start };
}

Deno.test("a call goes on after its pause", () => {
  const { clock, pauses, seen, start } = setUp();
  const call = start("a");
  clock.advance(49);
  assert.deepEqual(seen, []);
  clock.advance(1);
  assert.deepEqual(seen, ["a goes on"]);
  assert.equal(call.holder, undefined);
  assert.equal(pauses.size, 0);
});

Deno.test("a call that is withdrawn in its pause neither goes on nor fails", () => {
  const { clock, pauses, seen, start } = setUp();
  start("a").withdraw();
  clock.advance(100);
  pauses.end(new RpcError("Cancelled", "Closed"));
  assert.deepEqual(seen, []);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("ending all pauses fails their calls at once, and leaves no timer", () => {
  const { clock, pauses, seen, start } = setUp();
  start("a");
  start("b");
  pauses.end(new RpcError("Cancelled", "Closed"));
  assert.deepEqual(seen, ["a fails", "b fails"]);
  assert.equal(clock.pendingTimers, 0);
});
