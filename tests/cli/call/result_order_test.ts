import assert from "node:assert/strict";
import { randomInt } from "../../../src/base/random.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import { ResultOrder } from "../../../src/cli/call/result_order.ts";

function newOrder(concurrency = 1): { order: ResultOrder<string>; written: string[] } {
  const written: string[] = [];
  return { order: new ResultOrder(concurrency, (result) => written.push(result)), written };
}

Deno.test("what calls leave comes in the order in which they began, whenever they end", () => {
  const seed = 4;
  const random = seededRandom(seed);
  const { order, written } = newOrder();
  const running: number[] = [];
  for (let i = 0; i < 1_000; i++) {
    running.push(order.begin());
    if (running.length < 20) continue;
    const [place] = running.splice(randomInt(random, running.length), 1);
    order.end(place as number, String(place), 1);
  }
  for (const place of running.reverse()) order.end(place, String(place), 1);
  assert.deepEqual(written, Array.from({ length: 1_000 }, (_, i) => String(i)), `seed ${seed}`);
});

Deno.test("a slow call makes the others wait before too many of them have ended", () => {
  const { order } = newOrder(4);
  const slow = order.begin();
  let begun = 0;
  for (; order.hasRoom; begun++) order.end(order.begin(), "x", 1);
  assert.ok(begun < 2_000);
  order.end(slow, "slow", 4);
  assert.ok(order.hasRoom);
});

Deno.test("large results count by their length", () => {
  const { order, written } = newOrder();
  const slow = order.begin();
  let begun = 0;
  for (; order.hasRoom; begun++) order.end(order.begin(), "x", 1_000_000);
  assert.ok(begun < 20, `${begun} results of a megabyte were held`);
  assert.ok(begun > 15, `${begun} results of a megabyte were held`);
  order.end(slow, "slow", 4);
  assert.equal(written.length, begun + 1);
  assert.ok(order.hasRoom, "what is written is held no more");
});

Deno.test("a call's turn comes when all before it have ended, and at the latest when all is over", async () => {
  const { order, written } = newOrder();
  const [first, second, third] = [order.begin(), order.begin(), order.begin()];
  await order.turnOf(first);
  const turns: string[] = [];
  const secondsTurn = order.turnOf(second).then(() => turns.push("second"));
  const thirdsTurn = order.turnOf(third).then(() => turns.push("third"));
  order.end(first, "first", 5);
  await secondsTurn;
  assert.deepEqual([turns, written], [["second"], ["first"]]);
  order.release();
  await thirdsTurn;
  await order.turnOf(order.begin());
});
