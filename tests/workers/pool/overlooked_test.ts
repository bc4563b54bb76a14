import assert from "node:assert/strict";
import { waitFor } from "../../support/wait_for.ts";
import { type PoolHarness, withPool } from "../fixtures/harness.ts";
import { onWindows } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

/** Stops the worker that answers this call with its id, from outside, and resolves with that. */
async function stopped(
  harness: PoolHarness,
  ...call: Parameters<PoolHarness["call"]> | []
): Promise<number> {
  const [method = "pid", params, options] = call;
  const pid = await harness.call(method, params, options) as number;
  Deno.kill(pid, "SIGSTOP");
  const state = { args: ["-o", "state=", "-p", `${pid}`] };
  await waitFor("the stop", async () => {
    const { stdout } = await new Deno.Command("ps", state).output();
    return new TextDecoder().decode(stdout).startsWith("T");
  });
  return pid;
}

/** Of these the first call may be lost, and not only delayed. */
const breaks = ["then", "stringify"];

for (const how of ["spin", "microtasks", "push", "then", "stringify", "stop"]) {
  Deno.test({
    ...skippedIf(
      how === "stop" ? onWindows : undefined,
      `a cpu worker that is wedged between two calls costs the next one nothing (${how})`,
    ),
  }, async () => {
    await withPool({}, async (harness) => {
      await harness.call("wedge", [how]);
      // What it breaks may end it under a call, or be none of the worker's business: one pays at
      // the most.
      const outcomes = [];
      for (let i = 0; i < 6; i++) outcomes.push(await harness.submit("pid").outcome);
      const paid = outcomes.filter((outcome) => "error" in outcome);
      assert.ok(paid.length <= (breaks.includes(how) ? 1 : 0), JSON.stringify(paid));
      assert.ok(harness.pool.stats().restarts <= 1);
    });
  });
}

Deno.test({
  ...skippedIf(
    onWindows,
    "a call that waits for a wedged worker until its time is over has not run, says so, and is the last",
  ),
}, async () => {
  await withPool({}, async (harness) => {
    await stopped(harness);
    const { name, executed } = await harness.failure("pid", [], { timeoutMs: 300 });
    assert.deepEqual([name, executed], ["DeadlineExceeded", "no"]);
    await harness.call("pid", []);
    assert.equal(harness.pool.stats().restarts, 1);
  });
});

Deno.test({
  ...skippedIf(onWindows, "idle workers are preferred to a wedged one, which counts as busy"),
}, async () => {
  await withPool({ size: 2 }, async (harness) => {
    const pid = await stopped(harness);
    const first = harness.submit("pid", [], { timeoutMs: 20_000 });
    const second = harness.submit("pid", [], { timeoutMs: 20_000 });
    for (let i = 0; i < 20; i++) assert.notEqual(await harness.call("pid"), pid);
    for (const { outcome } of [first, second]) assert.ok("result" in await outcome);
    await waitFor("the wedged worker's replacement", () => harness.pool.stats().restarts === 1);
  });
});

Deno.test({
  ...skippedIf(onWindows, "a call that lost its worker before it began says that it did not run"),
}, async () => {
  await withPool({}, async (harness) => {
    const pid = await stopped(harness);
    const lost = harness.failure("pid");
    await waitFor("the call in the pipe", () => harness.pool.stats().busy === 1);
    Deno.kill(pid, "SIGKILL");
    assert.deepEqual([(await lost).name, (await lost).executed], ["WorkerLost", "no"]);
  });
});

Deno.test({
  ...skippedIf(onWindows, "an io worker gets nothing while it has to show that it is alive"),
}, async () => {
  await withPool({ size: 2 }, async (harness) => {
    const pid = await stopped(harness, "wait", [1], { kind: "io" });
    // The first idle one gets a call, which pays with its time; unless that one is asked already.
    const options = { kind: "io", timeoutMs: 200 } as const;
    const outcome = await harness.submit("wait", [1], options).outcome;
    if ("error" in outcome) assert.equal(outcome.error.name, "DeadlineExceeded");
    else assert.notEqual(outcome.result, pid);
    // One that came to the same worker would be lost with it.
    for (let i = 0; i < 8; i++) {
      assert.notEqual(await harness.call("wait", [1], { kind: "io" }), pid);
    }
    await waitFor("its replacement", () => harness.pool.stats().restarts === 1);
  });
});

Deno.test("an io worker that answers no call any more is found though it reads", async () => {
  await withPool({}, async (harness) => {
    const pid = await harness.call("wedgeIo", ["pop"], { kind: "io" });
    await harness.failure("wait", [1], { kind: "io", timeoutMs: 200 });
    assert.notEqual(await harness.call("wait", [1], { kind: "io" }), pid);
  });
});
