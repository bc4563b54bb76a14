import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/log.ts";
import type { CallReport } from "../../src/client/call_report.ts";
import { CallStream } from "../../src/client/call_stream.ts";
import type { Client } from "../../src/client/client.ts";
import type { Transport } from "../../src/client/transport.ts";
import type { Discovery } from "../../src/discovery/discovery.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import {
  gatewayDrainMs,
  gatewayGraceMs,
  gatewayOffenceMs,
  gatewayOffencesMax,
} from "../../src/gateway/limits.ts";
import { lingers, receive, untilOneLingers, writeText } from "../support/raw_peer.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { waitFor, within } from "../support/wait_for.ts";
import { notLinux } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

/** A gateway whose calls are never answered, but end as those of a client do that is closed. */
async function gatewayOfNobody() {
  const clock = new VirtualClock();
  const calls: ((report: CallReport) => void)[] = [];
  const streams: CallStream[] = [];
  const error = new RpcError("Cancelled", "The client is closed", { executed: "maybe" });
  const end = { result: undefined, error, server: undefined, attempts: 1, durationMs: 0 };
  const client = {
    report: () => new Promise<CallReport>((resolve) => calls.push(resolve)),
    stream: () => {
      const stream = new CallStream(64, () => {});
      stream.items([1], 1);
      streams.push(stream);
      return stream;
    },
    close() {
      for (const answer of calls) answer(end);
      for (const stream of streams) stream.ended(end);
    },
    stats: { connected: 1 },
  };
  const gateway = await Gateway.start({
    listen: { host: "127.0.0.1", port: 0 },
    client: client as unknown as Client,
    ...{ discovery: {} as Discovery, transport: {} as Transport, service: "rpc" },
    ...{ token: undefined, allowHosts: [], allowOrigins: [], tls: undefined, readOnly: false },
    ...{ clock, log: silentLogger },
  });
  const call = (path = "call/slow", body = "[]", accept = "*/*") =>
    fetch(`${gateway.url}${path}`, {
      method: "POST",
      body,
      headers: { "content-type": "application/json", accept },
    });
  return { gateway, clock, calls, streams, call };
}

Deno.test("a gateway that ends waits for calls, then ends those that take too long and tells their callers", async () => {
  const { gateway, clock, calls, call } = await gatewayOfNobody();
  const answered = call();
  const late = call();
  const socket = new WebSocket(gateway.url.replace("http", "ws"));
  const closed = Promise.withResolvers<number>();
  const said: string[] = [];
  socket.onmessage = ({ data }) => void said.push(data);
  socket.onclose = ({ code }) => closed.resolve(code);
  socket.onopen = () => socket.send('{"jsonrpc":"2.0","id":1,"method":"slow"}');
  await waitFor("the calls", () => calls.length === 3);
  const ended = gateway.close();
  calls[0]?.({ result: 1, error: undefined, server: undefined, attempts: 1, durationMs: 0 });
  assert.equal(await (await answered).json(), 1);
  // Who comes now is told to go elsewhere, and what is under way goes on.
  const refused = await call();
  assert.deepEqual([refused.status, (await refused.json()).name], [503, "Draining"]);
  socket.send('{"jsonrpc":"2.0","id":2,"method":"slow"}');
  await waitFor("the refusal", () => said.length === 1);
  assert.match(said[0] ?? "", /"id":2,.*-32003/);
  await clock.advanceAsync(gatewayDrainMs - 1);
  assert.equal(said.length, 1);
  await clock.advanceAsync(1);
  const { status, headers, ...rest } = await late;
  assert.equal(status, 503, JSON.stringify(rest));
  assert.equal(headers.get("retry-after"), "1");
  const { name, detail, executed } = await (await late).json();
  // Truly: it had been sent.
  assert.deepEqual([name, executed], ["Draining", "maybe"]);
  assert.match(detail, /^This gateway ends, and could not wait .*: ask another one$/);
  await within("the end", ended);
  assert.equal(await closed.promise, 1001);
  assert.match(said[1] ?? "", /"id":1,.*-32003.*"executed":"maybe"/);
});

Deno.test("streams and JSON-RPC over HTTP are told too that the gateway ends, and whether they ran", async () => {
  const { gateway, clock, calls, streams, call } = await gatewayOfNobody();
  const socket = new WebSocket(gateway.url.replace("http", "ws"));
  const said: string[] = [];
  socket.onmessage = ({ data }) => void said.push(data);
  const closed = Promise.withResolvers<void>();
  socket.onclose = () => closed.resolve();
  const request = '{"jsonrpc":"2.0","id":1,"method":"slow"';
  socket.onopen = () => socket.send(`${request},"meta":{"stream":9}}`);
  const one = call("", `${request}}`);
  const batch = call("", `[${request}}]`);
  const events = call("call/slow", "[]", "text/event-stream");
  const lines = call("call/slow", "[]", "application/x-ndjson");
  await waitFor("the calls", () => calls.length === 2 && streams.length === 3 && said.length === 1);
  await Promise.all([events, lines]);
  const ended = gateway.close();
  await clock.advanceAsync(gatewayDrainMs);
  const problem = /"status":503,.*"name":"Draining","executed":"maybe"/;
  assert.match(await (await events).text(), new RegExp(`event: error\ndata: .*${problem.source}`));
  assert.match(await (await lines).text(), problem);
  const error = /"code":-32003,.*"executed":"maybe"/;
  for (const answer of [one, batch]) {
    assert.equal((await answer).status, 200);
    assert.match(await (await answer).text(), error);
  }
  await within("the end", ended);
  await closed.promise;
  assert.match(said[1] ?? "", error);
});

