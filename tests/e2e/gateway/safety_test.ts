import assert from "node:assert/strict";
import { startGateway } from "../../support/gateway_process.ts";
import { modeTest } from "../../support/posix.ts";
import { RpcHome } from "../../support/rpc_process.ts";

/**
 * What a request over a bare socket is answered with: browsers' own headers cannot be set by fetch.
 */
async function raw(url: string, lines: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(
    new TextEncoder().encode([...lines, "connection: close", "", ""].join("\r\n")),
  );
  return await new Response(connection.readable).text();
}

Deno.test("no call runs without the token, for a page of another origin, or under another name", async () => {
  await using home = await RpcHome.create();
  const server = await home.serve();
  const gateway = await startGateway(home, [
    ...["--allow-origin", "https://tools.example"],
    ...["--public-url", "https://rpc.example.org/rpc/"],
  ]);
  const host = new URL(gateway.url).host;
  const good = [
    `host: ${host}`,
    `authorization: Bearer ${gateway.token}`,
    "content-type: application/json",
    "content-length: 0",
  ];
  const post = (...headers: string[]) => raw(gateway.url, ["POST /call/ping HTTP/1.1", ...headers]);
  const status = async (...headers: string[]) =>
    Number(/^HTTP\/1.1 (\d+)/.exec(await post(...headers))?.[1]);

  assert.equal(await status(...good), 200);
  assert.equal(await status(...good, `origin: ${gateway.url}`), 200);
  const allowed = await post(...good, "origin: https://tools.example");
  assert.match(
    allowed,
    /^HTTP\/1.1 200[^]*access-control-allow-origin: https:\/\/tools\.example\r\n/,
  );

  // As a proxy passes on what a page there asks.
  const proxied = good.with(0, "host: rpc.example.org");
  assert.equal(await status(...proxied, "origin: https://rpc.example.org"), 200);
  assert.equal(await status(...proxied, "origin: https://other.example.org"), 403);

  assert.equal(await status(...good.with(1, "x-a: b")), 401);
  assert.equal(await status(...good.with(1, `authorization: Bearer ${gateway.token}x`)), 401);
  assert.equal(await status(...good.with(1, "cookie: rpc_gateway_1=x")), 401);
  assert.equal(await status(...good.with(0, "host: evil.example")), 421);
  assert.equal(await status(...good, "origin: http://evil.example"), 403);
  assert.equal(await status(...good, "origin: null"), 403);
  assert.equal(await status(...good, `origin: http://${host}.evil.example`), 403);
  assert.equal(await status(...good.with(2, "content-type: text/plain")), 415);
  assert.equal(
    await status(...good.with(2, "content-type: application/x-www-form-urlencoded")),
    415,
  );
  const upgrade = [
    "connection: upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
  ];
  for (
    const more of [[], ["origin: http://evil.example", `authorization: Bearer ${gateway.token}`]]
  ) {
    const answer = await raw(gateway.url, ["GET / HTTP/1.1", `host: ${host}`, ...upgrade, ...more]);
    assert.match(answer, /^HTTP\/1.1 40[13]/);
  }
  const preflight = await raw(gateway.url, [
    "OPTIONS /call/ping HTTP/1.1",
    `host: ${host}`,
    "origin: http://evil.example",
  ]);
  assert.match(preflight, /^HTTP\/1.1 403/);
  // Three have run, and nothing else has reached the server.
  const stats = await home.run(["servers", "--json"]);
  assert.equal(stats.code, 0);
  assert.ok(stats.stdout.includes(String(server.port)));
});

Deno.test("a gateway on a network wants TLS and a token, else it ends with 2 and says what to do", async () => {
  await using home = await RpcHome.create();
  const cases: [args: string[], says: RegExp][] = [
    [["0.0.0.0:0"], /give --tls-cert and --tls-key, or listen on 127\.0\.0\.1/],
    [["0.0.0.0:0", "--no-token"], /leave out --no-token/],
    [["127.0.0.1:0", "--tls-cert", "x"], /give --tls-cert and --tls-key/],
    [["127.0.0.1"], /give host:port/],
    [["127.0.0.1:99999"], /give host:port/],
    // A port alone is one of this machine's, and behind a colon one of all its addresses.
    [["8080", "--tls-cert", "c"], /by one file/],
    [[":8080"], /Cannot take a token over 0\.0\.0\.0 unencrypted/],
    [["127.0.0.1:0", "--allow-origin", "tools.example"], /the scheme and the host/],
    [["127.0.0.1:0", "--allow-origin", "https://me@tools.example"], /the scheme and the host/],
    [["127.0.0.1:0", "--public-url", "rpc.example.org"], /the scheme, the host and the path/],
    [["127.0.0.1:0", "--public-url", "https://rpc.example.org/?a"], /the scheme, the host/],
    [["127.0.0.1:0", "--public-url", "ftp://rpc.example.org/"], /the scheme, the host/],
    [["127.0.0.1:0", "--allow-host", "tools.example:8080"], /a name without a port/],
    [["127.0.0.1:0", "--token-file", "short"], /at least 16/],
  ];
  await Deno.writeTextFile(`${home.workingDirectory}/short`, "secret\n");
  for (const [args, says] of cases) {
    const { code, stderr } = await home.run(["gateway", ...args]);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, says);
  }
});

