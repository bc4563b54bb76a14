import assert from "node:assert/strict";
import { Bag, type Bagged } from "../../../src/base/values/bag.ts";
import * as fc from "../../support/fast_check.ts";
import { retainedBytes } from "../../support/retained_bytes.ts";

interface Item extends Bagged {
  readonly payload: readonly unknown[];
}

function newItem(): Item {
  return { at: undefined, payload: new Array(16).fill(0) };
}

Deno.test("a bag holds what was added and not taken out, as a set does", () => {
  fc.assert(fc.property(fc.array(fc.nat({ max: 9 })), (picks) => {
    const items = Array.from({ length: 10 }, newItem);
    const bag = new Bag<Item>();
    const set = new Set<Item>();
    for (const pick of picks) {
      const item = items[pick] as Item;
      assert.equal(bag.delete(item), set.delete(item));
      if (pick % 2 === 0) {
        bag.add(item);
        set.add(item);
      }
      assert.equal(bag.size, set.size);
      assert.deepEqual(new Set(bag.all()), set);
    }
  }));
});

Deno.test("what has left a bag is kept alive by nothing", () => {
  const bag = new Bag<Item>();
  const inFlight: Item[] = [];
  const bytes = retainedBytes(() => {
    if (inFlight.length === 64) bag.delete(inFlight.shift() as Item);
    const item = newItem();
    bag.add(item);
    inFlight.push(item);
  });
  assert.ok(bytes < 2_000_000, `${bytes} bytes`);
});
