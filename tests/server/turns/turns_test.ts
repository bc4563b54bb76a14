import assert from "node:assert/strict";
import { bytesBetweenBriefPauses } from "../../../src/base/system/give_way.ts";
import { Flow } from "../../../src/server/turns/flow.ts";
import { Turn } from "../../../src/server/turns/turn.ts";
import { Turns } from "../../../src/server/turns/turns.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";
import {
  turnAloneMs,
  turnBriefMs,
  turnMs,
  turnOwedFromMs,
  turnOwedLookMs,
  turnOwedMsMax,
  turnOwedMsMin,
  turnOwedTimes,
  turnPartBytes,
  turnReadBytes,
  turnsAheadMax,
  turnsBrief,
  turnShareOfHeavy,
  turnsHeldMax,
  turnShortMs,
} from "../../../src/server/turns/limits.ts";

const longLine = 64 * 1024;
const manyBytes = 64 * 1024;

/** Turns on a clock that stands still, and what lets others come. */
function setUp(isAlone = false) {
  const clock = new VirtualClock();
  const pauses: (() => void)[] = [];
  const turns = new Turns(clock, () => isAlone, (callback) => void pauses.push(callback));
  return { clock, turns, pauses };
}

Deno.test("of what a connection sends much, little is cut into lines at once, and only whole lines", () => {
  const { turns } = setUp();
  const turn = new Turn(turns, {});
  const bytes = new TextEncoder().encode("a line of 20 bytes.\n".repeat(1_000));
  turn.begin(bytes.length);
  const part = turn.partOf(bytes);
  assert.equal(part.length, Math.floor(turnPartBytes / 20) * 20);
  assert.equal(turn.partOf(bytes.subarray(0, turnPartBytes)).length, turnPartBytes);
  const long = new Uint8Array(manyBytes);
  assert.equal(turn.partOf(long), long);
  const line = `${"x".repeat(turnPartBytes)}\n`;
  const longer = new TextEncoder().encode(line.repeat(10));
  assert.equal(turn.partOf(longer).length, line.length);
  // A client with 64 calls in flight sends less at once.
  turn.begin(turnPartBytes * 2);
  assert.equal(turn.partOf(bytes), bytes);
  const alone = new Turn(setUp(true).turns, {});
  alone.begin(bytes.length);
  assert.equal(alone.partOf(bytes), bytes);
});

Deno.test("what takes long is over after its turn, also over several reads, and then waits for the others", async () => {
  const { clock, turns, pauses } = setUp();
  const turn = new Turn(turns, {});
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
  pauses.shift()?.();
  await settled();
  assert.ok(passed);
  assert.ok(!turn.isOver(longLine));
});

Deno.test("what several take counts together, and who takes little does not wait for it", () => {
  const { clock, turns } = setUp();
  const [heavy, other, light] = [new Turn(turns, {}), new Turn(turns, {}), new Turn(turns, {})];
  for (const turn of [heavy, other]) {
    turn.begin(manyBytes);
    clock.advance(turnMs / 2);
    turn.end();
  }
  light.begin(manyBytes);
  clock.advance(turnMs / turnShareOfHeavy / 2);
  assert.ok(!light.isOver(longLine));
  light.end();
  heavy.begin(manyBytes);
  assert.ok(heavy.isOver(longLine));
});

Deno.test("who sends short reads without pause has turns too, which are longer", () => {
  const { clock, turns } = setUp();
  const turn = new Turn(turns, {});
  let spentMs = 0;
  do {
    turn.begin(64 * 50);
    clock.advance(turnMs / 4);
    spentMs += turnMs / 4;
  } while (!turn.isOver(longLine) && spentMs < 10 * turnShortMs);
  assert.ok(spentMs > turnMs && spentMs < turnShortMs + turnMs, `${spentMs} ms`);
});

Deno.test("who has little under way at once is kept from nothing, whatever it takes in time", () => {
  const { clock, turns } = setUp();
  const turn = new Turn(turns, {});
  for (let i = 0; i < 10; i++) {
    turn.begin(64 * 50);
    clock.advance(turnMs / turnShareOfHeavy / 2);
    assert.ok(!turn.isOver(longLine));
    turn.end();
  }
});

Deno.test("who is alone stops sometimes, for those who want to connect", () => {
  const alone = setUp(true);
  const turn = new Turn(alone.turns, {});
  turn.begin(manyBytes);
  alone.clock.advance(turnAloneMs - turnMs);
  assert.ok(!turn.isOver(longLine));
  alone.clock.advance(turnMs);
  assert.ok(turn.isOver(longLine));
});

