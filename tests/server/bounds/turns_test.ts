import assert from "node:assert/strict";
import * as z from "zod";
import { systemClock } from "../../../src/base/clock.ts";
import {
  turnAloneMs,
  turnBytesMax,
  turnMs,
  turnOwedFromMs,
  turnOwedMsMax,
  turnOwedTimes,
  turnsAheadMax,
  turnShareOfHeavy,
  turnShortMs,
} from "../../../src/base/limits.ts";
import { defineProcedure } from "../../../src/procedures/procedure.ts";
import { giveWay } from "../../../src/base/system/give_way.ts";
import { Turn, Turns } from "../../../src/server/bounds/turns.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";
import { type ServerHarness, serverTest } from "../fixtures/harness.ts";

const longLine = 64 * 1024;
const manyBytes = 64 * 1024;

/** Turns on a clock that stands still, and what lets others come. */
function setUp(isAlone = false) {
  const clock = new VirtualClock();
  const pauses: (() => void)[] = [];
  const turns = new Turns(clock, () => isAlone, (callback) => void pauses.push(callback));
  return { clock, turns, pauses };
}

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
  void turns.next({}, true).then(() => order.push("begun"));
  for (let i = 0; i < 3; i++) {
    pauses.shift()?.();
    await settled();
  }
  assert.deepEqual(order, ["begun", "first", "second"]);
});

Deno.test("who waits to begin has a turn though others always hold something", async () => {
  const { turns, pauses } = setUp();
  const again = (): void => void turns.next({}, true).then(again);
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

Deno.test("of those who hold something a caller has one turn in a round, too", async () => {
  const { turns, pauses } = setUp();
  const greedy = {};
  const order: string[] = [];
  for (let i = 0; i < 100; i++) void turns.next(greedy, true).then(() => order.push("greedy"));
  void turns.next({}, true).then(() => order.push("other"));
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

for (const others of [true, false]) {
  Deno.test(`a turn that could not be interrupted is ${others ? "owed to the others" : "owed to nobody where there are none"}`, async () => {
    const { clock, turns, pauses } = setUp();
    let isNext = false;
    const turn = new Turn(turns, {});
    turn.begin(manyBytes);
    clock.advance(turnOwedFromMs);
    turn.end();
    void turn.pass().then(() => isNext = true);
    if (others) new Turn(turns, {}).begin(50);
    pauses.shift()?.();
    await settled();
    assert.equal(isNext, !others);
    if (!others) return;
    await clock.advanceAsync(turnOwedFromMs * turnOwedTimes - 0.1);
    assert.ok(!isNext);
    await clock.advanceAsync(0.1);
    assert.ok(isNext);
  });
}

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

Deno.test("way is given to what has come on a connection by then", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [client, conn] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
  try {
    for (let round = 0; round < 100; round++) {
      let hasCome = false;
      const coming = conn.read(new Uint8Array(64)).then(() => hasCome = true);
      await client.write(new Uint8Array(1));
      await new Promise<void>(giveWay);
      assert.ok(hasCome);
      await coming;
    }
  } finally {
    client.close();
    conn.close();
  }
});

/** Lines that a connection may have taken before its turn is seen to be over. */
const linesOfTurn = 16;

/**
 * Pings of one connection, while others send lines that take a sixteenth of a turn each. Resolves
 * with how many of these were taken while each ping waited.
 */
async function waitsBeside(
  harness: ServerHarness,
  { peers, lines, isLate = false }: { peers: number; lines: number; isLate?: boolean },
): Promise<number[]> {
  let nowMs = 0;
  let taken = 0;
  const costly = defineProcedure({ input: z.tuple([]), output: z.null(), kind: "inline" }, () => {
    taken++;
    nowMs += turnMs / linesOfTurn;
    return null;
  });
  const server = harness.listen({
    clock: { ...systemClock, now: () => nowMs },
    procedures: { costly },
  });
  const connect = async () => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.address.port });
    harness.onClose(() => Promise.resolve(conn.close()));
    return conn;
  };
  let honest = isLate ? undefined : await connect();
  const ping = new TextEncoder().encode('{"jsonrpc":"2.0","id":1,"method":"rpc.ping"}\n');
  const flood = new TextEncoder().encode(
    '{"jsonrpc":"2.0","id":1,"method":"costly"}\n'.repeat(lines),
  );
  for (let i = 0; i < peers; i++) {
    const conn = await connect();
    void (async () => {
      for (let rest = flood; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
      // The end of the test may come first.
    })().catch(() => {});
  }
  const waits: number[] = [];
  const buffer = new Uint8Array(1024);
  await waitFor("a line to be taken", () => taken > 0);
  while (taken < peers * lines / 2) {
    const before = taken;
    honest ??= await connect();
    await honest.write(ping);
    await honest.read(buffer);
    waits.push(taken - before);
  }
  return waits;
}

for (const { peers, lines } of [{ peers: 1, lines: 20_000 }, { peers: 20, lines: 1_000 }]) {
  serverTest(
    `what a ping waits for is a turn or two, while ${peers} send without pause`,
    async (harness) => {
      const waits = await waitsBeside(harness, { peers, lines });
      // Its reads may be short now and then.
      const most = 6 * linesOfTurn * turnShortMs / turnMs;
      assert.ok(Math.max(...waits) <= most, `${waits.toSorted((a, b) => b - a)}`);
    },
  );
}

serverTest(
  "who connects beside one that sends without pause waits for a turn or two of a lone connection",
  async (harness) => {
    const waits = await waitsBeside(harness, { peers: 1, lines: 200_000, isLate: true });
    assert.ok((waits[0] ?? Infinity) <= 6 * linesOfTurn * turnAloneMs / turnMs, `${waits[0]}`);
  },
);

serverTest(
  "others come between the answers of one who asks for much, by their bytes",
  async (harness) => {
    const answerBytes = 16 * 1024;
    let [made, most] = [0, 0];
    const costly = defineProcedure(
      { input: z.tuple([]), output: z.string(), kind: "inline" },
      () => {
        // All that is made before the loop goes round.
        if (made++ === 0) {
          setImmediate(() => {
            most = Math.max(most, made);
            made = 0;
          });
        }
        return "x".repeat(answerBytes);
      },
    );
    // No time passes: the answers are what counts.
    const server = harness.listen({
      clock: { ...systemClock, now: () => 0 },
      procedures: { costly },
    });
    const [greedy] = [await harness.connect(server), await harness.connect(server)];
    const count = 600;
    await greedy.send('{"jsonrpc":"2.0","id":1,"method":"costly"}\n'.repeat(count));
    await waitFor("all answers", () => greedy.lines.length === count);
    assert.ok(most <= turnBytesMax / answerBytes + 4, `${most} at once`);
  },
);
