import assert from "node:assert/strict";
import { randomInt, seededRandom } from "../../../src/base/random.ts";
import { ResultOrder } from "../../../src/cli/call/result_order.ts";

function newOrder(concurrency = 1): { order: ResultOrder; written: (string | undefined)[] } {
  const written: (string | undefined)[] = [];
  return { order: new ResultOrder(concurrency, ({ result }) => written.push(result)), written };
}

function leaving(result: string | undefined) {
  return { result, failed: undefined };
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
    order.end(place as number, leaving(String(place)));
  }
  for (const place of running.reverse()) order.end(place, leaving(String(place)));
  assert.deepEqual(written, Array.from({ length: 1_000 }, (_, i) => String(i)), `seed ${seed}`);
});

Deno.test("a slow call makes the others wait before too many of them have ended", async () => {
  const { order } = newOrder(4);
  const slow = order.begin();
  let begun = 0;
  for (; order.hasRoom; begun++) order.end(order.begin(), leaving("x"));
  assert.ok(begun < 2_000);
  const waiting = order.oneEnds();
  order.end(slow, leaving("slow"));
  await waiting;
  assert.ok(order.hasRoom);
});

Deno.test("large results count by their length", () => {
  const { order, written } = newOrder();
  const slow = order.begin();
  let begun = 0;
  for (; order.hasRoom; begun++) order.end(order.begin(), leaving("x".repeat(1_000_000)));
  assert.ok(begun < 20, `${begun} results of a megabyte were held`);
  order.end(slow, leaving(undefined));
  assert.equal(written.length, begun + 1);
});
