import assert from "node:assert/strict";
import { Budget } from "../../../src/base/bounds/budget.ts";
import { RpcError } from "../../../src/base/errors.ts";
import { wheelTickMs } from "../../../src/base/deadline_wheel.ts";
import { CallStream } from "../../../src/client/call_stream.ts";
import { streamResponse } from "../../../src/gateway/calls/http_stream.ts";
import { gatewayStuckMs } from "../../../src/gateway/limits.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";

const length = 100_000;
const item = "x".repeat(length);

Deno.test("what waits for readers of streams is bounded over all, and who reads nothing loses its stream", async () => {
  const clock = new VirtualClock();
  const count = 10;
  const unread = new Budget(2 * count * length, clock);
  const left: number[] = [];
  const streams = Array.from({ length: count }, (_, i) => new CallStream(64, () => left.push(i)));
  const readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
  for (const stream of streams) {
    stream.items([item], length);
    const response = await streamResponse(stream, "events", { clock, unread, owner: "" });
    readers.push((response.body as ReadableStream<Uint8Array>).getReader());
    await readers.at(-1)?.read();
  }
  assert.equal(left.length, 0);
  // Nobody reads on but the first, while more comes for all.
  for (const stream of streams) stream.items(Array(4).fill(item), 4 * length);
  await settled();
  for (let i = 0; i < 3; i++) {
    clock.advance(gatewayStuckMs / 2 + wheelTickMs);
    await readers[0]?.read();
  }
  assert.ok(left.length > 0, "some have lost theirs");
  assert.ok(!left.includes(0), "who reads has not");
  assert.ok(unread.total <= 2 * count * length);
  await assert.rejects(readers[left[0] ?? 0]?.read() ?? Promise.resolve(), /Nobody reads/);
  await Promise.all(readers.map((reader) => reader.cancel().catch(() => {})));
  assert.equal(unread.total, 0);
});

Deno.test("a stream is told with its end, or with the error that ended it, and left by who leaves it", async () => {
  const clock = new VirtualClock();
  const unread = new Budget(1_000_000, clock);
  let left = 0;
  const begin = async (form: "events" | "lines", items: unknown[], error?: RpcError) => {
    const stream = new CallStream(64, () => left++);
    if (items.length > 0) stream.items(items, 10);
    const report = { result: null, attempts: 1, durationMs: 1, server: "a:1" };
    if (items.length < 2) stream.ended({ ...report, error });
    return await streamResponse(stream, form, { clock, unread, owner: "" });
  };
  const failure = new RpcError("WorkerLost", "Its worker ended");
  assert.equal(
    await (await begin("lines", [7])).text(),
    '{"item":7}\n{"end":{"items":1,"server":"a:1"}}\n',
  );
  assert.match(
    await (await begin("lines", [7], failure)).text(),
    /^\{"item":7\}\n\{"error":\{.*Its/,
  );
  assert.match(
    await (await begin("events", [7], failure)).text(),
    /\n\nevent: error\n.*Its worker/,
  );
  await assert.rejects(begin("lines", [], failure), { name: "WorkerLost" });
  assert.equal(left, 0);
  const body = (await begin("lines", [item, 2])).body!;
  const reader = body.getReader();
  await reader.read();
  assert.ok(unread.total > length, `${unread.total}`);
  await reader.read();
  assert.ok(unread.total < length, `${unread.total}`);
  await reader.cancel();
  assert.equal(left, 1);
  assert.equal(unread.total, 0);
});
