import assert from "node:assert/strict";
import * as z from "zod";
import { defineProcedure, type Procedures } from "../../src/procedures/procedure.ts";
import type { RpcServer } from "../../src/server/server.ts";
import { sessionLimitsDefault } from "../../src/server/bounds/session_limits.ts";
import { waitFor } from "../support/wait_for.ts";
import { type ServerHarness, serverTest } from "./fixtures/harness.ts";
import type { RawPeer } from "./fixtures/peer.ts";

/** What inline streams did. */
interface Log {
  readonly made: number[];
  readonly stopped: number[];
}

/** Streams that run in the main process, and what they did. */
function inlineStreams(): { readonly procedures: Procedures; readonly log: Log } {
  const log: Log = { made: [], stopped: [] };
  const tally = defineProcedure({
    input: z.tuple([z.int(), z.int().optional()]),
    names: ["n", "length"],
    output: z.unknown(),
    kind: "inline",
  }, async function* ([n, length]) {
    let i = 0;
    try {
      while (i < n) {
        log.made.push(++i);
        yield length === undefined ? i : "x".repeat(length);
      }
    } finally {
      log.stopped.push(i);
    }
  });
  const add = defineProcedure({
    input: z.tuple([z.number(), z.number()]),
    output: z.number(),
    kind: "inline",
  }, ([a, b]) => a + b);
  return { procedures: { tally, add }, log };
}

function ask(
  peer: RawPeer,
  id: unknown,
  method: string,
  params: unknown,
  { timeoutMs = 600_000, ...meta }: Record<string, unknown>,
): Promise<void> {
  const request = { jsonrpc: "2.0", id, method, params, meta: { timeoutMs, ...meta } };
  return peer.send(`${JSON.stringify(request)}\n`);
}

function notify(peer: RawPeer, method: string, params: unknown): Promise<void> {
  return peer.send(`${JSON.stringify({ jsonrpc: "2.0", method, params })}\n`);
}

interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: { readonly id: unknown; readonly items: unknown[] };
  readonly result?: unknown;
}

function messages(peer: RawPeer): Message[] {
  return peer.lines.map((line) => JSON.parse(line) as Message);
}

/** All items of a stream that have come. */
function itemsOf(peer: RawPeer, id: unknown): unknown[] {
  return messages(peer)
    .filter(({ method, params }) => method === "rpc.item" && params?.id === id)
    .flatMap(({ params }) => params?.items);
}

async function start(
  harness: ServerHarness,
  limits = {},
): Promise<{ server: RpcServer; peer: RawPeer; log: Log }> {
  const { procedures, log } = inlineStreams();
  const pool = await harness.startPool();
  const server = harness.listen({
    procedures,
    pool,
    limits: { ...sessionLimitsDefault, ...limits },
  });
  return { server, peer: await harness.connect(server), log };
}

serverTest(
  "P-54: calls of a plain procedure count for no streams, whatever was asked for",
  async (harness) => {
    const { peer } = await start(harness, { inFlightMax: 8 });
    const ids = [1, 2, 3, 4, 5, 6];
    const call = (id: number) => ({
      ...{ jsonrpc: "2.0", id, method: "wait" },
      ...{ params: [50], meta: { stream: 1, timeoutMs: 600_000 } },
    });
    await peer.send(ids.map((id) => `${JSON.stringify(call(id))}\n`).join(""));
    for (const id of ids) assert.equal(typeof (await peer.answer(id)).result, "number");
  },
);

serverTest(
  "P-55: the items of a stream come before its answer, which is their number",
  async (harness) => {
    const { peer } = await start(harness);
    for (const [id, method] of [["a", "tally"], ["b", "countSync"], ["c", "countIo"]] as const) {
      await ask(peer, id, method, [3], { stream: 10 });
      assert.equal((await peer.answer(id)).result, 3);
      assert.deepEqual(itemsOf(peer, id), [1, 2, 3]);
      const about = messages(peer).filter((message) => (message.params?.id ?? message.id) === id);
      assert.equal(about.at(-1)?.id, id);
    }
  },
);

