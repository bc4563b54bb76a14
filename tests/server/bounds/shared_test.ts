import assert from "node:assert/strict";
import { type LogFields, silentLogger } from "../../../src/base/log.ts";
import { waitFor } from "../../support/wait_for.ts";
import { Gates, serverTest } from "../fixtures/harness.ts";
import {
  partialLinesBytesMax,
  requestsBytesMax,
  unreadBytesMax,
} from "../../../src/server/limits.ts";
import { memoryWarning, sharedLimitsFor } from "../../../src/server/bounds/shared.ts";
import type { RawPeer } from "../fixtures/peer.ts";

serverTest(
  "many lines begun and not ended are too long together, and one is told so",
  async (harness) => {
    const server = harness.listen({ sharedLimits: { partialLinesBytesMax: 500_000 } });
    const honest = await harness.connect(server);
    const peers: RawPeer[] = [];
    for (let i = 0; i < 20; i++) {
      const peer = await harness.connect(server);
      await peer.send(`"${"x".repeat(100_000)}`);
      peers.push(peer);
    }
    await waitFor("most of them to be closed", () => {
      return peers.filter(({ isEnded }) => isEnded).length >= 15;
    });
    const told = peers.flatMap(({ lines }) => lines).map((line) => JSON.parse(line));
    assert.ok(told.length >= 15);
    assert.ok(told.every(({ id, error }) => id === null && error.code === -32002));
    assert.equal((await honest.call(1, "ping")).result, "pong");
  },
);

serverTest(
  "peers that read nothing are bounded together, those who read go on, and the log tells the numbers (P-42)",
  async (harness) => {
    const pool = await harness.startPool();
    const warned: (LogFields | undefined)[] = [];
    const server = harness.listen({
      pool,
      log: { ...silentLogger, warn: (_message, fields) => void warned.push(fields) },
      limits: { outboxBytesMax: 100_000 },
      sharedLimits: { unreadBytesMax: 10_000_000 },
    });
    const honest = await harness.connect(server);
    const conns: Deno.TcpConn[] = [];
    harness.onClose(() => Promise.resolve(conns.forEach((conn) => conn.close())));
    // On a slow machine it takes longer than a call's usual deadline to make all of it.
    const timeoutMs = 600_000;
    const params = [1, 1_000_000];
    const request = { jsonrpc: "2.0", id: 1, method: "largeItems", params, meta: { timeoutMs } };
    const bytes = new TextEncoder().encode(`${JSON.stringify(request)}\n`.repeat(12));
    for (let i = 0; i < 20; i++) {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.address.port });
      conns.push(conn);
      await conn.write(bytes);
    }
    await waitFor("some to be closed", () => warned.length > 0, { timeoutMs: 300_000 });
    for (let id = 1; id <= 5; id++) {
      const { result } = await honest.call(id, "largeItems", params, timeoutMs);
      assert.equal((result as string[]).length, 1);
    }
    const [fields] = warned;
    assert.equal(fields?.["kind"], "unread");
    assert.match(String(fields?.["peer"]), /^127\.0\.0\.1:\d+$/);
    assert.equal(fields?.["bytesMax"], 10_000_000);
    assert.ok(Number(fields?.["totalBytes"]) > 10_000_000, "they were too many");
  },
);

serverTest("long requests of all connections are bounded together (P-44)", async (harness) => {
  const gates = new Gates();
  const server = harness.listen({
    procedures: { slow: gates.procedure },
    sharedLimits: { requestsBytesMax: 100_000 },
  });
  const meta = { note: "x".repeat(40_000) };
  const line = `${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "slow", params: [1], meta })}\n`;
  const peers: RawPeer[] = [];
  for (let i = 0; i < 3; i++) {
    const peer = await harness.connect(server);
    await peer.send(line);
    if (i < 2) await waitFor("it to begin", () => gates.begun === i + 1);
    peers.push(peer);
  }
  const refused = await (peers[2] as RawPeer).answer(1);
  assert.deepEqual([refused.error?.code, refused.error?.data?.executed], [-32002, "no"]);
  gates.release();
  for (const peer of peers.slice(0, 2)) assert.equal((await peer.answer(1)).result, "released");
  gates.release();
});

Deno.test("a server that takes longer messages has room for some of them, and never less than usual", () => {
  const least = { partialLinesBytesMax, requestsBytesMax, unreadBytesMax };
  assert.deepEqual(sharedLimitsFor(1), least);
  const gib = 1024 ** 3;
  assert.deepEqual(sharedLimitsFor(gib), {
    ...{ partialLinesBytesMax: 4 * gib, requestsBytesMax: 8 * gib, unreadBytesMax: 8 * gib },
  });
});

Deno.test("a machine that callers can fill is told of", () => {
  const gib = 1024 ** 3;
  const mayHoldBytes = 20 * gib;
  assert.equal(memoryWarning(gib, mayHoldBytes), undefined);
  const memoryBytes = mayHoldBytes - 1;
  assert.deepEqual(memoryWarning(gib, memoryBytes), { messageMax: gib, mayHoldBytes, memoryBytes });
  assert.equal(memoryWarning(1, gib), undefined);
});
