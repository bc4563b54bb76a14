import assert from "node:assert/strict";
import { waitFor } from "../support/wait_for.ts";
import { Gates, serverTest } from "./fixtures/harness.ts";

const megabyte = 1_000_000;

/** A slow machine takes longer than a call's usual deadline to make all that is asked for. */
const meta = { timeoutMs: 600_000 };

/** And it may take longer until its peer reads than a server gives it. */
const writeStallTimeoutMs = 600_000;

const requests = (count: number, method: string, params: unknown) =>
  Array.from(
    { length: count },
    (_, id) => `${JSON.stringify({ jsonrpc: "2.0", id, method, params, meta })}\n`,
  ).join("");

/** A connection whose far end reads only when asked to. */
async function unreadConnection(port: number): Promise<Deno.TcpConn> {
  return await Deno.connect({ hostname: "127.0.0.1", port });
}

async function readAll(conn: Deno.TcpConn, lines: number): Promise<Record<string, unknown>[]> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(256 * 1024);
  let text = "";
  let count = 0;
  while (count < lines) {
    const length = await conn.read(buffer);
    if (length === null) break;
    const piece = decoder.decode(buffer.subarray(0, length), { stream: true });
    count += piece.split("\n").length - 1;
    text += piece;
  }
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

serverTest(
  "calls of a client that reads nothing do not begin, those of others do, and all are answered when it reads (P-42)",
  async (harness) => {
    const pool = await harness.startPool();
    const server = harness.listen({ pool, limits: { writeStallTimeoutMs } });
    const slow = await unreadConnection(server.address.port);
    try {
      const count = 100;
      await slow.write(new TextEncoder().encode(requests(count, "largeItems", [1, megabyte])));
      const other = await harness.connect(server);
      await waitFor("no more of them to begin", () => {
        const { queued, inFlight } = server.stats();
        return queued > 0 && queued === inFlight;
      });
      assert.equal((await other.call(1, "fib", [10])).result, 55);
      assert.ok(server.stats().queued > count / 2, `${server.stats().queued} wait`);
      const answers = await readAll(slow, count);
      assert.equal(answers.length, count);
      assert.ok(answers.every(({ error }) => error === undefined));
    } finally {
      slow.close();
    }
  },
);

serverTest(
  "an answer for which there is no room is replaced by an error that says that it ran (P-13, P-42)",
  async (harness) => {
    const pool = await harness.startPool();
    const server = harness.listen({
      pool,
      limits: { unreadMax: 8 * megabyte, writeStallTimeoutMs },
    });
    const slow = await unreadConnection(server.address.port);
    try {
      const count = 60;
      const batch = requests(2, "large", [400_000]).trim().replace("\n", ",");
      await slow.write(
        new TextEncoder().encode(
          requests(count, "large", [megabyte]) + `[${batch}]\n`.repeat(count),
        ),
      );
      // The calls ran in a worker that takes many at once, so they have all begun before the first
      // answer.
      await waitFor("all to have run", () => {
        const { inFlight, methods } = server.stats();
        return inFlight === 0 && methods["large"]?.calls === 3 * count;
      });
      const lines = await readAll(slow, 2 * count);
      const answers = lines.flat() as { error?: { code: number; data: unknown } }[];
      assert.equal(answers.length, 3 * count);
      const errors = answers.flatMap(({ error }) => error ?? []);
      assert.ok(errors.length > count, `${errors.length} errors`);
      for (const { code, data } of errors) {
        assert.deepEqual([code, data], [-32603, { executed: "yes" }]);
      }
    } finally {
      slow.close();
    }
  },
);

serverTest(
  "the bytes of the requests under way are bounded too, by reading no further (P-41)",
  async (harness) => {
    const gates = new Gates();
    const server = harness.listen({
      procedures: { slow: gates.procedure },
      limits: { requestBytesMax: 100_000 },
    });
    const peer = await harness.connect(server);
    const long = {
      jsonrpc: "2.0",
      method: "slow",
      params: [1],
      meta: { note: "x".repeat(30_000) },
    };
    const line = (id: number) => `${JSON.stringify({ ...long, id })}\n`;
    await peer.send(Array.from({ length: 8 }, (_, id) => line(id)).join(""));
    const other = await harness.connect(server);
    await waitFor("as many as fit to begin", () => gates.begun === 4);
    assert.equal((await other.call(1, "rpc.ping")).result, "pong");
    assert.equal(gates.begun, 4);
    gates.release(3);
    await waitFor("reading to go on at half", () => gates.begun === 7);
    await waitFor("all to be answered", () => {
      gates.release();
      return peer.lines.length === 8;
    });
  },
);
