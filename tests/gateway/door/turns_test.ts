import assert from "node:assert/strict";
import { PartTurns } from "../../../src/gateway/door/turns.ts";
import { settled } from "../../support/virtual_clock.ts";

Deno.test("a caller has one turn in a round, however many of its requests wait, and others come between", async () => {
  const pauses: (() => void)[] = [];
  const turns = new PartTurns((callback) => void pauses.push(callback));
  const order: string[] = [];
  for (let i = 0; i < 100; i++) void turns.next("greedy").then(() => order.push("greedy"));
  void turns.next("other").then(() => order.push("other"));
  for (let turn = 1; turn <= 101; turn++) {
    assert.equal(pauses.length, 1);
    pauses.shift()?.();
    await settled();
    assert.equal(order.length, turn);
  }
  assert.deepEqual(order.slice(0, 3), ["greedy", "other", "greedy"]);
  assert.equal(pauses.length, 0);
});
