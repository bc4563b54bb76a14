import assert from "node:assert/strict";
import { startGateway } from "../../support/gateway_process.ts";
import { RpcHome } from "../../support/rpc_process.ts";
import { waitFor } from "../../support/wait_for.ts";

const odd = `
import { defineProcedure, z } from "rpc";
let drawn = 0;
let wasStopped = false;
export const echo = defineProcedure({
  input: z.tuple([z.unknown()]), output: z.unknown(), kind: "io", description: "",
}, ([value]) => value);
export const count = defineProcedure({
  input: z.tuple([z.int()]), output: z.int(), kind: "io", description: "", stream: true,
}, async function* ([n]) {
  try {
    for (let i = 1; i <= n; i++) { drawn = i; yield i; await 0; }
  } finally { wasStopped = true; }
});
export const texts = defineProcedure({
  input: z.tuple([z.int()]), output: z.string(), kind: "io", description: "", stream: true,
}, async function* ([n]) {
  const text = "x".repeat(10_000);
  try {
    for (let i = 1; i <= n; i++) { drawn = i; yield text; await 0; }
  } finally { wasStopped = true; }
});
export async function* breaks() { yield 1; throw new Error("broken <b>here</b>"); }
export const drawnSoFar = defineProcedure({
  input: z.tuple([]), output: z.unknown(), kind: "io", description: "",
}, () => [drawn, wasStopped]);
export const forget = defineProcedure({
  input: z.tuple([]), output: z.null(), kind: "io", description: "",
}, () => { wasStopped = false; return null; });
export function fails() { throw new Error("no"); }
export async function hangs() { await new Promise((resolve) => setTimeout(resolve, 60_000)); }
export function prints() { console.log("printed"); return "done"; }
`;

async function homeWithModule(): Promise<RpcHome> {
  const home = await RpcHome.create();
  await Deno.writeTextFile(`${home.workingDirectory}/odd.ts`, odd);
  return home;
}

Deno.test("POST /call answers the bare result, or a status and problem details by the error", async () => {
  await using home = await homeWithModule();
  const server = await home.serve(["127.0.0.1", "0", "odd.ts"]);
  const gateway = await startGateway(home);

  const fib = await gateway.call("fib", [20]);
  assert.equal(fib.status, 200);
  assert.equal(await fib.text(), "6765\n");
  assert.equal(fib.headers.get("content-type"), "application/json");
  assert.equal(fib.headers.get("rpc-server"), server.address);
  assert.equal(await (await gateway.call("fib", { n: 10 })).json(), 55);
  assert.equal(await (await gateway.call("ping")).json(), "pong");
  assert.equal(await (await gateway.call("prints")).json(), "done");
  // Text that looks like markup passes as it is.
  for (const text of ["0.1", '"<script>"', "null", '{"a":[100]}']) {
    const answer = await gateway.fetch("/call/echo", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: `[${text}]`,
    });
    assert.equal(await answer.text(), `${text}\n`);
  }

  const wrong = await gateway.call("fib", ["many"]);
  assert.equal(wrong.status, 400);
  assert.equal(wrong.headers.get("content-type"), "application/problem+json");
  const problem = await wrong.json();
  assert.equal(problem.name, "InvalidParams");
  assert.equal(problem.code, -32602);
  assert.equal(problem.executed, "no");
  assert.deepEqual(problem.issues[0].path, [0]);

  const cases: [
    method: string,
    params: unknown,
    headers: Record<string, string>,
    status: number,
    executed: string,
  ][] = [
    ["nobody", [], {}, 404, "no"],
    ["rpc.renew", {}, {}, 404, "no"],
    ["rpc.stats", [], {}, 404, "no"],
    ["fails", [], {}, 502, "yes"],
    // Long enough that the call is under way.
    ["hangs", [], { "rpc-timeout-ms": "3000" }, 504, "maybe"],
    ["ping", 32, {}, 400, "no"],
    ["ping", [], { "rpc-timeout-ms": "soon" }, 400, "no"],
    ["ping", [], { "content-type": "text/plain" }, 415, "no"],
    ["echo", ["x".repeat(4 * 1024 * 1024)], {}, 413, "no"],
  ];
  for (const [method, params, headers, status, executed] of cases) {
    const answer = await gateway.call(method, params, headers);
    assert.equal(answer.status, status, method);
    assert.equal((await answer.json()).executed, executed, method);
  }
  const get = await gateway.fetch("/call/ping");
  assert.equal(get.status, 405);
  assert.equal(get.headers.get("allow"), "POST");
  await get.body?.cancel();
});

