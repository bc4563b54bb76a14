import assert from "node:assert/strict";
import { unaskedMessagesMax } from "../../../src/base/limits.ts";
import { giveWay, linesBetweenPauses, others, Unasked } from "../../../src/base/system/give_way.ts";

Deno.test("others come between what nobody asked for, and too much of it in a row is an error", async () => {
  const unasked = new Unasked();
  let pauses = 0;
  const add = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const pause = unasked.add();
      if (pause === undefined) continue;
      pauses++;
      await pause;
    }
  };
  await add(10 * linesBetweenPauses);
  assert.equal(pauses, 10);
  unasked.asked();
  for (let bytes = 0; bytes < unaskedMessagesMax * 512; bytes += 1024 * 1024) {
    await unasked.add(1024 * 1024);
  }
  assert.throws(() => unasked.add(), /nobody asked for/);
});

/** How often this thread has slept so far. */
function sleeps(): number {
  const status = Deno.readTextFileSync("/proc/thread-self/status");
  return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
}

Deno.test("who was answered meanwhile has the core for a moment, once", {
  // Nothing is done elsewhere.
  ignore: Deno.build.os !== "linux",
}, async () => {
  const count = 20;
  const asked = others.ask;
  try {
    others.ask = true;
    const before = sleeps();
    for (let i = 0; i < count; i++) {
      others.came = true;
      await new Promise<void>(giveWay);
      assert.ok(!others.came);
    }
    assert.ok(sleeps() - before >= count, `${sleeps() - before} times`);
    others.ask = false;
    others.came = true;
    await new Promise<void>(giveWay);
    assert.ok(others.came, "though nobody asks");
  } finally {
    others.ask = asked;
    others.came = false;
  }
});