Deno.test("many callers have their turns one after the other", async () => {
  const { turns, pauses } = setUp();
  const order: number[] = [];
  for (let i = 0; i < 3; i++) void turns.next({}).then(() => order.push(i));
  for (const expected of [[0], [0, 1], [0, 1, 2]]) {
    assert.equal(pauses.length, 1);
    pauses.shift()?.();
    await settled();
    assert.deepEqual(order, expected);
  }
  assert.equal(pauses.length, 0);
});

Deno.test("a caller has one turn in a round, however many connections it has", async () => {
  const { turns, pauses } = setUp();
  const [greedy, other] = [{}, {}];
  const order: object[] = [];
  const again = (caller: object) => void turns.next(caller).then(() => order.push(caller));
  for (let i = 0; i < 100; i++) again(greedy);
  again(other);
  for (let i = 0; i < 3; i++) {
    pauses.shift()?.();
    await settled();
    if (order.at(-1) === other) again(other);
  }
  pauses.shift()?.();
  await settled();
  assert.deepEqual(order.map((caller) => caller === greedy), [true, false, true, false]);
});

Deno.test("who holds something until it is done goes before those who wait to begin", async () => {
  const { turns, pauses } = setUp();
  const order: string[] = [];
  for (const name of ["first", "second"]) void turns.next({}).then(() => order.push(name));
  void turns.next({}, "held").then(() => order.push("begun"));
  for (let i = 0; i < 3; i++) {
    pauses.shift()?.();
    await settled();
  }
  assert.deepEqual(order, ["begun", "first", "second"]);
});

Deno.test("who waits to begin has a turn though others always hold something", async () => {
  const { turns, pauses } = setUp();
  const again = (): void => void turns.next({}, "held").then(again);
  for (let i = 0; i < 2; i++) again();
  let passes = 0;
  let hasBegun = false;
  void turns.next({}).then(() => hasBegun = true);
  while (!hasBegun && passes < 10 * turnsAheadMax) {
    passes++;
    pauses.shift()?.();
    await settled();
  }
  assert.equal(passes, turnsAheadMax + 1);
});

Deno.test("long lines and others have turns alike, however often others go on between them", async () => {
  for (const passesBetween of [0, 1, 2, 3]) {
    const { turns, pauses } = setUp();
    const order: string[] = [];
    for (let i = 0; i < 6; i++) {
      void turns.next({}).then(() => order.push("other"));
      void turns.next({}, "long").then(() => order.push("long"));
    }
    for (let i = 0; i < 6; i++) {
      for (let i = 0; i < passesBetween; i++) void turns.next({}, "begun");
      for (let i = 0; i <= passesBetween; i++) pauses.shift()?.();
      await settled();
    }
    const expected = ["long", "other", "long", "other", "long", "other"];
    assert.deepEqual(order, expected, `${passesBetween} go on`);
  }
});

Deno.test("of those who hold something a caller has one turn in a round, too", async () => {
  const { turns, pauses } = setUp();
  const greedy = {};
  const order: string[] = [];
  for (let i = 0; i < 100; i++) void turns.next(greedy, "held").then(() => order.push("greedy"));
  void turns.next({}, "held").then(() => order.push("other"));
  for (let i = 0; i < 3; i++) {
    pauses.shift()?.();
    await settled();
  }
  assert.deepEqual(order, ["greedy", "other", "greedy"]);
});

Deno.test("a process that was stopped in a turn owes little of that time", async () => {
  const { clock, turns, pauses } = setUp();
  let isNext = false;
  const turn = new Turn(turns, {});
  turn.begin(manyBytes);
  clock.advance(60_000);
  turn.end();
  void turn.pass().then(() => isNext = true);
  new Turn(turns, {}).begin(50);
  pauses.shift()?.();
  await clock.advanceAsync(turnOwedMsMax);
  assert.ok(isNext);
});

Deno.test("it is looked at the clock the more often, the longer the lines take", () => {
  const { clock, turns } = setUp();
  const turn = new Turn(turns, {});
  turn.begin(manyBytes);
  let lines = 0;
  while (!turn.isOver(10)) {
    clock.advance(turnMs / 2);
    lines++;
  }
  assert.ok(lines <= 3, `${lines} lines of half a turn each`);
});

Deno.test("who sends much has no part of a turn before its own while others wait for theirs", () => {
  const { clock, turns } = setUp();
  void turns.next({});
  const [much, little] = [new Turn(turns, {}), new Turn(turns, {})];
  turns.spend(turnMs);
  much.begin(manyBytes);
  little.begin(100);
  clock.advance(turnMs / turnShareOfHeavy / 4);
  assert.ok(much.isOver(10));
  assert.ok(!little.isOver(10));
  assert.ok(new Turn(turns, {}).isOver(longLine), "nor begins what is very long");
});