Deno.test("without a server a call through the gateway is 503, and /readyz says so", async () => {
  await using home = await RpcHome.create();
  const gateway = await startGateway(home);
  assert.equal((await fetch(`${gateway.url}/healthz`)).status, 200);
  assert.equal((await fetch(`${gateway.url}/readyz`)).status, 503);
  const answer = await gateway.call("ping");
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get("retry-after"), "1");
  assert.equal((await answer.json()).name, "Unavailable");
  await home.serve();
  await waitFor("ready", async () => (await fetch(`${gateway.url}/readyz`)).status === 200);
  assert.equal((await gateway.call("ping")).status, 200);
});

Deno.test("POST / is JSON-RPC 2.0: single, batch, notifications, and its errors", async () => {
  await using home = await homeWithModule();
  await home.serve(["127.0.0.1", "0", "odd.ts"]);
  const gateway = await startGateway(home);
  const one = await gateway.post('{"jsonrpc":"2.0","id":"a","method":"fib","params":[10]}');
  assert.equal(one.status, 200);
  assert.deepEqual(await one.json(), { jsonrpc: "2.0", id: "a", result: 55 });

  const batch = await gateway.post(`[
    {"jsonrpc":"2.0","id":1,"method":"ping"},
    {"jsonrpc":"2.0","method":"ping"},
    {"jsonrpc":"2.0","id":2,"method":"nobody"},
    {"id":3}
  ]`);
  const answers = await batch.json() as { id: number; error?: { code: number } }[];
  assert.deepEqual(
    answers.map(({ id, error }) => [id, error?.code]).toSorted(),
    [[1, undefined], [2, -32601], [3, -32600]],
  );

  const notification = await gateway.post('{"jsonrpc":"2.0","method":"ping"}');
  assert.equal(notification.status, 204);
  assert.equal(await notification.text(), "");

  const broken = await (await gateway.post("{")).json();
  assert.deepEqual([broken.id, broken.error.code], [null, -32700]);
  const discover = await (await gateway.post('{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}'))
    .json();
  assert.ok(discover.result.methods.some(({ name }: { name: string }) => name === "fib"));
});

