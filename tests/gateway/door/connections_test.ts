import assert from "node:assert/strict";
import { idleTimeoutMs } from "../../../src/base/limits.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { AcceptedSockets } from "../../../src/base/system/accepted_sockets.ts";
import { Connections } from "../../../src/gateway/door/connections.ts";
import { HttpListener } from "../../../src/gateway/door/listener.ts";
import {
  gatewayHeldInputBytes,
  gatewayIdleConnectionsMax,
  gatewayIdleLookMs,
  gatewayUnfinishedBytesMax,
  gatewayUnfinishedLookMs,
} from "../../../src/gateway/limits.ts";
import { heldBytesAskedFor, heldBytesMax, socketOption } from "../../support/socket_option.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";
import { notLinux } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

const messageBytesMax = 4 * 1024 * 1024;

/** A connection of which nothing was read. */
const unread = { descriptor: 0, readBytes: 0, isEnded: false };

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

type ConnectionsOptions = ConstructorParameters<typeof Connections>[0];

/** Connections whose sockets are what a test says. */
function connectionsWith(
  sockets: Partial<NonNullable<ConnectionsOptions["sockets"]>>,
  fields: Partial<ConnectionsOptions> = {},
) {
  return new Connections({
    ...{ port: () => 1, messageBytesMax, clock: new VirtualClock(), log: silentLogger },
    ...fields,
    sockets: {
      descriptors: () => Promise.resolve([]),
      at: () => undefined,
      holdLittle() {},
      keep: () => undefined,
      endInput: () => assert.fail("It is used"),
      end: () => assert.fail("It has sent nothing"),
      close() {},
      ...sockets,
    },
  });
}

Deno.test("of too many connections without a request those end that have had none for longest", async () => {
  const clock = new VirtualClock();
  const ended: string[] = [];
  const peers = Array.from({ length: gatewayIdleConnectionsMax + 2 }, (_, i) => `127.0.0.1:${i}`);
  const connections = connectionsWith({
    descriptors: () => Promise.resolve([...peers.keys()]),
    at: (descriptor) => ({ ...unread, descriptor, peer: peers[descriptor] as string }),
    endInput: ({ peer }) => void ended.push(peer),
  }, { clock });
  try {
    for (const peer of peers) connections.of(peer);
    clock.advance(1);
    for (const peer of peers.slice(0, 5)) connections.of(peer).begin();
    for (const peer of peers.slice(0, 5)) connections.of(peer).end();
    connections.of(peers[5] as string).begin();
    await waitFor("the look", () => {
      if (ended.length === 0) clock.advance(gatewayIdleLookMs);
      return ended.length > 0;
    });
    assert.deepEqual(ended, [peers[6]]);
  } finally {
    connections.close();
  }
});

Deno.test("what came without an end is counted from each last message on, and what is most is ended", async () => {
  const clock = new VirtualClock(1_000);
  const readBytes = { a: 0, b: 0, c: 0, d: 0 };
  const peers = Object.keys(readBytes) as (keyof typeof readBytes)[];
  const ended: string[] = [];
  const bytesMax = 4 * gatewayUnfinishedBytesMax;
  const connections = connectionsWith({
    descriptors: () => Promise.resolve([0, 1, 2, 3]),
    at(descriptor) {
      const peer = peers[descriptor]!;
      return { ...unread, descriptor, peer, readBytes: readBytes[peer] };
    },
    end: ({ peer }) => void ended.push(peer),
  }, { clock, messageBytesMax: gatewayUnfinishedBytesMax });
  const look = () => clock.advanceAsync(gatewayUnfinishedLookMs);
  try {
    for (const peer of peers) connections.of(peer).begin();
    await look();
    // As much as may be.
    Object.assign(readBytes, { a: bytesMax / 4, b: bytesMax / 2, c: bytesMax / 4 });
    await look();
    assert.deepEqual(ended, []);
    readBytes.d = 1;
    await look();
    assert.deepEqual(ended, ["b"]);
    // The runtime has not closed it yet. What one has sent was a message, after all.
    Object.assign(readBytes, { a: bytesMax / 2, d: bytesMax / 4 });
    connections.of("c").message();
    await look();
    assert.deepEqual(ended, ["b"]);
    readBytes.c += bytesMax / 4 + 1;
    connections.of("d").begin();
    await look();
    assert.deepEqual(ended, ["b"]);
    readBytes.d += bytesMax / 4;
    await look();
    assert.deepEqual(ended, ["b", "a"]);
    // Another connection from the same port.
    readBytes.c = 0;
    await look();
    readBytes.c = 3 * bytesMax / 4 + 1;
    await look();
    assert.deepEqual(ended, ["b", "a", "c"]);
  } finally {
    connections.close();
  }
});