serverTest(
  "P-55: a stream without items is told from a plain answer by one rpc.item",
  async (harness) => {
    const { peer } = await start(harness);
    for (const [id, method] of [[1, "tally"], [2, "countSync"]] as const) {
      await ask(peer, id, method, [0], { stream: 10 });
      assert.equal((await peer.answer(id)).result, 0);
      assert.deepEqual(messages(peer).filter(({ params }) => params?.id === id), [
        { jsonrpc: "2.0", method: "rpc.item", params: { id, items: [] } },
      ]);
    }
  },
);

serverTest(
  "P-54: who asks a plain procedure for a stream is given a plain answer",
  async (harness) => {
    const { peer } = await start(harness);
    await ask(peer, 1, "add", [1, 2], { stream: 1 });
    assert.equal((await peer.answer(1)).result, 3);
    await ask(peer, 2, "fib", [10], { stream: 1 });
    assert.equal((await peer.answer(2)).result, 55);
    assert.equal(peer.lines.length, 2);
  },
);

serverTest("P-54: an initial credit that is none is no valid request", async (harness) => {
  const { peer } = await start(harness);
  for (const [id, stream] of [[1, 0], [2, 1.5], [3, true], [4, 65_537], [5, "8"]] as const) {
    await ask(peer, id, "tally", [1], { stream });
    assert.equal((await peer.answer(id)).error?.code, -32600);
  }
});

serverTest("P-54: a notification has no stream", async (harness) => {
  const { peer, log } = await start(harness);
  await ask(peer, undefined, "tally", [2], { stream: 10 });
  await waitFor("it to run", () => log.stopped.length === 1);
  assert.equal((await peer.call(1, "add", [1, 1])).result, 2);
  assert.equal(peer.lines.length, 1);
});

serverTest(
  "P-56, P-57: the procedure goes on exactly as far as its caller grants",
  async (harness) => {
    const { peer, log } = await start(harness);
    await ask(peer, 1, "tally", [10], { stream: 2 });
    await waitFor("two items", () => itemsOf(peer, 1).length === 2);
    await peer.call(2, "wait", [30]);
    assert.deepEqual(log.made, [1, 2]);
    for (const params of [{ id: 1, n: 0 }, { id: 1, n: "2" }, { id: 9, n: 5 }, { id: 1 }, [1, 5]]) {
      await notify(peer, "rpc.more", params);
    }
    await peer.call(3, "wait", [30]);
    assert.deepEqual(log.made, [1, 2]);
    await notify(peer, "rpc.more", { id: 1, n: 3 });
    await waitFor("three more", () => itemsOf(peer, 1).length === 5);
    await notify(peer, "rpc.more", { id: 1, n: 6 });
    assert.equal((await peer.answer(1)).result, 10);
  },
);

