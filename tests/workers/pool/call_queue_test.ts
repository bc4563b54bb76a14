import assert from "node:assert/strict";
import { randomInt } from "../../../src/base/random.ts";
import { testSeed } from "../../support/seed.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import { CallQueue, type Queued } from "../../../src/workers/pool/call_queue.ts";

class Item implements Queued<Item> {
  readonly n: number;
  previous: Item | undefined;
  next: Item | undefined;

  constructor(n: number) {
    this.n = n;
  }
}

Deno.test("a queue gives back in order, and what was put back first", () => {
  const queue = new CallQueue<Item>();
  assert.equal(queue.shift(), undefined);
  for (const n of [2, 3]) queue.push(new Item(n));
  queue.unshift(new Item(1));
  assert.equal(queue.size, 3);
  assert.deepEqual([queue.shift()?.n, queue.shift()?.n, queue.shift()?.n], [1, 2, 3]);
  assert.equal(queue.size, 0);
  assert.equal(queue.shift(), undefined);
});

Deno.test("a queue does what an array would, whatever is done to it", () => {
  const seed = testSeed;
  const random = seededRandom(seed);
  const queue = new CallQueue<Item>();
  const model: Item[] = [];
  /** One that was in it, and may come again. */
  let former: Item | undefined;
  for (let step = 0; step < 5_000; step++) {
    const item = former ?? new Item(step);
    switch (randomInt(random, 5)) {
      case 0:
      case 1:
        queue.push(item);
        model.push(item);
        former = undefined;
        break;
      case 2:
        queue.unshift(item);
        model.unshift(item);
        former = undefined;
        break;
      case 3:
        assert.equal(queue.shift(), model.shift(), `seed ${seed}, step ${step}`);
        break;
      case 4: {
        if (model.length === 0) break;
        const [removed] = model.splice(randomInt(random, model.length), 1);
        queue.remove(removed as Item);
        former = removed;
        break;
      }
    }
    assert.equal(queue.size, model.length, `seed ${seed}, step ${step}`);
  }
  while (model.length > 0) assert.equal(queue.shift(), model.shift(), `seed ${seed}`);
  assert.equal(queue.size, 0);
});
