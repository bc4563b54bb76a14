import assert from "node:assert/strict";
import { startTcpProxy } from "./tcp_proxy.ts";
import { within } from "./wait_for.ts";

/** An echo server, a proxy before it, and a connection through both. */
async function echoThroughProxy() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving: Promise<unknown>[] = [];
  const accepting = (async () => {
    for await (const socket of listener) {
      serving.push(socket.readable.pipeTo(socket.writable).catch(() => {}));
    }
  })().catch(() => {});
  const proxy = startTcpProxy({ targetPort: listener.addr.port });
  const socket = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  return {
    proxy,
    socket,
    async [Symbol.asyncDispose]() {
      socket.close();
      await proxy[Symbol.asyncDispose]();
      listener.close();
      await accepting;
      await Promise.all(serving);
    },
  };
}

/** Reads until there are so many bytes, or the end. */
async function read(socket: Deno.Conn, bytes: number): Promise<number[]> {
  const received: number[] = [];
  const buffer = new Uint8Array(1024);
  while (received.length < bytes) {
    const size = await socket.read(buffer).catch(() => null);
    if (size === null) break;
    received.push(...buffer.subarray(0, size));
  }
  return received;
}

const hello = Uint8Array.of(1, 2, 3, 4, 5, 6);

Deno.test("TcpProxy passes bytes both ways, and the end of a connection", async () => {
  await using fixture = await echoThroughProxy();
  await fixture.socket.write(hello);
  assert.deepEqual(await read(fixture.socket, 6), [...hello]);
  await fixture.socket.closeWrite();
  assert.deepEqual(await within("the end", read(fixture.socket, 1)), []);
});

Deno.test("TcpProxy.cut() ends connections, and new ones work", async () => {
  await using fixture = await echoThroughProxy();
  const { proxy, socket } = fixture;
  await socket.write(hello);
  await read(socket, 6);
  assert.equal(proxy.connections, 1);
  proxy.cut();
  assert.deepEqual(await within("the cut", read(socket, 1)), []);
  using again = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  await again.write(hello);
  assert.deepEqual(await read(again, 6), [...hello]);
  assert.equal(proxy.accepted, 2);
});

Deno.test("TcpProxy.blackHole() holds bytes and connections back until it is healed", async () => {
  await using fixture = await echoThroughProxy();
  const { proxy, socket } = fixture;
  proxy.blackHole();
  await socket.write(hello);
  using late = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  await late.write(hello);
  const answers = Promise.all([read(socket, 6), read(late, 6)]);
  await assert.rejects(within("an answer", answers, 100));
  proxy.heal();
  assert.deepEqual(await within("an answer", answers), [[...hello], [...hello]]);
});

Deno.test("TcpProxy.cutAfter() delivers so many bytes exactly, once", async () => {
  await using fixture = await echoThroughProxy();
  const { proxy, socket } = fixture;
  proxy.cutAfter(4);
  await socket.write(hello);
  assert.deepEqual(await within("the cut", read(socket, 6)), [1, 2, 3, 4]);
  using again = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  await again.write(hello);
  assert.deepEqual(await read(again, 6), [...hello]);
});

Deno.test("TcpProxy.delay() and trickle() take their time, and lose and reorder nothing", async () => {
  await using fixture = await echoThroughProxy();
  const { proxy, socket } = fixture;
  for (const slow of [() => proxy.delay(50), () => proxy.trickle(2_000)]) {
    slow();
    const startedAt = performance.now();
    const sent = Uint8Array.from({ length: 200 }, (_, index) => index);
    await socket.write(sent.subarray(0, 120));
    await socket.write(sent.subarray(120));
    assert.deepEqual(await within("the echo", read(socket, 200)), [...sent]);
    // There and back, at 50 ms each way or 2,000 bytes a second.
    assert.ok(performance.now() - startedAt >= 80);
  }
});
