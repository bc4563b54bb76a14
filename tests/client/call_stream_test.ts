import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { CallStream } from "../../src/client/call_stream.ts";
import { encodeItems } from "../../src/wire/codec.ts";
import type { ReceivedCall } from "../support/memory_transport.ts";
import { retainedBytes } from "../support/retained_bytes.ts";
import { settled } from "../support/virtual_clock.ts";
import { ClientRig } from "./client_rig.ts";

/** Reads a stream in the background, until it ends or `max` items were read. */
class Reader {
  readonly items: unknown[] = [];
  readonly done: Promise<void>;
  error: RpcError | undefined;

  constructor(stream: CallStream, max = Infinity) {
    this.done = this.#read(stream, max);
  }

  async #read(stream: CallStream, max: number): Promise<void> {
    try {
      for await (const item of stream) {
        this.items.push(item);
        if (this.items.length >= max) break;
      }
    } catch (error) {
      this.error = error as RpcError;
    }
  }
}

function send(call: ReceivedCall | undefined, ...items: unknown[]): void {
  call?.connection.send(encodeItems(call.id, items));
}

async function rigWith(...ports: number[]): Promise<ClientRig> {
  const rig = await ClientRig.connected(...ports);
  for (const port of ports) rig.server(port).answer = () => {};
  return rig;
}

Deno.test("a stream is asked for with its credit, and its items are read in order", async () => {
  const rig = await rigWith(1);
  const stream = rig.client.stream("count", [3], { credit: 8 });
  const reader = new Reader(stream);
  await settled();
  const [call] = rig.server(1).calls;
  assert.equal(call?.stream, 8);
  send(call, 1);
  send(call, 2, 3);
  call?.result(3);
  await reader.done;
  assert.deepEqual(reader.items, [1, 2, 3]);
  const { items, error, server } = await stream.report;
  assert.deepEqual([items, error, server], [3, undefined, "127.0.0.1:1"]);
  rig.client.close();
});

Deno.test("P-55: an empty stream has no items, and a plain answer is one", async () => {
  const rig = await rigWith(1);
  const empty = rig.client.stream("count", [0]);
  const plain = rig.client.stream("fib", [10]);
  const readers = [new Reader(empty), new Reader(plain)];
  await settled();
  const [first, second] = rig.server(1).calls;
  send(first);
  first?.result(0);
  second?.result(55);
  await Promise.all(readers.map(({ done }) => done));
  assert.deepEqual(readers.map(({ items }) => items), [[], [55]]);
  assert.deepEqual([(await empty.report).items, (await plain.report).items], [0, undefined]);
  rig.client.close();
});

Deno.test("P-56: as much is granted as was read, half of the credit at a time", async () => {
  const rig = await rigWith(1);
  const stream = rig.client.stream("count", [100], { credit: 4 });
  await settled();
  const server = rig.server(1);
  send(server.calls[0], 1, 2, 3, 4);
  await settled();
  assert.deepEqual(server.granted, []);
  await stream.next();
  await settled();
  assert.deepEqual(server.granted, []);
  await stream.next();
  await settled();
  assert.deepEqual(server.granted, [2]);
  rig.client.close();
});

Deno.test("P-58: leaving the loop cancels the call, and items that come late are ignored", async () => {
  const rig = await rigWith(1);
  const reader = new Reader(rig.client.stream("count", [100]), 1);
  await settled();
  const server = rig.server(1);
  send(server.calls[0], 1, 2);
  await reader.done;
  await settled();
  assert.equal(server.cancelled.length, 1);
  send(server.calls[0], 3);
  server.calls[0]?.result(3);
  await settled();
  assert.deepEqual(reader.items, [1]);
  assert.equal(rig.client.stats.connected, 1);
  rig.client.close();
});

Deno.test("P-58: a stream that goes out of scope is cancelled", async () => {
  const rig = await rigWith(1);
  {
    await using _stream = rig.client.stream("count", [100]);
    await settled();
    assert.equal(rig.server(1).calls.length, 1);
  }
  await settled();
  assert.equal(rig.server(1).cancelled.length, 1);
  rig.client.close();
});

Deno.test("an error comes after the items that came before it", async () => {
  const rig = await rigWith(1);
  const reader = new Reader(rig.client.stream("count", [100]));
  await settled();
  const [call] = rig.server(1).calls;
  send(call, 1, 2);
  call?.error(new RpcError("InternalError", "broken"));
  await reader.done;
  assert.deepEqual(reader.items, [1, 2]);
  assert.deepEqual([reader.error?.name, reader.error?.executed], ["InternalError", "yes"]);
  rig.client.close();
});

