import assert from "node:assert/strict";
import * as z from "zod";
import { defineProcedure } from "../../../src/procedures/procedure.ts";
import { waitFor } from "../../support/wait_for.ts";
import { serverTest } from "../fixtures/harness.ts";

const call = '{"jsonrpc":"2.0","id":1,"method":"order","params":[]}\n';

const utf8 = new TextEncoder();

/** What others' clients send first, and what the answer to it says. */
const beginnings: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
  ["HTTP 0.9", "GET /\r\n", /rpc gateway/],
  ["HTTP of lowercase letters", "get / http/1.1\r\nhost: a\r\n\r\n", /rpc gateway/],
  ["HTTP/2 with prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", /rpc gateway/],
  ["a proxy's request", "GET http://a.example/ HTTP/1.1\r\n\r\n", /rpc gateway/],
  ["OPTIONS of all", "OPTIONS * HTTP/1.1\r\n\r\n", /rpc gateway/],
  ["CONNECT", "CONNECT a.example:443 HTTP/1.1\r\n\r\n", /rpc gateway/],
  ["HTTP whose lines end in CR", "GET / HTTP/1.1\rHost: a\r\r", /rpc gateway/],
  ["HTTP after blank lines", "\r\n\n\r\nGET / HTTP/1.1\r\n\r\n", /rpc gateway/],
  ["a proxy's header", "PROXY TCP4 1.2.3.4 5.6.7.8 90 12\r\n", /not the PROXY protocol/],
  [
    "a proxy's header in bytes",
    Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, 0x20, 0, 0, 0),
    /not the PROXY protocol/,
  ],
  [
    "a proxy's header with addresses",
    Uint8Array.of(
      ...[13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, 0x21, 0x11, 0, 12],
      ...[10, 0, 0, 1, 10, 0, 0, 2, 0x04, 0xd2, 0x1a, 0x0a],
    ),
    /not the PROXY protocol/,
  ],
  [
    "a proxy's header before TLS",
    Uint8Array.of(...utf8.encode("PROXY TCP4 1.2.3.4 5.6.7.8 90 12\r\n"), 0x16, 3, 1, 2, 0, 0xff),
    /not the PROXY protocol/,
  ],
  [
    "SSH with its keys",
    Uint8Array.of(...utf8.encode("SSH-2.0-OpenSSH_9.2\r\n"), 0, 0, 5, 0xdc, 6, 0x14, 0xff),
    /not SSH/,
  ],
  ["SMTP in Latin-1", Uint8Array.of(...utf8.encode("EHLO m"), 0xfc, 13, 10), /not SMTP/],
  ["TLS", Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0), /does not speak TLS/],
  ["SSL 2", Uint8Array.of(0x80, 0x2e, 1, 3, 1), /protocol of bytes/],
  ["PostgreSQL", Uint8Array.of(0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f), /protocol of bytes/],
  ["SSH", "SSH-2.0-OpenSSH_9.2\r\n", /not SSH/],
  ["Redis", "*1\r\n$4\r\nPING\r\n", /not Redis/],
  ["Redis by words", "PING\r\n", /not Redis/],
  ["memcached", "get key\r\n", /not memcached/],
  ["memcached with data", "set key 0 0 5\r\nhello\r\n", /not memcached/],
  ["SMTP", "EHLO a.example\r\n", /not SMTP/],
  ["ZooKeeper's words", "ruok", /not ZooKeeper/],
  ["RTSP", "OPTIONS rtsp://a.example RTSP/1.0\r\n", /not another protocol/],
];

serverTest(
  "who speaks another protocol is told so once and left, and nothing of what follows is run (P-4)",
  async (harness) => {
    let runs = 0;
    const order = defineProcedure(
      { input: z.tuple([]), output: z.null(), kind: "inline" },
      () => {
        runs++;
        return null;
      },
    );
    const server = harness.listen({ procedures: { order } });
    for (const [name, data, told] of beginnings) {
      const peer = await harness.connect(server);
      const bytes = typeof data === "string" ? utf8.encode(data) : data;
      await peer.send(new Uint8Array([...bytes, ...utf8.encode(`\n${call}`)]));
      await waitFor(`${name} to be left`, () => peer.isEnded);
      const text = peer.lines.join("\n");
      assert.match(text, told, name);
      assert.equal(peer.lines.filter((line) => /JSON-RPC|TLS/.test(line)).length, 1, name);
      // In the pieces in which it may come, of which the first is all that there is of some.
      const slow = await harness.connect(server);
      await slow.send(bytes);
      await waitFor(`${name} alone to be left`, () => slow.isEnded);
      assert.match(slow.lines.join("\n"), told, name);
    }
    assert.equal(runs, 0);
    await waitFor("all to be gone", () => server.stats().connections === 0);
  },
);

serverTest(
  "what a person types, and what is broken JSON, costs its own line alone (P-4)",
  async (harness) => {
    const order = defineProcedure(
      { input: z.tuple([]), output: z.null(), kind: "inline" },
      () => null,
    );
    const server = harness.listen({ procedures: { order } });
    for (
      const text of [
        ...["hello", "fib 32", "PING", "get key", "help\r", '{"method": GET / HTTP/1.1', "[1,"],
        ...["\ufeff{}", "\0", "\0{}", "\t", "2 * 3", '"SSH-2.0"', "stats"],
      ]
    ) {
      const peer = await harness.connect(server);
      await peer.send(`${text}\n${call}`);
      assert.equal((await peer.answer(1)).result, null, text);
    }
  },
);
