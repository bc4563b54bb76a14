import assert from "node:assert/strict";
import { nap } from "../../../src/base/system/nap.ts";

/** How often this thread has slept so far. */
function sleeps(): number {
  const status = Deno.readTextFileSync("/proc/thread-self/status");
  return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
}

Deno.test("a nap is a sleep of this very thread", {
  // Nothing is done elsewhere.
  ignore: Deno.build.os !== "linux",
}, () => {
  const count = 20;
  const before = sleeps();
  for (let i = 0; i < count; i++) nap();
  const slept = sleeps() - before;
  assert.ok(slept >= count, `${slept} times`);
});