Deno.test("what is not JSON is told by the name of what it came in: a body, or a message", async () => {
  const { gateway, call } = await gatewayOfNobody();
  for (const path of ["", "call/slow", "mcp"]) {
    assert.match(await (await call(path, "{")).text(), /Cannot read a body that is not JSON/, path);
  }
  const socket = new WebSocket(gateway.url.replace("http", "ws"));
  const said = Promise.withResolvers<string>();
  const closed = Promise.withResolvers<void>();
  socket.onmessage = ({ data }) => said.resolve(data);
  socket.onclose = () => closed.resolve();
  socket.onopen = () => socket.send("{");
  assert.match(await within("the answer", said.promise), /Cannot read a message that is not JSON/);
  await within("the end", gateway.close());
  await closed.promise;
});

Deno.test("a gateway that is asked to hurry tells its callers at once", async () => {
  const { gateway, calls, call } = await gatewayOfNobody();
  const late = call();
  await waitFor("the call", () => calls.length === 1);
  const hurry = new AbortController();
  const ended = gateway.close(hurry.signal);
  hurry.abort();
  assert.equal((await late).status, 503);
  assert.equal((await (await late).json()).executed, "maybe");
  await within("the end", ended);
});

Deno.test("a gateway that ends does not wait for who never reads his answer", async () => {
  const { gateway, clock, calls } = await gatewayOfNobody();
  const port = Number(new URL(gateway.url).port);
  using silent = await Deno.connect({ hostname: "127.0.0.1", port });
  const head = "POST /call/slow HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n";
  await silent.write(new TextEncoder().encode(`${head}content-length: 2\r\n\r\n[]`));
  await waitFor("the call", () => calls.length === 1);
  // More than any connection holds.
  const result = "x".repeat(32 * 1024 * 1024);
  calls[0]?.({ result, error: undefined, server: undefined, attempts: 1, durationMs: 0 });
  await silent.read(new Uint8Array(100));
  let isOver = false;
  const ended = gateway.close().then(() => isOver = true);
  await clock.advanceAsync(gatewayDrainMs + gatewayGraceMs - 1);
  assert.equal(isOver, false);
  await clock.advanceAsync(1);
  await within("the end", ended);
});

/** A WebSocket's peer that sends many messages at once. The first of them is answered. */
async function flood(url: string) {
  const peer = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
  const head =
    "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n" +
    "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  // A text of one letter as a message, masked by zeros.
  void writeText(peer, head + "\x81\x81\0\0\0\0x".repeat(20_000));
  return { peer, read: receive(peer) };
}

Deno.test({
  ...skippedIf(
    notLinux,
    "a connection whose WebSocket was closed for what it sent is let go a second later",
  ),
  fn: () =>
    untilOneLingers(async () => {
      const { gateway, clock } = await gatewayOfNobody();
      const { peer, read } = await flood(gateway.url);
      try {
        const isAnswered = () => read.text.includes("not JSON");
        return await lingers(read, isAnswered, { url: gateway.url, clock });
      } finally {
        peer.close();
        await gateway.close();
      }
    }),
});

Deno.test("whose WebSockets were closed too often for what they sent opens no other until a while later", async () => {
  const { gateway, clock } = await gatewayOfNobody();
  const peers: Deno.TcpConn[] = [];
  try {
    const refused = await waitFor("a refusal", async () => {
      const { peer, read } = await flood(gateway.url);
      peers.push(peer);
      await waitFor("an answer", () => read.text.includes("}") || read.isEnded);
      return read.text.startsWith("HTTP/1.1 503") && read.text;
    });
    assert.ok(peers.length > gatewayOffencesMax, `${peers.length}`);
    assert.match(refused, /retry-after: 1/i);
    assert.match(refused, /too many of your address sent too much/);
    clock.advance(peers.length * gatewayOffenceMs);
    const socket = new WebSocket(gateway.url.replace("http", "ws"));
    const { promise, resolve } = Promise.withResolvers<string>();
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("refused");
    const closed = new Promise((resolve) => socket.onclose = resolve);
    assert.equal(await promise, "open");
    socket.close();
    await closed;
  } finally {
    for (const peer of peers) peer.close();
    await gateway.close();
  }
});
