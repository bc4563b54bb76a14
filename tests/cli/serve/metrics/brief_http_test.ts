import assert from "node:assert/strict";
import { encodeAnswer, readRequest } from "../../../../src/cli/serve/metrics/brief_http.ts";

/** What is read of a text that comes in pieces of so many bytes. */
async function read(text: string, pieceBytes = text.length): Promise<string | undefined> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  const source = {
    read(buffer: Uint8Array): Promise<number | null> {
      const piece = bytes.subarray(at, at + Math.min(pieceBytes, buffer.length));
      buffer.set(piece);
      at += piece.length;
      return Promise.resolve(piece.length === 0 ? null : piece.length);
    },
  };
  const request = await readRequest(source, "10.0.0.7:9464");
  return request && `${request.method} ${request.url.href}`;
}

Deno.test("a request is read however it is cut, under the name that it says", async () => {
  const text = "GET /metrics?a=b HTTP/1.1\r\nAccept: */*\r\nHOST:\tname:80 \r\n\r\n";
  for (const pieceBytes of [1, 7, text.length]) {
    assert.equal(await read(text, pieceBytes), "GET http://name/metrics?a=b");
  }
  assert.equal(await read("GET / HTTP/1.0\n\n"), "GET http://10.0.0.7:9464/");
  assert.equal(await read("HEAD / HTTP/1.1\r\nHost: [::1]:9\r\n\r\nbody"), "HEAD http://[::1]:9/");
  assert.equal(await read("GET http://a/b HTTP/1.1\r\nHost: c\r\n\r\n"), "GET http://a/b");
});

Deno.test("what is no request, or could be read in two ways, is none", async () => {
  for (
    const text of [
      "",
      "GET / HTTP/1.1\r\nHost: a\r\n",
      "GET /\r\n\r\n",
      "GET / HTTP/2.0\r\n\r\n",
      "GET evil HTTP/1.1\r\n\r\n",
      "GET https://a/ HTTP/1.1\r\n\r\n",
      "GET http://a@b/ HTTP/1.1\r\n\r\n",
      "get / HTTP/1.1\r\n\r\n",
      "GET /a b HTTP/1.1\r\n\r\n",
      "\x16\x03\x01\x02\n\n",
      "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n",
      ...["a@b", "a/b", "a b", "127.'.0.1", "é", "", "a:b", "[", "a:99999"]
        .map((host) => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
      `GET / HTTP/1.1\r\nX: ${"x".repeat(8 * 1024)}\r\n\r\n`,
    ]
  ) assert.equal(await read(text), undefined, text);
});

Deno.test("an answer has its length in bytes, and that to HEAD no body", () => {
  const text = (method?: string) =>
    new TextDecoder().decode(encodeAnswer({ status: 403, body: "é\n" }, method));
  const head = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\n" +
    "Content-Length: 3\r\nConnection: close\r\n\r\n";
  assert.deepEqual([text("GET"), text("HEAD"), text()], [`${head}é\n`, head, `${head}é\n`]);
});
