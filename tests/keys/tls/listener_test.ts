import assert from "node:assert/strict";
import net from "node:net";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { connectionsShareOfAddress } from "../../../src/base/limits.ts";
import { handshakePauseMs, handshakesMax } from "../../../src/keys/limits.ts";
import { type Logger, silentLogger } from "../../../src/base/log.ts";
import type { HostPort } from "../../../src/base/names/host_port.ts";
import { connectTls } from "../../../src/keys/tls/connect.ts";
import { TlsListener } from "../../../src/keys/tls/listener.ts";
import { freePort } from "../../support/free_port.ts";
import { TestCluster } from "../../support/test_pki.ts";
import { waitFor, within } from "../../support/wait_for.ts";

const handshakeRecord = 0x16;

async function listenIn(
  cluster: TestCluster,
  clock: Clock,
  log: Logger = silentLogger,
): Promise<TlsListener> {
  return await TlsListener.listen({
    host: "127.0.0.1",
    port: 0,
    keys: cluster.ring(await cluster.member("server")),
    clock,
    log,
    answerToPlain: () => "no TLS",
  });
}

Deno.test("a peer that comes again and again from its port, and is gone, keeps no place", async () => {
  await using cluster = await TestCluster.create();
  let begun = 0;
  const clock: Clock = {
    ...systemClock,
    after(delayMs, callback, options) {
      if (delayMs === handshakePauseMs) begun++;
      return systemClock.after(delayMs, callback, options);
    },
  };
  const listener = await listenIn(cluster, clock);
  const { host, port } = listener.addr;
  const localPort = freePort();
  try {
    const most = handshakesMax / connectionsShareOfAddress;
    for (let i = 0; i <= most; i++) {
      const socket = net.connect({ host, port, localPort });
      socket.on("error", () => {});
      const before = begun;
      socket.write(Uint8Array.of(0x16));
      await waitFor(`handshake ${i} to begin`, () => begun > before, { periodMs: 1 });
      socket.resetAndDestroy();
    }
    assert.ok(begun > most);
  } finally {
    listener.close();
  }
});

/** What a listener tells a peer that speaks no TLS: by then it has read what came before. */
function answerToPlain(at: HostPort): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = net.connect(at);
  socket.on("error", reject);
  socket.on("data", (bytes) => {
    socket.destroy();
    resolve(String(bytes));
  });
  socket.write("x");
  return promise;
}

Deno.test("what is no TLS ends its own connection, in however many pieces it came", async () => {
  await using cluster = await TestCluster.create();
  const turns: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    after(delayMs, callback, options) {
      if (delayMs !== handshakePauseMs) return systemClock.after(delayMs, callback, options);
      turns.push(callback);
      return { cancel: () => {} };
    },
  };
  const listener = await listenIn(cluster, clock);
  const at = listener.addr;
  const peers = [net.connect(at), net.connect(at)] as const;
  try {
    for (const peer of peers) peer.on("error", () => {});
    const [first, second] = peers;
    first.write(Uint8Array.of(0x16));
    await waitFor("the first one's turn", () => turns.length === 1);
    // It waits for its turn, and what it sends meanwhile comes piece by piece.
    for (let i = 0; i < 4; i++) {
      second.write(new Uint8Array(8).fill(0x16));
      assert.equal(await answerToPlain(at), "no TLS");
    }
    const isOver = new Promise((resolve) => second.once("close", resolve));
    second.resume();
    turns[0]!();
    await isOver;
    assert.equal(await answerToPlain(at), "no TLS");
  } finally {
    for (const peer of peers) peer.destroy();
    listener.close();
  }
});

Deno.test("a handshake that fails is told with the peer's address", async () => {
  await using cluster = await TestCluster.create();
  const told: unknown[] = [];
  const listener = await listenIn(cluster, systemClock, {
    ...silentLogger,
    debug: (_message, fields) => void told.push(fields?.["peer"]),
  });
  const peer = net.connect(listener.addr);
  peer.on("error", () => {});
  try {
    const from = new Promise((resolve) => {
      peer.once("connect", () => resolve(`127.0.0.1:${peer.localPort}`));
    });
    peer.write("\x16\x03\x01\x00\x05hello");
    await waitFor("the failure", () => told.length > 0);
    assert.deepEqual(told, [await from]);
  } finally {
    peer.destroy();
    listener.close();
  }
});

/** The beginning of a message of a handshake, and what may follow for ever: it is too long. */
function endlessHandshake(type: number): { readonly begin: Uint8Array; readonly more: Uint8Array } {
  const recordBytes = 16_005;
  const more = new Uint8Array(8 * recordBytes).fill(0x78);
  for (let at = 0; at < more.length; at += recordBytes) {
    more.set([handshakeRecord, 3, 3, 0x3e, 0x80], at);
  }
  const begin = new Uint8Array(109);
  begin.set([handshakeRecord, 3, 3, 0, 104, type, 0, 0xff, 0xf0]);
  return { begin, more };
}

/** Sends it until the other side ends the connection. */
function sendEndless(socket: net.Socket, type: number): Promise<void> {
  const { begin, more } = endlessHandshake(type);
  const { promise, resolve } = Promise.withResolvers<void>();
  let isOver = false;
  socket.once("close", () => {
    isOver = true;
    resolve();
  });
  // A reset, most likely.
  socket.on("error", () => {});
  const send = () => {
    if (!isOver && socket.write(more)) setTimeout(send);
  };
  socket.on("drain", send);
  socket.resume();
  socket.write(begin);
  send();
  return promise;
}

Deno.test("who sends a handshake without an end is not listened to, as a client and as a server", async () => {
  await using cluster = await TestCluster.create();
  // Time stands still: the bound on how long a handshake may take ends none.
  const listener = await listenIn(cluster, { ...systemClock, after: () => ({ cancel() {} }) });
  const hostile = net.createServer((socket) => socket.once("data", () => sendEndless(socket, 2)));
  await new Promise<void>((resolve) => hostile.listen(0, "127.0.0.1", resolve));
  try {
    const peer = net.connect(listener.addr);
    await within("the end of the client", sendEndless(peer, 1));

    const keys = cluster.ring(await cluster.member("alice")).current();
    const { port } = hostile.address() as { port: number };
    const never = new AbortController().signal;
    const attempt = connectTls({ host: "127.0.0.1", port }, keys, never);
    await assert.rejects(within("the end of the server", attempt), /it does not speak TLS/);
  } finally {
    listener.close();
    hostile.close();
  }
});
