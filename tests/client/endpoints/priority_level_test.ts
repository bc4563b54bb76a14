import assert from "node:assert/strict";
import type { Endpoint } from "../../../src/client/endpoints/endpoint.ts";
import { PriorityLevel } from "../../../src/client/endpoints/priority_level.ts";

function stub(weight: number, row = 0): Endpoint {
  return { weight, row, index: -1 } as Endpoint;
}

Deno.test("a list knows where each endpoint stands, whichever is removed", () => {
  const list = new PriorityLevel();
  const items = [1, 2, 3, 4].map((row) => stub(1, row));
  for (const item of items) list.add(item);
  assert.deepEqual(list.rows, [1, 2, 3, 4]);
  list.remove(items[1]!);
  assert.deepEqual(list.rows, [1, 4, 3]);
  assert.deepEqual(list.items.map(({ row }) => row), list.rows);
  list.remove(items[3]!);
  list.remove(items[0]!);
  assert.deepEqual(list.items, [items[2]]);
  assert.deepEqual(list.rows, [3]);
  assert.equal(items[2]?.index, 0);
  assert.equal(list.size, 1);
});

Deno.test("no endpoint of a list weighs more or less than its bounds, and an empty list starts anew", () => {
  const list = new PriorityLevel();
  const [light, heavy] = [stub(1), stub(7)];
  list.add(light);
  list.add(heavy);
  assert.equal(list.weightMin, 1);
  assert.equal(list.weightMax, 7);
  list.remove(heavy);
  assert.ok(list.weightMin <= 1 && list.weightMax >= 1);
  list.remove(light);
  list.add(heavy);
  assert.equal(list.weightMin, 7);
  assert.equal(list.weightMax, 7);
  list.remove(heavy);
  list.add(light);
  assert.deepEqual([list.weightMin, list.weightMax], [1, 1]);
});

Deno.test("the bounds of a list follow weights that have changed", () => {
  const list = new PriorityLevel();
  const weights = [5, 5, 5];
  for (const row of weights.keys()) {
    list.add({
      get weight() {
        return weights[row];
      },
      row,
      index: -1,
    } as unknown as Endpoint);
  }
  weights.splice(0, 3, 3, 2, 4);
  list.reweighed();
  assert.deepEqual([list.weightMin, list.weightMax], [2, 4]);
});
