import assert from "node:assert/strict";
import { contestedTurnMs, turnMs } from "../../../src/base/limits.ts";
import { Turn, Turns } from "../../../src/server/bounds/turns.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";

const manyBytes = 64 * 1024;
const longLine = 64 * 1024;

Deno.test("what takes long is over after its turn, also over several reads, and then waits for the others", async () => {
  const clock = new VirtualClock();
  const turns = new Turns(clock, () => false);
  const turn = new Turn(turns);
  for (let i = 0; i < 2; i++) {
    turn.begin(manyBytes);
    assert.ok(!turn.isOver(longLine));
    clock.advance(turnMs / 2);
    turn.end();
  }
  turn.begin(manyBytes);
  assert.ok(turn.isOver(longLine));
  let passed = false;
  void turn.pass().then(() => passed = true);
  await settled();
  assert.ok(!passed);
  await clock.advanceAsync(0);
  assert.ok(passed);
  assert.ok(!turn.isOver(longLine));
});

Deno.test("who sends little has a turn for each read", () => {
  const clock = new VirtualClock();
  const turn = new Turn(new Turns(clock, () => false));
  for (let i = 0; i < 10; i++) {
    turn.begin(100);
    assert.ok(!turn.isOver(longLine));
    clock.advance(turnMs / 2);
    turn.end();
  }
});

Deno.test("who is alone has no turns, and many have short ones, one after the other", async () => {
  const clock = new VirtualClock();
  const alone = new Turn(new Turns(clock, () => true));
  alone.begin(manyBytes);
  clock.advance(100 * turnMs);
  assert.ok(!alone.isOver(longLine));

  const turns = new Turns(clock, () => false);
  const order: number[] = [];
  const turn = new Turn(turns);
  turn.begin(manyBytes);
  clock.advance(contestedTurnMs);
  assert.ok(!turn.isOver(longLine));
  for (let i = 0; i < 3; i++) void turns.next().then(() => order.push(i));
  assert.ok(turn.isOver(longLine));
  await clock.advanceAsync(0);
  assert.deepEqual(order, [0, 1, 2]);
});