Deno.test("P-61: after an item a stream is not sent again, whatever the error says", async () => {
  for (const [name, executed] of [["Draining", "maybe"], ["WorkerLost", "maybe"]] as const) {
    const rig = await rigWith(1, 2);
    // Idempotent, and with another server to go to.
    const reader = new Reader(rig.client.stream("fib", [10], { idempotent: true }));
    await settled();
    const call = [...rig.server(1).calls, ...rig.server(2).calls][0];
    send(call, 1);
    call?.error(new RpcError(name, "gone"));
    await rig.pass(1_000);
    await reader.done;
    assert.deepEqual([reader.error?.name, reader.error?.executed], [name, executed]);
    assert.equal(rig.server(1).calls.length + rig.server(2).calls.length, 1);
    rig.client.close();
  }
});

Deno.test("P-61: before the first item a stream is sent again as any call", async () => {
  const rig = await rigWith(1, 2);
  const reader = new Reader(rig.client.stream("fib", [10]));
  await settled();
  const first = rig.server(1).calls.length === 1 ? rig.server(1) : rig.server(2);
  const second = first === rig.server(1) ? rig.server(2) : rig.server(1);
  first.die();
  await rig.pass(500);
  send(second.calls[0], 1);
  second.calls[0]?.result(1);
  await reader.done;
  assert.deepEqual([reader.items, reader.error], [[1], undefined]);
  rig.client.close();
});

Deno.test("a connection lost after an item fails the stream, maybe executed", async () => {
  const rig = await rigWith(1);
  const reader = new Reader(rig.client.stream("fib", [10], { idempotent: true }));
  await settled();
  send(rig.server(1).calls[0], 1);
  await settled();
  rig.server(1).die();
  await rig.pass(500);
  await reader.done;
  assert.deepEqual([reader.error?.name, reader.error?.executed], ["ConnectionLost", "maybe"]);
  assert.deepEqual(reader.items, [1]);
  rig.client.close();
});

Deno.test("the deadline is over the whole stream, and says nothing against a server that sends items", async () => {
  const rig = await rigWith(1, 2);
  for (let round = 0; round < 8; round++) {
    const reader = new Reader(rig.client.stream("count", [100], { timeoutMs: 300 }));
    await settled();
    const call = [...rig.server(1).calls, ...rig.server(2).calls].find((one) => !sent.has(one));
    assert.ok(call !== undefined);
    sent.add(call);
    send(call, 1);
    await rig.pass(400);
    await reader.done;
    assert.equal(reader.error?.name, "DeadlineExceeded");
    assert.deepEqual(reader.items, [1]);
  }
  assert.equal(rig.client.stats.ejections, 0);
  assert.equal(rig.server(1).cancelled.length + rig.server(2).cancelled.length, 8);
  rig.client.close();
});
const sent = new Set<ReceivedCall>();

Deno.test("what is held of a stream are the items that were not read", async () => {
  const stream = new CallStream(8, () => {});
  assert.equal(stream.heldBytes, 0);
  stream.items(["a", "b", "c", "d"], 400);
  assert.equal(stream.heldBytes, 400);
  for (const bytes of [300, 200, 100, 0]) {
    await stream.next();
    assert.equal(stream.heldBytes, bytes);
  }
  stream.items(["e"], 50);
  assert.equal(stream.heldBytes, 50);
});

Deno.test("an item that its caller cannot be given ends the stream, and cancels the call once", async () => {
  let given = 0;
  const unfit = new RpcError("InvalidParams", "no");
  const stream = new CallStream(8, () => given++, (item) => item === 2 ? unfit : item);
  stream.items([1, 2, 3], 30);
  assert.deepEqual(await stream.next(), { done: false, value: 1 });
  await assert.rejects(stream.next(), unfit);
  assert.equal(given, 1);
  assert.deepEqual(await stream.next(), { done: true, value: undefined });
});

Deno.test("after its error a stream is at its end", async () => {
  const stream = new CallStream(8, () => assert.fail("it has ended"));
  const error = new RpcError("Unavailable", "gone");
  stream.ended({ error } as Parameters<CallStream["ended"]>[0]);
  await assert.rejects(stream.next(), error);
  assert.deepEqual(await stream.next(), { done: true, value: undefined });
});

Deno.test("a signal ends a stream, also one whose reader waits", async () => {
  const rig = await rigWith(1);
  const abort = new AbortController();
  const reader = new Reader(rig.client.stream("count", [100], { signal: abort.signal }));
  await settled();
  abort.abort();
  await reader.done;
  assert.equal(reader.error?.name, "Cancelled");
  await settled();
  assert.equal(rig.server(1).cancelled.length, 1);
  rig.client.close();
});

Deno.test("items that were read are kept alive by nothing, though more always wait", () => {
  const stream = new CallStream(64, () => {});
  const come = () => stream.items([new Array(16).fill(0)], 32);
  come();
  const bytes = retainedBytes(() => {
    come();
    void stream.next();
  });
  assert.ok(bytes < 2_000_000, `${bytes} bytes`);
  assert.equal(stream.heldBytes, 32);
});
