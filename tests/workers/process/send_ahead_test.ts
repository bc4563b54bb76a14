import assert from "node:assert/strict";
import { aheadPatienceMs, mediumCallMs } from "../../../src/workers/limits.ts";
import { longCallMs, SendAhead, sendAheadMax } from "../../../src/workers/process/send_ahead.ts";
import { waitFor } from "../../support/wait_for.ts";
import { withPool } from "../fixtures/harness.ts";

Deno.test("SendAhead gives more while calls are short, up to a bound, and one after a long one", () => {
  const pace = new SendAhead();
  assert.equal(pace.capacity, 1);
  for (let reads = 0; reads < 20; reads++) pace.answered(1, 0.2);
  assert.equal(pace.capacity, sendAheadMax);
  pace.answered(4, 4 * mediumCallMs);
  assert.equal(pace.capacity, 1);
  pace.answered(1, 0.2);
  pace.stop();
  assert.equal(pace.capacity, 1);
});

Deno.test("SendAhead gives one more while calls are medium, and leaves it for longer behind one", () => {
  const pace = new SendAhead();
  pace.answered(1, mediumCallMs - 1);
  assert.deepEqual([pace.capacity, pace.isMedium], [2, true]);
  assert.deepEqual([pace.patienceMs(1), pace.patienceMs(2)], [aheadPatienceMs, longCallMs]);
  pace.answered(1, 0.2);
  assert.deepEqual([pace.capacity, pace.isMedium, pace.patienceMs(1)], [4, false, longCallMs]);
  pace.answered(2, longCallMs);
  assert.deepEqual([pace.capacity, pace.isMedium], [2, true]);
  pace.answered(1, mediumCallMs);
  assert.deepEqual([pace.capacity, pace.isMedium, pace.patienceMs(1)], [1, false, longCallMs]);
});

Deno.test("short calls behind a long one are taken back and run by the worker that is idle", async () => {
  await withPool({ size: 2, cpuCallsPerWorkerMax: 64 }, async (harness) => {
    // Both workers have one that ends soon after, and one of them runs for ever.
    const spin = harness.submit("spin");
    const short = Array.from({ length: 40 }, (_, n) => harness.submit("fib", [n % 10]));
    const outcomes = await Promise.all(short.map(({ outcome }) => outcome));
    assert.ok(outcomes.every((outcome) => "result" in outcome));
    assert.equal(await harness.call("fib", [5]), 5);
    spin.handle.cancel();
    await spin.outcome;
  });
});

Deno.test("what was sent ahead and not begun runs once, also when its worker is killed", async () => {
  const path = await Deno.makeTempFile();
  try {
    let count = 0;
    await withPool({ size: 2, cpuCallsPerWorkerMax: 64 }, async (harness) => {
      // On a busy machine the time of all that run for ever may be over before they begin.
      for (let timeoutMs = 100; harness.pool.stats().restarts === 0; timeoutMs *= 2) {
        const calls = [];
        for (const end = count + 200; count < end; count++) {
          if (count % 40 === 7) calls.push(harness.submit("spin", [], { timeoutMs }));
          else calls.push(harness.submit("note", [path, count]));
        }
        const outcomes = await Promise.all(calls.map(({ outcome }) => outcome));
        // Those that run for ever are killed, or refused for the time that others would take before
        // them.
        const failed = outcomes.flatMap((outcome, at) => "error" in outcome ? [at] : []);
        assert.deepEqual(failed, [7, 47, 87, 127, 167]);
        await waitFor("the workers", () => harness.pool.stats().busy === 0);
      }
    });
    const ids = (await Deno.readTextFile(path)).trim().split("\n").map(Number);
    const expected = Array.from({ length: count }, (_, id) => id).filter((id) => id % 40 !== 7);
    assert.deepEqual(ids.toSorted((a, b) => a - b), expected);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a worker of short calls is sent ahead without being told, and nothing runs twice", async () => {
  const path = await Deno.makeTempFile();
  try {
    await withPool({ size: 2 }, async (harness) => {
      const seed = crypto.getRandomValues(new Uint32Array(1))[0] as number;
      console.log(`seed ${seed}`);
      let state = seed;
      const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
      const done = [];
      for (let id = 0; id < 3_000; id++) {
        const call = random() < 0.005
          ? harness.submit("fib", [27])
          : harness.submit("note", [path, id]);
        done.push(call.outcome);
        if (id % 100 === 99) await done.at(-40);
      }
      const outcomes = await Promise.all(done);
      assert.ok(outcomes.every((outcome) => "result" in outcome));
    });
    const ids = (await Deno.readTextFile(path)).trim().split("\n");
    assert.equal(new Set(ids).size, ids.length);
  } finally {
    await Deno.remove(path);
  }
});