Deno.test("--token-file makes a token once, in no log, and --read-only never calls", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  const first = await startGateway(home, ["--token-file", "token"]);
  assert.equal((await first.call("ping")).status, 200);
  assert.match(first.process.stdout, /^ready http:\S+\n$/);
  assert.ok(!first.process.stdout.includes(first.token), first.process.stdout);
  await first.process.kill();
  const again = await startGateway(home, ["--token-file", "token", "--read-only"]);
  assert.equal(again.token, first.token);
  assert.equal(again.process.stderr, "");
  const answer = await again.call("ping");
  assert.equal(answer.status, 403);
  assert.match((await answer.json()).detail, /--read-only/);
  const open = await startGateway(home, ["--no-token"]);
  assert.equal(open.token, "");
  assert.equal((await fetch(`${open.url}/call/ping`, { method: "POST" })).status, 200);
});

modeTest(
  "a token in a file that others can read is told of, with the command that mends it",
  async () => {
    await using home = await RpcHome.create();
    const path = `${home.workingDirectory}/to ken`;
    await Deno.writeTextFile(path, "x".repeat(20));
    await Deno.chmod(path, 0o644);
    const gateway = await startGateway(home, ["--token-file", "to ken"]);
    assert.equal(gateway.token, "x".repeat(20));
    await gateway.process.says(
      /rpc: other users .* can read --token-file to ken: chmod 600 'to ken'/,
    );
  },
);

Deno.test("hosts, types and upgrades that are none are told what they are, and no call runs", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  const gateway = await startGateway(home, ["--verbose"]);
  const { host, port } = new URL(gateway.url);
  const ask = async (
    { method = "POST /call/ping", at = host, type = "application/json", more = [] as string[] },
  ) => {
    const answer = await raw(gateway.url, [
      ...[`${method} HTTP/1.1`, `host: ${at}`, `authorization: Bearer ${gateway.token}`],
      ...[`content-type: ${type}`, "content-length: 0", ...more],
    ]);
    const [, status = "", body = ""] = /^HTTP\/1.1 (\d+)[^]*?\r\n\r\n([^]*)$/.exec(answer) ?? [];
    return { status: Number(status), body };
  };
  // The names of this machine, however they are written, and those of nobody.
  for (const at of [`LOCALHOST:${port}`, `[::1]:${port}`, "127.0.0.1", "a.localhost"]) {
    assert.equal((await ask({ at })).status, 200, at);
  }
  for (
    const at of ["localhost.evil", "127.0.0.1.evil.example", "localhost.", "evil"]
  ) {
    assert.equal((await ask({ at })).status, 421, at);
  }
  for (
    const at of [
      ...["[bad", "127.0.0.1:99999", "a b", "127.0.0.1@e.example", "a@127.0.0.1", "127.1"],
      ...["127.0.0.1:80:80", "0x7f.1", "127.0.0.1, e.example", `${host}\r\nhost: ${host}`],
    ]
  ) {
    const { status, body } = await ask({ at });
    assert.equal(status, 400, at);
    // Two of them the runtime refuses itself.
    if (!at.includes("\n")) assert.equal(JSON.parse(body).name, "InvalidRequest", at);
  }
  for (const method of [`POST http://${host}/call/ping`, "POST /call/pin%67"]) {
    assert.equal((await ask({ method })).status, 200, method);
    assert.equal(
      (await ask({ method, at: "e.example" })).status,
      method.includes("//") ? 400 : 421,
    );
  }
  for (const type of ["Application/JSON", 'application/json; x=1; charset="UTF-8"']) {
    assert.equal((await ask({ type })).status, 200, type);
  }
  for (
    const type of [
      ...["application/json; charset=utf-16", "application/json;x=1;charset=latin1"],
      ...["application/jsonp", "multipart/form-data; boundary=x", "text/plain;application/json"],
    ]
  ) assert.equal((await ask({ type })).status, 415, type);
  for (const [encoding, status] of [["gzip", 415], ["gzip, identity", 415], ["Identity", 200]]) {
    const more = [`content-encoding: ${encoding}`];
    assert.equal((await ask({ more })).status, status, more[0]);
  }
  // A stream that broke off is not begun anew in silence, and nobody is sent what he does not take.
  const stream = { more: ["accept: text/event-stream", "last-event-id: 7"] };
  assert.deepEqual((({ status, body }) => [status, JSON.parse(body).name])(await ask(stream)), [
    400,
    "InvalidRequest",
  ]);
  const plain = await ask({ more: ["accept: application/json, text/event-stream;q=0.0"] });
  assert.deepEqual([plain.status, plain.body], [200, '"pong"\n']);
  const inQuery = [`POST /call/ping?token=${gateway.token} HTTP/1.1`, `host: ${host}`];
  assert.match(await raw(gateway.url, [...inQuery, "content-length: 0"]), /^HTTP\/1.1 401/);
  assert.equal((await ask({ method: "GET /", more: ["upgrade: websocket"] })).status, 400);
  for (const method of ["GET /call/ping", "HEAD /call/ping", "TRACE /", "PUT /", "GET /session"]) {
    assert.equal((await ask({ method })).status, 405, method);
  }
  assert.equal(
    (await ask({ method: "GET /metrics", more: ["sec-fetch-site: same-site"] })).status,
    403,
  );
  // Nobody fills the log by asking what nobody can answer.
  assert.doesNotMatch(gateway.process.stderr, /Cannot answer/);
});
