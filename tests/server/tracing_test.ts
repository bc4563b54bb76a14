import assert from "node:assert/strict";
import * as z from "zod";
import { defineProcedure } from "../../src/procedures/procedure.ts";
import { RecordingTracer } from "../support/recording_tracer.ts";
import { serverTest } from "./fixtures/harness.ts";
import type { RawPeer } from "./fixtures/peer.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const traceparent = `00-${trace}-00f067aa0ba902b7-01`;

/** Answers what trace its call belongs to. */
const where = defineProcedure(
  { input: z.tuple([]), output: z.string().nullable(), kind: "inline" },
  (_, context) => context.traceparent ?? null,
);

async function ask(peer: RawPeer, id: number, method: string, meta: unknown) {
  await peer.send(`${JSON.stringify({ jsonrpc: "2.0", id, method, meta })}\n`);
  return await peer.answer(id);
}

serverTest(
  "a server without a tracer hands the caller's trace on (P-62, P-63)",
  async (harness) => {
    const pool = await harness.startPool();
    const peer = await harness.connect(harness.listen({ procedures: { where }, pool }));
    for (const [index, method] of ["where", "traceparent"].entries()) {
      const id = 10 * index;
      assert.equal((await ask(peer, id, method, { traceparent })).result, traceparent, method);
      assert.equal((await ask(peer, id + 1, method, { traceparent: "no" })).result, null);
      assert.equal((await ask(peer, id + 2, method, undefined)).result, null);
    }
  },
);

serverTest(
  "a server with a tracer makes a span of each call, which its procedure goes on from (P-62)",
  async (harness) => {
    const tracer = new RecordingTracer();
    const pool = await harness.startPool();
    const server = harness.listen({ procedures: { where }, pool, tracer });
    const peer = await harness.connect(server);
    const span = (n: number) => `00-${trace}-000000000000000${n}-01`;
    assert.equal((await ask(peer, 1, "where", { traceparent })).result, span(1));
    assert.equal((await ask(peer, 2, "traceparent", { traceparent })).result, span(2));
    // Nobody's call, and so no span of its own.
    assert.equal((await ask(peer, 3, "rpc.ping", { traceparent })).result, "pong");
    assert.equal((await ask(peer, 4, "nowhere", { traceparent })).error?.code, -32601);
    assert.deepEqual(
      tracer.started.map(({ side, method, service, traceparent }) => [
        side,
        method,
        service,
        traceparent,
      ]),
      ["where", "traceparent", "nowhere"].map((method) => ["server", method, "test", traceparent]),
    );
    const address = `127.0.0.1:${server.address.port}`;
    assert.deepEqual(tracer.ended, [
      { span: 1, error: undefined, server: address },
      { span: 2, error: undefined, server: address },
      { span: 3, error: "MethodNotFound", server: address },
    ]);
  },
);

serverTest(
  "a traced stream is sent its items, and a cancelled call ends its span",
  async (harness) => {
    const tracer = new RecordingTracer();
    const pool = await harness.startPool();
    const peer = await harness.connect(harness.listen({ pool, tracer }));
    const meta = { traceparent, timeoutMs: 600_000 };
    const count = { id: 1, method: "count", params: [3], meta: { stream: 8, ...meta } };
    await peer.send(`${JSON.stringify({ jsonrpc: "2.0", ...count })}\n`);
    assert.equal((await peer.answer(1)).result, 3);
    assert.equal(peer.lines.filter((line) => line.includes('"rpc.item"')).length, 3);
    const spin = { id: 2, method: "spin", meta };
    await peer.send(`${JSON.stringify({ jsonrpc: "2.0", ...spin })}\n`);
    await peer.send(`{"jsonrpc":"2.0","method":"rpc.cancel","params":{"id":2}}\n`);
    assert.equal((await peer.answer(2)).error?.code, -32004);
    assert.deepEqual(tracer.ended.map(({ span, error }) => [span, error]), [[1, undefined], [
      2,
      "Cancelled",
    ]]);
  },
);
