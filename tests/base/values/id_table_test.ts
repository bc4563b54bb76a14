import assert from "node:assert/strict";
import { IdTable } from "../../../src/base/values/id_table.ts";
import * as fc from "../../support/fast_check.ts";
import { retainedBytes } from "../../support/retained_bytes.ts";

Deno.test("the table holds what a map would, and gives each id once", () => {
  fc.assert(fc.property(fc.array(fc.nat({ max: 400 }), { maxLength: 600 }), (picks) => {
    const table = new IdTable<string>();
    const map = new Map<number, string>();
    let lastId = 0;
    for (const pick of picks) {
      if (pick % 3 > 0) {
        const id = table.nextId();
        assert.ok(id > lastId);
        lastId = id;
        // Not each of them is added: a question whether a worker is alive is none.
        if (pick % 7 > 0) {
          table.add(id, `${id}`);
          map.set(id, `${id}`);
        }
      } else {
        const id = [...map.keys()][pick % (map.size || 1)] ?? pick;
        assert.equal(table.take(id), map.get(id));
        map.delete(id);
        assert.equal(table.get(id), undefined);
      }
      assert.equal(table.size, map.size);
    }
    assert.equal(table.lastId, lastId);
    assert.deepEqual(table.all(), [...map]);
    for (let id = 0; id <= lastId; id++) assert.equal(table.get(id), map.get(id));
    assert.deepEqual(table.takeAll(), [...map]);
    assert.deepEqual([table.size, table.all()], [0, []]);
  }));
});

Deno.test("an item is taken out once, by its own id only", () => {
  const table = new IdTable<string>();
  const id = table.nextId();
  table.add(id, "item");
  for (const other of [id + 1, id + 16, id - 1, -id, id + 0.5, 0, NaN, Infinity]) {
    assert.equal(table.get(other), undefined);
    assert.equal(table.take(other), undefined);
  }
  assert.equal(table.take(id), "item");
  assert.equal(table.take(id), undefined);
  assert.equal(table.size, 0);
});

Deno.test("ids may be given long before their items are added, and in another order", () => {
  const table = new IdTable<string>();
  const ids = Array.from({ length: 3_000 }, () => table.nextId());
  for (const id of ids.toReversed()) table.add(id, `${id}`);
  assert.equal(table.size, ids.length);
  assert.deepEqual(table.all(), ids.map((id) => [id, `${id}`]));
  for (const id of ids) table.take(id);
  assert.equal(table.size, 0);
});

Deno.test("what was answered is kept alive by nothing", () => {
  const table = new IdTable<readonly unknown[]>();
  const inFlight: number[] = [];
  const bytes = retainedBytes(() => {
    if (inFlight.length === 64) table.take(inFlight.shift() as number);
    const id = table.nextId();
    table.add(id, new Array(16).fill(0));
    inFlight.push(id);
  });
  assert.ok(bytes < 2_000_000, `${bytes} bytes`);
});
