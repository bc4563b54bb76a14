import assert from "node:assert/strict";
import tls from "node:tls";
import { once } from "node:events";
import { systemClock } from "../../src/base/clock.ts";
import { handshakesMax } from "../../src/keys/limits.ts";
import { silentLogger } from "../../src/base/log.ts";
import { listenTls } from "../../src/server/tls_listener.ts";
import { RecordingLogger } from "../discovery/recorder.ts";
import { TestCluster } from "../support/test_pki.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { within } from "../support/wait_for.ts";

const utf8 = new TextEncoder();

/** What a peer sends first, and what the answer to it says. */
const beginnings: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
  ["a client without keys", '{"jsonrpc":"2.0","id":1,"method":"ping"}\n', /speaks TLS.*keys join/],
  ["a person", "hello\n", /speaks TLS.*keys join/],
  ["an empty line", "\n", /speaks TLS.*keys join/],
  ["Telnet", Uint8Array.of(0xff, 0xfd, 0x18, 0xff, 0xfd, 0x20), /speaks TLS.*keys join/],
  ["HTTP", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", /^HTTP\/1\.1 400 [^]*rpc gateway/],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", /^HTTP\/1\.1 400 [^]*rpc gateway/],
  ["SSH", "SSH-2.0-OpenSSH_9.2\r\n", /not SSH/],
  ["a proxy", "PROXY TCP4 1.2.3.4 5.6.7.8 90 12\r\n\x16\x03\x01", /not the PROXY protocol/],
  [
    "a proxy's bytes",
    Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, 0x21, 0x11, 0, 12, 10, 0, 0, 1),
    /not the PROXY protocol/,
  ],
  ["ZooKeeper", Uint8Array.of(0, 0, 0, 45, 0, 0, 0, 0), /protocol of bytes/],
];

/** Runs a test against a listener that takes whoever comes. */
async function withListener(
  run: (port: number, join: () => Promise<unknown>) => Promise<void>,
): Promise<void> {
  await using cluster = await TestCluster.create();
  const keys = cluster.ring(await cluster.member("server"));
  const listener = await listenTls({
    ...{ host: "127.0.0.1", port: 0, keys, clock: systemClock, log: silentLogger },
  });
  const { port } = listener.addr;
  const join = async () => {
    const accepted = listener.accept();
    const { authority, certificate, privateKey } = keys.current();
    const socket = tls.connect(
      {
        ...{ host: "127.0.0.1", port, servername: `${cluster.id}.rpc.internal` },
        ...{ ca: [authority], cert: certificate, key: privateKey },
      } as tls.ConnectionOptions,
    );
    try {
      await within("a handshake", once(socket, "secureConnect"));
      const { connection, caller } = await within("a connection", accepted);
      connection.close();
      return caller;
    } finally {
      socket.destroy();
    }
  };
  try {
    await run(port, join);
  } finally {
    listener.close();
  }
}

Deno.test("whoever begins otherwise than TLS does is told what is spoken here, and is left (P-4)", () =>
  withListener(async (port, join) => {
    for (const [name, data, told] of beginnings) {
      using peer = await Deno.connect({ hostname: "127.0.0.1", port });
      await peer.write(typeof data === "string" ? utf8.encode(data) : data);
      const text = await within(name, new Response(peer.readable).text());
      assert.match(text, told, name);
    }
    assert.equal((await join() as { name: string }).name, "server");
  }));

Deno.test("strangers who come and go, or begin and go, keep nobody else from a server with keys", () =>
  withListener(async (port, join) => {
    for (const begun of [new Uint8Array(), Uint8Array.of(0x16, 3, 1)]) {
      for (let i = 0; i < handshakesMax + 10; i++) {
        using peer = await Deno.connect({ hostname: "127.0.0.1", port });
        if (begun.length > 0) await peer.write(begun);
      }
      assert.equal((await join() as { name: string }).name, "server");
    }
  }));

Deno.test("where sockets are scarce the oldest stranger goes for each new one, which is told once", async () => {
  await using cluster = await TestCluster.create();
  const keys = cluster.ring(await cluster.member("server"));
  const log = new RecordingLogger();
  const listener = await listenTls({
    // Nobody has to go because of the time.
    ...{ host: "127.0.0.1", port: 0, keys, socketsMax: 3, clock: new VirtualClock(), log },
  });
  const peers: Deno.TcpConn[] = [];
  try {
    for (let i = 0; i < 5; i++) {
      peers.push(await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }));
    }
    for (const peer of peers.slice(0, 2)) {
      const end = await within("its end", peer.read(new Uint8Array(1)).catch(() => null));
      assert.equal(end, null);
    }
    assert.deepEqual(log.warnings.length, 1);
  } finally {
    for (const peer of peers) peer.close();
    listener.close();
  }
});
