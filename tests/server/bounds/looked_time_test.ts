import assert from "node:assert/strict";
import { LookedTime } from "../../../src/server/bounds/looked_time.ts";

Deno.test("the time of looks goes on as the clock's while somebody looks, also late", () => {
  const time = new LookedTime(100);
  for (const nowMs of [5_000, 5_100, 5_300, 5_310, 5_510]) assert.equal(time.look(nowMs), nowMs);
});

Deno.test("between two looks no more than twice the period counts, however long it was", () => {
  const time = new LookedTime(100);
  assert.equal(time.look(5_000), 5_000);
  assert.equal(time.look(65_000), 5_200);
  assert.equal(time.look(65_100), 5_300);
  assert.equal(time.look(65_301), 5_500);
});
