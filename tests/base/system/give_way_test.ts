import assert from "node:assert/strict";
import { unaskedMessagesMax } from "../../../src/base/limits.ts";
import { linesBetweenPauses, Unasked } from "../../../src/base/system/give_way.ts";

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
