import assert from "node:assert/strict";
import * as z from "zod";
import { systemClock } from "../../../src/base/clock.ts";
import { defineProcedure } from "../../../src/procedures/procedure.ts";
import { giveWay } from "../../../src/base/system/give_way.ts";
import { waitFor } from "../../support/wait_for.ts";
import { type ServerHarness, serverTest } from "../fixtures/harness.ts";
import {
  turnAloneMs,
  turnBytesMax,
  turnMs,
  turnShortMs,
} from "../../../src/server/turns/limits.ts";

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
    if (isLate) break;
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
