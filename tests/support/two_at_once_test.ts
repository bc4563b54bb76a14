import assert from "node:assert/strict";
import { twoAtOnce } from "./two_at_once.ts";

Deno.test("each item is looked at once, and at most two are at a time", async () => {
  const seen: number[] = [];
  let under = 0;
  let most = 0;
  await twoAtOnce([1, 2, 3, 4, 5], async (item) => {
    most = Math.max(most, ++under);
    seen.push(item);
    await Promise.resolve();
    under--;
  });
  assert.deepEqual(seen, [1, 2, 3, 4, 5]);
  assert.equal(most, 2);
});

Deno.test("the first failure is thrown once what is under way has ended, and no more begins", async () => {
  const ended: number[] = [];
  const looking = twoAtOnce([1, 2, 3, 4], async (item) => {
    await Promise.resolve();
    if (item === 1) throw new Error("the first");
    await Promise.resolve();
    ended.push(item);
  });
  await assert.rejects(looking, /the first/);
  assert.deepEqual(ended, [2]);
});
