import assert from "node:assert/strict";
import { describeEnd } from "../../../src/workers/process/worker_end.ts";

Deno.test("a worker that was killed is told of with the reason, also where there are no signals", () => {
  const killed = { success: false, code: 1, signal: null };
  const why = "was killed because x overran its deadline";
  assert.equal(describeEnd(killed, "x overran its deadline", false, "windows"), why);
  const bySignal = { success: false, code: 137, signal: "SIGKILL" as const };
  assert.equal(describeEnd(bySignal, "x overran its deadline", false, "linux"), why);
});

Deno.test("a worker that ended by itself is not said to be killed", () => {
  const left = { success: true, code: 0, signal: null };
  for (const os of ["windows", "linux"] as const) {
    assert.equal(describeEnd(left, "its stdout ended", false, os), "exited with code 0");
  }
  const failed = { success: false, code: 3, signal: null };
  assert.equal(describeEnd(failed, "its stdout ended", false, "linux"), "exited with code 3");
});
