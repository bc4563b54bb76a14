import assert from "node:assert/strict";
import { Turn } from "../../../src/server/turns/turn.ts";
import { Turns } from "../../../src/server/turns/turns.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { turnBytesMax, turnMs } from "../../../src/server/turns/limits.ts";

const manyBytes = 64 * 1024;

/** Turns on a clock that stands still, and what lets others come. */
function setUp() {
  const clock = new VirtualClock();
  const pauses: (() => void)[] = [];
  const turns = new Turns(clock, () => false, (callback) => void pauses.push(callback));
  return { clock, turns, pauses };
}

Deno.test("a turn is over when so much was answered in it, however little time that took, and not sooner", async () => {
  const { turns, pauses } = setUp();
  let answered = 0;
  const turn = new Turn(turns, {}, () => answered);
  /** It is counted every few lines. */
  const isOver = () => Array.from({ length: 4 }, () => turn.isOver(50)).includes(true);
  turn.begin(manyBytes);
  for (let round = 1; round <= 3; round++) {
    answered = round * turnBytesMax - 1;
    assert.ok(!isOver());
    answered++;
    assert.ok(isOver());
    const passing = turn.pass();
    pauses.shift()?.();
    await passing;
  }
});

Deno.test("what was answered before a turn, whose time was over, does not count for the next one", async () => {
  const { clock, turns, pauses } = setUp();
  let answered = 0;
  const turn = new Turn(turns, {}, () => answered);
  for (let round = 0; round < 10; round++) {
    turn.begin(manyBytes);
    answered += turnBytesMax / 4;
    clock.advance(turnMs);
    const passing = turn.pass();
    pauses.shift()?.();
    await passing;
    assert.ok(!turn.isOver(50), `round ${round}`);
    turn.end();
  }
});

Deno.test("answers of many turns do not add up to much in one", () => {
  const { turns, pauses } = setUp();
  let answered = 0;
  const turn = new Turn(turns, {}, () => answered);
  for (let read = 0; read < 10; read++) {
    turn.begin(50);
    answered += turnBytesMax / 4;
    for (let line = 0; line < 4; line++) assert.ok(!turn.isOver(50), `read ${read}`);
    turn.end();
    void turns.next({});
    pauses.shift()?.();
  }
});
