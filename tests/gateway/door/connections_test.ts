import assert from "node:assert/strict";
import { idleTimeoutMs } from "../../../src/base/limits.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { AcceptedSockets } from "../../../src/base/system/accepted_sockets.ts";
import { HttpListener } from "../../../src/gateway/door/listener.ts";
import { gatewayHeldInputBytes, gatewayUnfinishedBytesMax } from "../../../src/gateway/limits.ts";
import { heldBytesAskedFor, heldBytesMax, socketOption } from "../../support/socket_option.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";
import { notLinux } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

const messageBytesMax = 4 * 1024 * 1024;

/** A listener with WebSockets, whose other answers wait until they are let go. */
async function slowListener() {
  const clock = new VirtualClock();
  const go = Promise.withResolvers<void>();
  const messages: number[] = [];
  const warnings: string[] = [];
  const listener = await HttpListener.open({
    ...{ host: "127.0.0.1", port: 0, tls: undefined, clock, messageBytesMax },
    log: { ...silentLogger, warn: (message) => warnings.push(message) },
    async answer(request, _from, connection) {
      if (request.headers.has("upgrade")) {
        const { socket, response } = Deno.upgradeWebSocket(request);
        connection.begin();
        socket.onmessage = ({ data }) => {
          messages.push(data.length);
          connection.message();
        };
        socket.onclose = () => connection.end();
        return response;
      }
      await go.promise;
      return new Response("ok\n");
    },
  });
  const { hostname, port } = new URL(listener.url);
  return {
    ...{ clock, messages, warnings, letGo: go.resolve },
    connect: () => Deno.connect({ hostname, port: Number(port) }),
    async [Symbol.asyncDispose]() {
      go.resolve();
      await listener.close();
    },
  };
}

const request = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n";
const upgrade = `${request}Connection: Upgrade\r\nUpgrade: websocket\r\n` +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/** The text that comes until the connection ends. */
async function restOf(peer: Deno.TcpConn): Promise<string> {
  const utf8 = new TextDecoder();
  const buffer = new Uint8Array(4_096);
  let text = "";
  try {
    while (true) {
      const length = await peer.read(buffer);
      if (length === null) return text;
      text += utf8.decode(buffer.subarray(0, length));
    }
  } catch {
    return text;
  }
}

async function write(peer: Deno.TcpConn, bytes: string | Uint8Array<ArrayBuffer>): Promise<void> {
  let rest = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  while (rest.length > 0) rest = rest.subarray(await peer.write(rest));
}

/** A part of a WebSocket's message, masked by zeros. */
function fragment(length: number, { isFirst = false, isLast = false }): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(14 + length).fill(0x78, 14);
  frame[0] = (isLast ? 0x80 : 0) | (isFirst ? 1 : 0);
  frame[1] = 0x80 | 127;
  new DataView(frame.buffer).setUint32(6, length);
  return frame;
}

/** Sends more than the bound, and resolves when the connection has ended, before or after that. */
async function sendTooMuch(peer: Deno.TcpConn, piece: Uint8Array<ArrayBuffer>, tick: () => void) {
  let isEnded = false;
  const ended = restOf(peer).then(() => isEnded = true);
  for (let sent = 0; sent < 1.5 * gatewayUnfinishedBytesMax && !isEnded; sent += piece.length) {
    tick();
    await Promise.race([ended, write(peer, piece).catch(() => {})]);
  }
  await waitFor("the end", () => {
    tick();
    return isEnded;
  });
}

Deno.test({
  ...skippedIf(
    notLinux,
    "a connection without a request ends after a while, and one with half a head does",
  ),
  async fn() {
    await using listener = await slowListener();
    using idle = await listener.connect();
    using half = await listener.connect();
    using busy = await listener.connect();
    await write(half, request);
    await write(busy, `${request}\r\n`);
    const ends = [restOf(idle), restOf(half)];
    let ended = 0;
    for (const one of ends) void one.then(() => ended++);
    await waitFor("both ends", () => {
      listener.clock.advance(idleTimeoutMs / 10);
      return ended === 2;
    });
    listener.letGo();
    await write(busy, `${request}Connection: close\r\n\r\n`);
    assert.equal((await restOf(busy)).match(/HTTP\/1.1 200/g)?.length, 2);
    assert.deepEqual(listener.warnings, []);
  },
});

Deno.test({
  ...skippedIf(
    notLinux,
    "a WebSocket whose message in fragments never ends is closed, and others go on",
  ),
  async fn() {
    await using listener = await slowListener();
    using honest = await listener.connect();
    using endless = await listener.connect();
    for (const peer of [honest, endless]) {
      await write(peer, upgrade);
      assert.ok(await peer.read(new Uint8Array(1_000)));
    }
    await write(honest, fragment(1_000_000, { isFirst: true }));
    await write(endless, fragment(1, { isFirst: true }));
    const tick = () => listener.clock.advance(1_000);
    await sendTooMuch(endless, fragment(1 << 20, {}), tick);
    await write(honest, fragment(1_000_000, { isLast: true }));
    await waitFor("the message", () => listener.messages[0] === 2_000_000);
    assert.deepEqual(listener.warnings, ["Ended a connection that sends without an end"]);
  },
});

Deno.test({
  ...skippedIf(notLinux, "a WebSocket may send any number of messages"),
  async fn() {
    await using listener = await slowListener();
    using peer = await listener.connect();
    await write(peer, upgrade);
    assert.ok(await peer.read(new Uint8Array(1_000)));
    const length = messageBytesMax - 1;
    const message = fragment(length, { isFirst: true, isLast: true });
    const count = 2 * gatewayUnfinishedBytesMax / messageBytesMax;
    for (let i = 1; i <= count; i++) {
      await write(peer, message);
      await waitFor("the message", () => {
        listener.clock.advance(1_000);
        return listener.messages.length === i;
      });
    }
    assert.deepEqual(listener.warnings, []);
  },
});

Deno.test({
  ...skippedIf(notLinux, "a connection that sends on without an end while it is answered is ended"),
  async fn() {
    await using listener = await slowListener();
    using peer = await listener.connect();
    await write(peer, `${request}\r\n`);
    const tick = () => listener.clock.advance(1_000);
    await sendTooMuch(peer, new Uint8Array(1 << 20), tick);
    assert.deepEqual(listener.warnings, ["Ended a connection that sends without an end"]);
  },
});

Deno.test({
  ...skippedIf(
    notLinux,
    "a listener on this machine's own address has the system hold little of what comes",
  ),
  async fn() {
    await using listener = await slowListener();
    const sockets = AcceptedSockets.open();
    assert.ok(sockets !== undefined);
    try {
      await waitFor("a connection of which little is held", async () => {
        using peer = await listener.connect();
        const [{ port }, { hostname, port: from }] = [peer.remoteAddr, peer.localAddr];
        const own = (await sockets.descriptors()).map((one) => sockets.at(one, port))
          .find((socket) => socket?.peer === `${hostname}:${from}`);
        if (own === undefined) return false;
        const asked = socketOption(own.descriptor, heldBytesAskedFor);
        return asked !== 0 &&
          socketOption(own.descriptor, heldBytesMax) === 2 * gatewayHeldInputBytes;
      });
    } finally {
      sockets.close();
    }
  },
});
