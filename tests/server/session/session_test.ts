import assert from "node:assert/strict";
import * as z from "zod";
import { builtin } from "../../../src/procedures/builtin.ts";
import { defineProcedure } from "../../../src/procedures/procedure.ts";
import { waitFor } from "../../support/wait_for.ts";
import { Gates, serverTest } from "../fixtures/harness.ts";

const lineOf = (id: number, method: string) =>
  `{"jsonrpc":"2.0","id":${id},"method":"${method}"}\n`;

serverTest("answers leave when they are ready, in any order (P-13, P-14)", async (harness) => {
  const gates = new Gates();
  const server = harness.listen({ procedures: { slow: gates.procedure } });
  const peer = await harness.connect(server);
  await peer.request(1, "slow");
  await peer.request(2, "slow");
  await peer.request("x", "rpc.ping");
  assert.equal((await peer.answer("x")).result, "pong");
  assert.equal(peer.lines.length, 1);
  await waitFor("both to begin", () => gates.begun === 2);
  gates.release();
  assert.equal((await peer.answer(1)).result, "released");
  assert.equal((await peer.answer(2)).result, "released");
});

serverTest("one slow call holds up its batch, and nothing else (P-14, P-25)", async (harness) => {
  const gates = new Gates();
  const server = harness.listen({ procedures: { slow: gates.procedure } });
  const peer = await harness.connect(server);
  await peer.send(`[${lineOf(1, "slow").trim()},${lineOf(2, "rpc.ping").trim()}]\n`);
  assert.equal((await peer.call(3, "rpc.ping")).result, "pong");
  assert.equal(peer.lines.length, 1);
  gates.release();
  await waitFor("the batch", () => peer.lines.length === 2);
  const batch = JSON.parse(peer.lines[1] ?? "") as { id: number }[];
  assert.deepEqual(batch.map(({ id }) => id).toSorted(), [1, 2]);
});

serverTest(
  "a client that ends its side is answered before the server closes (P-40)",
  async (harness) => {
    const gates = new Gates();
    const server = harness.listen({ procedures: { slow: gates.procedure } });
    const peer = await harness.connect(server);
    await peer.send(
      lineOf(1, "slow") + lineOf(2, "slow") + '{"jsonrpc":"2.0","id":3,"method":"rpc.p',
    );
    await peer.closeWrite();
    await waitFor("both to begin", () => gates.begun === 2);
    assert.ok(!peer.isEnded);
    gates.release();
    await peer.ended();
    assert.deepEqual(peer.lines.map((line) => JSON.parse(line).id), [1, 2]);
    assert.deepEqual(gates.aborted, []);
  },
);

serverTest(
  "a client that has gone is told from one that only ended its side (P-2, P-39, P-40)",
  async (harness) => {
    const gates = new Gates();
    const server = harness.listen({ procedures: { slow: gates.procedure } });
    const [gone, listening] = [await harness.connect(server), await harness.connect(server)];
    await gone.request(1, "slow", [1]);
    await gone.request(2, "slow", [2]);
    await listening.request(1, "slow", [3]);
    await waitFor("all to begin", () => gates.begun === 3);
    await gone.close();
    await listening.closeWrite();
    await waitFor("the calls of the first to be cancelled", () => gates.aborted.length === 2);
    assert.deepEqual(gates.aborted, [1, 2]);
    await waitFor("its connection to be forgotten", () => server.stats().connections === 1);
    await waitFor("the other to be asked, too", () => listening.begun.length > 0);
    gates.release();
    // It has told nothing of itself, and may take the first line for its answer.
    assert.equal((await listening.answer(1)).result, "released");
    assert.equal(listening.blankLines, 0);
    await listening.ended();
  },
);

