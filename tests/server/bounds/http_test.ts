import assert from "node:assert/strict";
import { isHttp } from "../../../src/server/bounds/http.ts";
import { defineProcedure } from "../../../src/procedures/procedure.ts";
import * as z from "zod";
import { waitFor } from "../../support/wait_for.ts";
import { serverTest } from "../fixtures/harness.ts";

serverTest(
  "what a web page has a browser send runs nothing, and is answered one sentence of HTTP (P-4)",
  async (harness) => {
    const ran: unknown[] = [];
    const order = defineProcedure(
      { input: z.tuple([z.number()]), output: z.null(), kind: "inline" },
      (params) => {
        ran.push(params);
        return null;
      },
    );
    const server = harness.listen({ procedures: { order } });
    const { port } = server.address;
    const body = '\n{"jsonrpc":"2.0","id":1,"method":"order","params":[1]}\n';
    for (
      const [method, headers] of [
        ["POST", { "content-type": "text/plain" }],
        ["POST", { "content-type": "application/x-www-form-urlencoded" }],
        ["PUT", {}],
      ] as const
    ) {
      const url = `http://127.0.0.1:${port}/${encodeURIComponent(body)}`;
      const response = await fetch(url, { method, headers, body });
      assert.equal(response.status, 400);
      assert.match(await response.text(), /^This is no HTTP server: .*rpc gateway/);
    }
    // In pieces, with the request line apart from what it brings; and a request line that is no
    // UTF-8.
    const peer = await harness.connect(server);
    await peer.send("POST / HTTP/1.1\r\n");
    await peer.send(`Host: 127.0.0.1\r\n\r\n${body}`);
    await peer.ended();
    assert.equal(peer.lines[0], "HTTP/1.1 400 Bad Request\r");
    const raw = await harness.connect(server);
    const line = new Uint8Array([...new TextEncoder().encode("GET /"), 0xff, 0x20]);
    await raw.send(line);
    await raw.send(`HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n${body}`);
    await raw.ended();
    assert.deepEqual(ran, []);
    await waitFor("all to be gone", () => server.stats().connections === 0);
  },
);

serverTest(
  "what a page has put into a browser's greeting of TLS runs nothing, in whatever pieces it comes (P-4)",
  async (harness) => {
    const ran: unknown[] = [];
    const order = defineProcedure(
      { input: z.tuple([]), output: z.null(), kind: "inline" },
      () => {
        ran.push("order");
        return null;
      },
    );
    const server = harness.listen({ procedures: { order } });
    const session = '\n{"jsonrpc":"2.0","id":1,"method":"order","params":[]}\n';
    // A record of the handshake with a hello in it; one whose lengths are line ends; plain text.
    const beginnings = [[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0xff], [0x16, 3, 1, 10, 10], [
      0x16,
    ]];
    for (const beginning of beginnings) {
      const hello = new Uint8Array([...beginning, ...new TextEncoder().encode(session)]);
      for (const cut of [hello.length, 1, beginning.length]) {
        const peer = await harness.connect(server);
        await peer.send(hello.subarray(0, cut));
        // The second half may meet a connection that is closed already.
        await peer.send(hello.subarray(cut)).catch(() => {});
        await peer.ended();
        assert.match(peer.lines[0] ?? "", /does not speak TLS/);
        assert.equal(peer.lines.length, 1);
      }
    }
    const peer = await harness.connect(server);
    await peer.send(session);
    await peer.answer(1);
    assert.deepEqual(ran, ["order"], "a message alone is one");
  },
);

Deno.test("only what HTTP clients send is taken for HTTP", () => {
  const http = [
    ...["GET / HTTP/1.1\r", "OPTIONS * HTTP/1.0", "PRI * HTTP/2.0", "host: a", "Origin: b"],
    ...["get / http/1.1", "GET\t/\tHTTP/1.1", " GET /  HTTP/1.1", "GET /a b HTTP/1.1"],
    ...["GET http://a/ HTTP/1.1", "CONNECT a:443 HTTP/1.1", "M-SEARCH * HTTP/1.1", "GET / HTTP/3"],
    // Of 0.9, and asterisks and addresses without a version.
    ...["GET /", "GET /a\r", "get /", "OPTIONS *", "GET http://a/"],
    `GET /${"x".repeat(100_000)} HTTP/1.1\r`,
  ];
  for (const line of http) assert.ok(isHttp(line), line.slice(0, 40));
  for (
    const line of [
      ...["{", "GET / HTTP", "hello there HTTPS/x", "hostile: yes", "rpc: x", "[", "get key"],
      ...['{"method": "GET / HTTP/1.1"', "fib 32", "2 * 3", "two * three", "x /y z"],
    ]
  ) {
    assert.ok(!isHttp(line), line);
  }
});