for (
  const { others, tookMs, owedMs } of [
    { others: true, tookMs: turnOwedFromMs, owedMs: turnOwedMsMin },
    { others: true, tookMs: 50, owedMs: 50 * turnOwedTimes },
    { others: false, tookMs: turnOwedFromMs, owedMs: 0 },
  ]
) {
  Deno.test(`a turn of ${tookMs} ms that could not be interrupted is ${others ? "owed to the others as long as they use it" : "owed to nobody where there are none"}`, async () => {
    const { clock, turns, pauses } = setUp();
    let isNext = false;
    const turn = new Turn(turns, {});
    turn.begin(manyBytes);
    clock.advance(tookMs);
    turn.end();
    void turn.pass().then(() => isNext = true);
    if (others) new Turn(turns, {}).begin(50);
    pauses.shift()?.();
    await settled();
    assert.equal(isNext, !others);
    if (!others) return;
    const calls = owedMs / turnOwedLookMs;
    for (let call = 1; call < calls; call++) {
      new Turn(turns, {}).begin(50);
      await clock.advanceAsync(turnOwedLookMs);
      assert.ok(!isNext);
    }
    new Turn(turns, {}).begin(50);
    await clock.advanceAsync(turnOwedLookMs);
    assert.ok(isNext);
  });
}

Deno.test("what is owed to others who do no more ends at the next look", async () => {
  const { clock, turns, pauses } = setUp();
  let isNext = false;
  turns.spend(turnOwedMsMin);
  void turns.next({}).then(() => isNext = true);
  new Turn(turns, {}).begin(50);
  pauses.shift()?.();
  await clock.advanceAsync(turnOwedLookMs - 0.1);
  assert.ok(!isNext);
  await clock.advanceAsync(0.1);
  assert.ok(isNext);
});

Deno.test("turns are brief, and reads short, while others send little, and not for much longer", async () => {
  const { turns, pauses } = setUp();
  const pass = async () => {
    const passing = turns.next({});
    pauses.shift()?.();
    await passing;
  };
  const buffer = new Uint8Array(turnReadBytes * 2);
  const much = new Turn(turns, {});
  const passing = turns.next({});
  // Its reads are short now and then.
  much.begin(manyBytes);
  much.begin(50);
  pauses.shift()?.();
  await passing;
  assert.equal(turns.lengthOf(true), turnMs);
  assert.equal(turns.partToRead(buffer).length, buffer.length);
  const next = turns.next({});
  new Turn(turns, {}).begin(50);
  pauses.shift()?.();
  await next;
  for (let turn = 0; turn < turnsBrief; turn++) {
    assert.equal(turns.lengthOf(true), turnBriefMs);
    assert.equal(turns.partToRead(buffer).length, turnReadBytes);
    assert.equal(new Flow(turns).stepBytes, bytesBetweenBriefPauses);
    await pass();
  }
  assert.equal(turns.lengthOf(true), turnMs);
});

Deno.test("few long lines are held at once: no further one begins before one of them has ended", async () => {
  const { turns, pauses } = setUp();
  const lines = 100;
  let [held, most, done] = [0, 0, 0];
  const work = async () => {
    const turn = new Turn(turns, {});
    turn.begin(manyBytes);
    turn.isOver(longLine);
    await turn.pass();
    most = Math.max(most, ++held);
    for (let part = 0; part < 10 * turnsAheadMax; part++) await turn.pass(true);
    held--;
    done++;
  };
  const all = Array.from({ length: lines }, work);
  let others = 0;
  const other = (): void => void turns.next({}).then(() => others++).then(other);
  other();
  while (done < lines) {
    pauses.shift()?.();
    await Promise.resolve();
    await Promise.resolve();
  }
  await Promise.all(all);
  assert.ok(most <= turnsHeldMax, `${most} at once`);
  assert.ok(others >= 10 * lines / 2, `${others} turns of others`);
});

Deno.test("what many took one after the other, each little, is owed to nobody", async () => {
  const { clock, turns, pauses } = setUp();
  let isNext = false;
  for (let spentMs = 0; spentMs < 2 * turnOwedFromMs; spentMs += turnMs / 4) {
    const turn = new Turn(turns, {});
    turn.begin(50);
    clock.advance(turnMs / 4);
    turn.end();
  }
  void new Turn(turns, {}).pass().then(() => isNext = true);
  new Turn(turns, {}).begin(50);
  pauses.shift()?.();
  await settled();
  assert.ok(isNext);
});