Deno.test("a caller who goes cancels his call, and a slow reader slows the procedure", async () => {
  await using home = await homeWithModule();
  await home.serve(["127.0.0.1", "0", "odd.ts"]);
  const gateway = await startGateway(home);
  const drawn = async () => await (await gateway.call("drawnSoFar")).json();

  const lines = await gateway.call("count", [3], { accept: "application/x-ndjson" });
  assert.equal(lines.headers.get("content-type"), "application/x-ndjson");
  const text = await lines.text();
  assert.match(
    text,
    /^\{"item":1\}\n\{"item":2\}\n\{"item":3\}\n\{"end":\{"items":3,"server":".+"\}\}\n$/,
  );
  const events = await (await gateway.call("count", [2], { accept: "text/event-stream" })).text();
  assert.match(events, /^data: 1\n\ndata: 2\n\nevent: end\ndata: \{"items":2,/);
  const broken = await (await gateway.call("breaks", [], { accept: "text/event-stream" })).text();
  assert.match(
    broken,
    /^data: 1\n\nevent: error\ndata: \{.*"status":502.*"executed":"yes".*\}\n\n$/,
  );
  // What fails before its first item, and what is no stream.
  const none = await gateway.call("nobody", [], { accept: "application/x-ndjson" });
  assert.equal(none.status, 404);
  await none.body?.cancel();
  const plain = await (await gateway.call("ping", [], { accept: "application/x-ndjson" })).text();
  assert.match(plain, /^\{"item":"pong"\}\n\{"end":\{"items":1/);

  await waitFor("the finished stream's end", async () => (await drawn())[1]);
  await gateway.call("forget");
  const leave = new AbortController();
  const long = await fetch(`${gateway.url}/call/texts`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${gateway.token}`,
      "content-type": "application/json",
      accept: "application/x-ndjson",
      "rpc-timeout-ms": "600000",
    },
    body: "[1000000000]",
    signal: leave.signal,
  });
  const reader = (long.body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  // Nobody reads on: it comes to rest when all that is between is full.
  let last = -1;
  let looks = 0;
  await waitFor("the stream to rest", async () => {
    const [now] = await drawn();
    looks = now === last ? looks + 1 : 0;
    last = now;
    return looks === 3;
  }, { periodMs: 300 });
  assert.equal((await drawn())[1], false);
  leave.abort();
  await waitFor("the procedure's end", async () => (await drawn())[1]);
});

Deno.test("a WebSocket carries many calls, streams by credit, and cancels", async () => {
  await using home = await homeWithModule();
  await home.serve(["127.0.0.1", "0", "odd.ts"]);
  const gateway = await startGateway(home);
  const socket = new WebSocket(gateway.url.replace("http", "ws"), [
    "rpc",
    `bearer.${gateway.token}`,
  ]);
  // deno-lint-ignore no-explicit-any
  const messages: any[] = [];
  socket.onmessage = ({ data }) => messages.push(JSON.parse(data));
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  assert.equal(socket.protocol, "rpc");
  const send = (message: unknown) =>
    socket.send(JSON.stringify({ jsonrpc: "2.0", ...message as object }));
  for (let id = 1; id <= 100; id++) send({ id, method: "fib", params: [5] });
  await waitFor("all answers", () => messages.length === 100);
  assert.ok(messages.every(({ result }) => result === 5));

  messages.length = 0;
  send({ id: "s", method: "count", params: [4], meta: { stream: 2 } });
  await waitFor("two items", () => messages.length === 2);
  send({ id: "s", method: "ping" });
  await waitFor("a refusal", () => messages.length === 3);
  assert.equal(messages[2].error.code, -32600);
  assert.deepEqual(messages[1].params, { id: "s", items: [2] });
  send({ method: "rpc.more", params: { id: "s", n: 9 } });
  await waitFor("the end", () => messages.some(({ id, result }) => id === "s" && result === 4));

  messages.length = 0;
  send({ id: "h", method: "hangs" });
  send({ method: "rpc.cancel", params: { id: "h" } });
  await waitFor("the cancelled call", () => messages.length === 1);
  assert.equal(messages[0].error.code, -32004);

  const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
  socket.send("x".repeat(4 * 1024 * 1024 + 1));
  assert.equal((await closed).code, 1009);
});

Deno.test("a gateway and an agent's server tell that the registry is away, and go on", async () => {
  await using home = await RpcHome.create("zookeeper://127.0.0.1:1");
  const gateway = await startGateway(home, ["--log-format", "json"]);
  const words = /registry cannot be asked, trying again: Cannot reach ZooKeeper at 127\.0\.0\.1:1 /;
  await gateway.process.says(words);
  const [record = ""] = gateway.process.stderr.split("\n");
  assert.equal(JSON.parse(record).level, "WARN");
  assert.equal((await gateway.call("fib", [1])).status, 503);
  // It ends with its input, which is kept open here by itself.
  const shell = "mkfifo input; exec 0<>input;";
  if (Deno.build.os !== "windows") await home.start(["mcp"], { shell }).says(words);
});