serverTest("rpc.cancel stops the call with that id, and no other (P-31)", async (harness) => {
  const gates = new Gates();
  const server = harness.listen({ procedures: { slow: gates.procedure } });
  const [peer, other] = [await harness.connect(server), await harness.connect(server)];
  await peer.request(1, "slow", [1]);
  await peer.request("1", "slow", [2]);
  await other.request(1, "slow", [3]);
  await waitFor("all to begin", () => gates.begun === 3);
  await peer.request(undefined, "rpc.cancel", { id: 99 });
  await peer.request(undefined, "rpc.cancel", { id: 1 });
  const { error } = await peer.answer(1);
  assert.deepEqual([error?.code, error?.data?.executed], [-32004, "maybe"]);
  assert.deepEqual(gates.aborted, [1]);
  gates.release();
  assert.equal((await peer.answer("1")).result, "released");
  assert.equal((await other.answer(1)).result, "released");
});

serverTest(
  "a connection with too many calls under way is read no further, and then again (P-41)",
  async (harness) => {
    const gates = new Gates();
    const server = harness.listen({
      procedures: { slow: gates.procedure },
      limits: { inFlightMax: 4 },
    });
    const [peer, other] = [await harness.connect(server), await harness.connect(server)];
    await peer.send(Array.from({ length: 10 }, (_, id) => lineOf(id, "slow")).join(""));
    await waitFor("four to begin", () => gates.begun === 4);
    assert.equal((await other.call(1, "rpc.ping")).result, "pong");
    assert.equal(gates.begun, 4);
    gates.release(1);
    await peer.answer(0);
    assert.equal((await other.call(2, "rpc.ping")).result, "pong");
    assert.equal(gates.begun, 4);
    gates.release(1);
    await waitFor("reading to go on at half", () => gates.begun === 6);
    for (let id = 0; id < 10; id++) {
      await waitFor("a call to release", () => {
        gates.release();
        return peer.lines.length > id;
      });
    }
  },
);

serverTest("the members of a batch count as other requests do (P-41)", async (harness) => {
  const gates = new Gates();
  const server = harness.listen({
    procedures: { slow: gates.procedure },
    limits: { inFlightMax: 4 },
  });
  const peer = await harness.connect(server);
  const ids = Array.from({ length: 10 }, (_, id) => id);
  await peer.send(`[${ids.map((id) => lineOf(id, "slow").trim())}]\n`);
  await peer.closeWrite();
  const other = await harness.connect(server);
  await waitFor("four to begin", () => gates.begun === 4);
  assert.equal((await other.call(1, "rpc.ping")).result, "pong");
  assert.equal(gates.begun, 4);
  gates.release(2);
  await waitFor("more to begin at half", () => gates.begun === 6);
  assert.equal((await other.call(2, "rpc.ping")).result, "pong");
  assert.equal(gates.begun, 6);
  await waitFor("the batch", () => {
    gates.release();
    return peer.lines.length === 1;
  });
  const answers = JSON.parse(peer.lines[0] ?? "") as { id: number; result: string }[];
  assert.deepEqual(answers.map(({ id }) => id).toSorted(), ids);
  assert.ok(answers.every(({ result }) => result === "released"));
});

serverTest(
  "a client that never reads is not read either, and closed in the end (P-42)",
  async (harness) => {
    const large = defineProcedure(
      { input: z.tuple([]), output: z.string(), kind: "inline" },
      () => "x".repeat(100_000),
    );
    const server = harness.listen({
      procedures: { ...builtin, large },
      limits: { outboxBytesMax: 64 * 1024, writeStallTimeoutMs: 1_000 },
    });
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.address.port });
    try {
      await conn.write(new TextEncoder().encode(lineOf(1, "large").repeat(1_000)));
      await waitFor("calls to be served", () => (server.stats().methods.large?.calls ?? 0) > 0);
      await waitFor("the server to hang up", () => server.stats().connections === 0);
    } finally {
      conn.close();
    }
    // What the kernel's buffers take, and a little more: not the 100 MB that were asked for.
    const calls = server.stats().methods.large?.calls ?? 0;
    assert.ok(calls < 300, `${calls} answers of 100 kB were made`);
    const peer = await harness.connect(server);
    assert.equal((await peer.call(1, "ping")).result, "pong");
  },
);

serverTest("a line that is not ended in time ends the connection (P-43)", async (harness) => {
  const server = harness.listen({ limits: { partialLineTimeoutMs: 1_000 } });
  const [peer, idle] = [await harness.connect(server), await harness.connect(server)];
  await peer.send(lineOf(1, "ping") + '{"jsonrpc"');
  const dripping = setInterval(() => peer.send(" ").catch(() => {}), 100);
  try {
    await peer.ended();
  } finally {
    clearInterval(dripping);
  }
  assert.equal((await idle.call(2, "ping")).result, "pong");
});

