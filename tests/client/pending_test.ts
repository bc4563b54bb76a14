import assert from "node:assert/strict";
import { randomInt } from "../../src/base/random.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { Call } from "../../src/client/call.ts";
import { PendingCalls } from "../../src/client/pending.ts";

let made = 0;

/** A call unlike any other. */
function aCall(): Call {
  return new Call(`call ${made++}`, undefined, 1_000);
}

Deno.test("a pending call is taken out once, by its own id only", () => {
  const pending = new PendingCalls();
  const call = aCall();
  const id = pending.add(call);
  assert.equal(pending.size, 1);
  for (const other of [id + 1, id + 16, id - 1, -id, id + 0.5, 0, NaN, Infinity]) {
    assert.equal(pending.take(other), undefined);
  }
  assert.equal(pending.take(id), call);
  assert.equal(pending.take(id), undefined);
  assert.equal(pending.size, 0);
});

Deno.test("ids are not used again, so a late answer finds no other call", () => {
  const pending = new PendingCalls();
  const seen = new Set<number>();
  for (let i = 0; i < 1_000; i++) {
    const id = pending.add(aCall());
    assert.ok(!seen.has(id));
    seen.add(id);
    if (i % 3 !== 0) pending.take(id);
  }
});

Deno.test("all are taken out in the order in which they came", () => {
  const pending = new PendingCalls();
  // Some that have gone, so that the others begin in the middle of the table.
  for (let i = 0; i < 200; i++) pending.take(pending.add(aCall()));
  const calls = Array.from({ length: 100 }, () => aCall());
  for (const call of calls) pending.add(call);
  assert.deepEqual(pending.takeAll(), calls);
  assert.equal(pending.size, 0);
  assert.deepEqual(pending.takeAll(), []);
});

Deno.test("pending calls do what a map does, at random", () => {
  const seed = 20_260;
  const random = seededRandom(seed);
  const pending = new PendingCalls();
  const model = new Map<number, Call>();
  for (let step = 0; step < 20_000; step++) {
    // Phases of growing and shrinking, with some calls that stay for very long.
    if (random() < (step % 2_000 < 1_000 ? 0.6 : 0.4)) {
      const call = aCall();
      const id = pending.add(call);
      assert.ok(!model.has(id), `id ${id} twice, seed ${seed}`);
      model.set(id, call);
    } else if (model.size > 5) {
      const ids = [...model.keys()];
      const id = ids[randomInt(random, ids.length - 5) + 5] as number;
      assert.equal(pending.take(id), model.get(id), `seed ${seed}`);
      model.delete(id);
    }
    assert.equal(pending.size, model.size);
  }
});