serverTest("P-59: a caller who asks for no stream is given an array", async (harness) => {
  const { peer } = await start(harness);
  assert.deepEqual((await peer.call(1, "tally", [3])).result, [1, 2, 3]);
  assert.deepEqual((await peer.call(2, "countSync", [3])).result, [1, 2, 3]);
  const { error } = await peer.call(3, "tally", [1_000, 10_000]);
  assert.deepEqual([error?.code, error?.data?.executed], [-32603, "yes"]);
  assert.match(
    error?.message ?? "",
    /4194304 bytes \(rpc serve --message-max, .* Call it as a stream/,
  );
});

serverTest(
  "P-60: rpc.cancel, a lost connection and the deadline stop a stream",
  async (harness) => {
    const { server, peer, log } = await start(harness);
    await ask(peer, 1, "tally", [1_000], { stream: 1 });
    await waitFor("an item", () => itemsOf(peer, 1).length === 1);
    await notify(peer, "rpc.cancel", { id: 1 });
    const { error } = await peer.answer(1);
    assert.deepEqual([error?.code, error?.data?.executed], [-32004, "maybe"]);
    await waitFor("its finally", () => log.stopped.length === 1);

    await ask(peer, 2, "tally", [1_000], { stream: 1, timeoutMs: 200 });
    assert.equal((await peer.answer(2)).error?.code, -32001);
    await waitFor("its finally", () => log.stopped.length === 2);

    const other = await harness.connect(server);
    await ask(other, 3, "tally", [1_000], { stream: 1 });
    await waitFor("an item", () => itemsOf(other, 3).length === 1);
    await other.close();
    await waitFor("its finally", () => log.stopped.length === 3);
  },
);

// To see it fail: let OpenCalls.cancelStarved in src/server/session/open_calls.ts return at once.
serverTest(
  "P-60: a stream ends whose client cannot grant it any more, and no other",
  async (harness) => {
    const { peer, log } = await start(harness);
    await ask(peer, 1, "tally", [10], { stream: 3 });
    await ask(peer, 2, "tally", [2], { stream: 3 });
    await peer.closeWrite();
    await peer.ended();
    const { error } = await peer.answer(1);
    assert.deepEqual([error?.code, error?.data?.executed], [-32004, "maybe"]);
    assert.match(error?.message ?? "", /its client's side of the connection has ended/);
    assert.equal((await peer.answer(2)).result, 2);
    assert.deepEqual(log.stopped.toSorted(), [2, 3]);
  },
);

serverTest("a batch may hold streams: items at once, answers together", async (harness) => {
  const { peer } = await start(harness);
  const batch = [1, 2].map((id) => (
    { jsonrpc: "2.0", id, method: "tally", params: [id], meta: { stream: 10 } }
  ));
  await peer.send(`${JSON.stringify(batch)}\n`);
  await waitFor("the answers", () => peer.lines.some((line) => line.startsWith("[")));
  assert.deepEqual([itemsOf(peer, 1), itemsOf(peer, 2)], [[1], [1, 2]]);
  const answers = JSON.parse(peer.lines.at(-1) as string) as Message[];
  assert.deepEqual(answers.map(({ result }) => result).sort(), [1, 2]);
});

serverTest(
  "a client that grants much and reads nothing makes the procedure wait",
  async (harness) => {
    const outboxBytesMax = 1024 * 1024;
    const { server, log } = await start(harness, { outboxBytesMax });
    const deaf = await Deno.connect({ hostname: "127.0.0.1", port: server.address.port });
    try {
      const line = {
        jsonrpc: "2.0",
        id: 1,
        method: "tally",
        params: [60_000, 100_000],
        meta: { stream: 60_000, timeoutMs: 600_000 },
      };
      await deaf.write(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
      // As much as the kernel's buffers, the outbox and a window hold, and then no more.
      let before = -1;
      await waitFor("it to stand still", async () => {
        const stood = log.made.length === before && before > 0;
        before = log.made.length;
        await new Promise((resolve) => setTimeout(resolve, 300));
        return stood && log.made.length === before;
      });
      assert.ok(log.made.length < 1_000, `${log.made.length} items of 100 kB were made`);
    } finally {
      deaf.close();
    }
    await waitFor("its finally", () => log.stopped.length === 1);
  },
);

serverTest(
  "streams that wait for credit leave room for calls, and past half of it are refused",
  async (harness) => {
    const { peer } = await start(harness, { inFlightMax: 4 });
    for (const id of [1, 2, 3]) await ask(peer, id, "tally", [5], { stream: 1 });
    const { error } = await peer.answer(3);
    assert.deepEqual([error?.code, error?.data?.executed], [-32002, "no"]);
    for (const id of [4, 5, 6, 7, 8]) await peer.request(id, "wait", [5]);
    for (const id of [4, 5, 6, 7, 8]) assert.equal(typeof (await peer.answer(id)).result, "number");
    for (const id of [1, 2]) await notify(peer, "rpc.more", { id, n: 10 });
    for (const id of [1, 2]) assert.equal((await peer.answer(id)).result, 5);
  },
);

serverTest("an item that cannot be sent ends its stream in a typed error", async (harness) => {
  const { peer, log } = await start(harness);
  await ask(peer, 1, "tally", [5, 5_000_000], { stream: 10 });
  const { error } = await peer.answer(1);
  assert.deepEqual([error?.code, error?.data?.executed], [-32603, "yes"]);
  await waitFor("its finally", () => log.stopped.length === 1);
  assert.equal((await peer.call(2, "add", [1, 1])).result, 2);
});
