import assert from "node:assert/strict";
import * as z from "zod";
import { systemClock } from "../../../src/base/clock.ts";
import { turnBytesMax, turnMs, turnShareOfHeavy } from "../../../src/base/limits.ts";
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
  pauses.shift()?.();
  await settled();
  assert.ok(passed);
  assert.ok(!turn.isOver(longLine));
});

Deno.test("what several take counts together, and who takes little does not wait for it", () => {
  const { clock, turns } = setUp();
  const [heavy, other, light] = [new Turn(turns), new Turn(turns), new Turn(turns)];
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
  const turn = new Turn(turns, () => answered);
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

Deno.test("who has little under way at once is kept from nothing, whatever it takes in time", () => {
  const { clock, turns } = setUp();
  const turn = new Turn(turns);
  for (let i = 0; i < 10; i++) {
    turn.begin(64 * 50);
    clock.advance(turnMs / turnShareOfHeavy / 2);
    assert.ok(!turn.isOver(longLine));
    turn.end();
  }
});

Deno.test("who is alone has no turns, and many have theirs one after the other", async () => {
  const alone = setUp(true);
  const turn = new Turn(alone.turns);
  turn.begin(manyBytes);
  alone.clock.advance(100 * turnMs);
  assert.ok(!turn.isOver(longLine));

  const { turns, pauses } = setUp();
  const order: number[] = [];
  for (let i = 0; i < 3; i++) void turns.next().then(() => order.push(i));
  for (const expected of [[0], [0, 1], [0, 1, 2]]) {
    assert.equal(pauses.length, 1);
    pauses.shift()?.();
    await settled();
    assert.deepEqual(order, expected);
  }
  assert.equal(pauses.length, 0);
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
  { peers, lines }: { peers: number; lines: number },
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
  const honest = await connect();
  const ping = new TextEncoder().encode('{"jsonrpc":"2.0","id":1,"method":"rpc.ping"}\n');
  const flood = new TextEncoder().encode(
    '{"jsonrpc":"2.0","id":1,"method":"costly"}\n'.repeat(lines),
  );
  for (let i = 0; i < peers; i++) {
    const conn = await connect();
    void (async () => {
      for (let rest = flood; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
    })();
  }
  const waits: number[] = [];
  const buffer = new Uint8Array(1024);
  while (taken < peers * lines / 2) {
    const before = taken;
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
      assert.ok(Math.max(...waits) <= 6 * linesOfTurn, `${waits.toSorted((a, b) => b - a)}`);
    },
  );
}

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