Deno.test("who waits for a peer to go is told once, when it has ended or is not there any more", async () => {
  const clock = new VirtualClock(1_000);
  const told: string[] = [];
  const sockets = new Map(["a", "b", "c"].map((peer) => [peer, { ...unread, peer }]));
  const connections = connectionsWith({
    descriptors: () => Promise.resolve([0, 1, 2]),
    at: (descriptor) => [...sockets.values()][descriptor],
  }, { clock });
  const look = () => clock.advanceAsync(gatewayUnfinishedLookMs);
  try {
    for (const peer of sockets.keys()) {
      connections.of(peer).begin();
      connections.of(peer).onLeft(() => told.push(peer));
    }
    connections.of("a").onLeft(() => told.push("again"))();
    await look();
    assert.deepEqual(told, []);
    sockets.set("b", { ...sockets.get("b")!, isEnded: true });
    await look();
    assert.deepEqual(told, ["b"]);
    sockets.delete("a");
    await look();
    await look();
    assert.deepEqual(told, ["b", "a"]);
  } finally {
    connections.close();
  }
});

Deno.test("a connection to linger is kept until it is let go, and all are when no more is looked", () => {
  const kept: string[] = [];
  const letGo: string[] = [];
  const connections = connectionsWith({
    keep(peer, port) {
      kept.push(`${peer} at ${port}`);
      return peer === "none" ? undefined : () => letGo.push(peer);
    },
    close: () => void letGo.push("the library"),
  }, { port: () => 7 });
  connections.of("none").linger()();
  connections.of("a").linger();
  const end = connections.of("b").linger();
  connections.of("c").linger();
  assert.deepEqual(kept, ["none at 7", "a at 7", "b at 7", "c at 7"]);
  end();
  assert.deepEqual(letGo, ["b"]);
  connections.endLingering();
  assert.deepEqual(letGo, ["b", "a", "c"]);
  connections.of("d").linger();
  connections.close();
  assert.deepEqual(letGo.slice(3), ["d", "the library"]);
  connections.of("e").linger()();
  assert.equal(kept.length, 5, "the library is closed");
});

Deno.test("connections are looked at again after the system had no handle left to show them", async () => {
  const clock = new VirtualClock();
  const ended: string[] = [];
  let asked = 0;
  const connections = connectionsWith({
    descriptors: () =>
      ++asked === 1 ? Promise.reject(new Error("Too many open files")) : Promise.resolve([1]),
    at: (descriptor) => ({ ...unread, descriptor, peer: "127.0.0.1:1" }),
    endInput: ({ peer }) => void ended.push(peer),
  }, { clock });
  try {
    await waitFor("the end of the idle one", () => {
      clock.advance(gatewayIdleLookMs);
      return ended.length > 0;
    });
    assert.deepEqual([ended[0], asked > 1], ["127.0.0.1:1", true]);
  } finally {
    connections.close();
  }
});

Deno.test("little is held of each connection that comes from the same machine, and of others as ever", async () => {
  const held: unknown[] = [];
  const connections = connectionsWith({
    descriptors: () => Promise.resolve([5]),
    holdLittle: (...args) => void held.push(args),
  });
  try {
    for (const hostname of ["0.0.0.0", "::", "192.168.0.211"]) {
      await connections.listens({ hostname, port: 8080 });
    }
    assert.deepEqual(held, []);
    await connections.listens({ hostname: "127.0.0.1", port: 8080 });
    await connections.listens({ hostname: "::1", port: 8081 });
    assert.deepEqual(held, [[5, 8080, gatewayHeldInputBytes], [5, 8081, gatewayHeldInputBytes]]);
  } finally {
    connections.close();
  }
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