serverTest("a request that comes byte by byte is answered (P-3)", async (harness) => {
  const peer = await harness.connect(harness.listen());
  for (const byte of new TextEncoder().encode(lineOf(7, "ping"))) {
    await peer.send(Uint8Array.of(byte));
  }
  assert.equal((await peer.answer(7)).result, "pong");
});

serverTest(
  "a line that is too long is answered, after the calls before it, and ends the connection (P-5)",
  async (harness) => {
    const gates = new Gates();
    const server = harness.listen({ procedures: { slow: gates.procedure } });
    const peer = await harness.connect(server);
    await peer.request(1, "slow");
    await peer.send("x".repeat(5 * 1024 * 1024));
    const { error } = await peer.answer(null);
    assert.equal(error?.code, -32600);
    gates.release();
    assert.equal((await peer.answer(1)).result, "released");
    await peer.ended();
  },
);

serverTest(
  "a client that has sent too much can read why, though it sends more (P-5)",
  async (harness) => {
    // As long as a slow machine takes to write what follows.
    const server = harness.listen({ limits: { lingerTimeoutMs: 60_000 } });
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.address.port });
    try {
      // Had the server just closed, a reset would break this off and take the answer along.
      let bytes = new Uint8Array(32 * 1024 * 1024).fill(0x78);
      while (bytes.length > 0) bytes = bytes.subarray(await conn.write(bytes));
      const buffer = new Uint8Array(1_024);
      const length = await conn.read(buffer);
      const { error } = JSON.parse(new TextDecoder().decode(buffer.subarray(0, length ?? 0)));
      assert.equal(error.code, -32600);
      assert.equal(await conn.read(buffer), null);
    } finally {
      conn.close();
    }
  },
);

serverTest(
  "an inline call that takes too long is answered at its deadline (P-37)",
  async (harness) => {
    const gates = new Gates();
    const peer = await harness.connect(harness.listen({ procedures: { slow: gates.procedure } }));
    const { error } = await peer.call(1, "slow", [1], 50);
    assert.deepEqual([error?.code, error?.data?.executed], [-32001, "maybe"]);
    assert.deepEqual(gates.aborted, [1]);
    const never = await peer.call(2, "slow", [2], 0);
    assert.deepEqual([never.error?.code, never.error?.data?.executed], [-32001, "no"]);
    assert.equal(gates.begun, 1);
  },
);

serverTest("an unknown method is told with the name that was probably meant", async (harness) => {
  const peer = await harness.connect(harness.listen());
  const { error } = await peer.call(1, "pong");
  assert.equal(error?.code, -32601);
  assert.match(error?.message ?? "", /"pong": did you mean ping\?/);
  assert.equal((await peer.call(2, "rpc.nothing")).error?.code, -32601);
  assert.equal((await peer.call(3, "x".repeat(256))).error?.code, -32601);
});

serverTest("lines of all lengths are taken in order, also where others wait", async (harness) => {
  const lengths: number[] = [];
  const noted = defineProcedure(
    { input: z.tuple([z.string()]), output: z.null(), kind: "inline" },
    ([text]) => {
      lengths.push(text.length);
      return null;
    },
  );
  const server = harness.listen({ procedures: { noted } });
  const [peer, other] = [await harness.connect(server), await harness.connect(server)];
  const sent = Array.from({ length: 2_000 }, (_, i) => i % 97 === 0 ? i * 50 : i % 61 * (i % 7));
  const line = (length: number) =>
    `${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "noted", params: ["x".repeat(length)] })}\n`;
  const sending = peer.send(`${sent.map(line).join("")}\n\n${lineOf(2, "rpc.ping")}`);
  for (let id = 0; id < 20; id++) assert.equal((await other.call(id, "rpc.ping")).result, "pong");
  await sending;
  assert.equal((await peer.answer(2)).result, "pong");
  assert.deepEqual(lengths, sent);
});
