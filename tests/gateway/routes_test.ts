import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import {
  gatewayAnswersBytesMax,
  gatewayRequestsMax,
  gatewayRequestsOfCallerMax,
} from "../../src/gateway/limits.ts";
import { type Logger, silentLogger } from "../../src/base/log.ts";
import type { CallReport } from "../../src/client/call_report.ts";
import type { CallOptions } from "../../src/client/client_options.ts";
import { BatchPlaces } from "../../src/gateway/calls/batch_places.ts";
import type { Calls } from "../../src/gateway/calls/calls.ts";
import type { Catalogue } from "../../src/gateway/calls/catalogue.ts";
import type { Live } from "../../src/gateway/calls/live.ts";
import { Access } from "../../src/gateway/door/access.ts";
import { Answers } from "../../src/gateway/door/answers.ts";
import { BodyReader } from "../../src/gateway/door/body.ts";
import { Routes } from "../../src/gateway/routes.ts";
import { boundOfGateway } from "../../src/wire/message_bound.ts";
import { RecordingLogger } from "../discovery/recorder.ts";
import { Connection } from "../../src/gateway/door/connections.ts";
import { settled, VirtualClock } from "../support/virtual_clock.ts";
import { waitFor } from "../support/wait_for.ts";

type Call = (method: string, options: CallOptions) => Promise<Partial<CallReport>>;

/** Routes whose calls are answered by the test. */
function routesTo(call: Call, log: Logger = silentLogger): Routes {
  const clock = new VirtualClock();
  const report = async (method: string, _params: unknown, options: CallOptions) => ({
    ...{ result: undefined, error: undefined, server: undefined, attempts: 1, durationMs: 0 },
    ...await call(method, options),
  });
  return new Routes({
    access: new Access({ token: undefined, hosts: [], origins: [], secure: false }),
    bodies: new BodyReader(clock),
    answers: new Answers(clock),
    agents: { answer: () => Promise.reject(new Error("Not asked for")) },
    calls: { call: report, batchPlaces: new BatchPlaces(() => 0) } as unknown as Calls,
    catalogue: { document } as unknown as Catalogue,
    live: {} as Live,
    clientStats: () => {
      throw new Error("Not asked for");
    },
    isReady: () => true,
    bound: boundOfGateway(),
    clock,
    log,
  });
}

/** A document that never comes. */
function document(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

const here = "127.0.0.1:1";

const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  new Request(`http://127.0.0.1${path}`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });

Deno.test("what a body brought counts as unfinished no longer than until it is read, or refused", async () => {
  const held: number[] = [];
  let connection: Connection | undefined;
  const routes = routesTo(() => {
    connection?.look(1_000);
    held.push(connection?.unfinishedBytes ?? NaN);
    return Promise.resolve({});
  });
  for (const path of ["/call/f", "/", "/nothing"]) {
    connection = new Connection(new VirtualClock());
    connection.begin();
    connection.look(10);
    connection.look(1_000);
    assert.equal(connection.unfinishedBytes, 990);
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "f", params: [] });
    await routes.answer(post(path, body), here, connection);
    connection.look(1_000);
    assert.equal(connection.unfinishedBytes, 0, path);
  }
  assert.deepEqual(held, [0, 0]);
});

Deno.test("a page that is left while its document is made is no failure", async () => {
  const log = new RecordingLogger();
  const routes = routesTo(() => Promise.reject(new Error("Not asked for")), log);
  const page = new AbortController();
  const { signal } = page;
  const answer = routes.answer(new Request("http://127.0.0.1/openrpc.json", { signal }), here);
  page.abort();
  assert.equal((await answer).status, 500);
  assert.deepEqual(log.warnings, []);
});

Deno.test("past the requests that are answered at once it is 503 with Retry-After, until one ends", async () => {
  const waiting: ((report: Partial<CallReport>) => void)[] = [];
  const routes = routesTo(() => new Promise((resolve) => waiting.push(resolve)));
  const answers = Array.from(
    { length: gatewayRequestsMax },
    (_, index) => routes.answer(post("/call/ping", ""), `127.0.0.1:${index}`),
  );
  const refused = await routes.answer(post("/call/ping", ""), here);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get("retry-after"), "1");
  assert.equal((await refused.json()).executed, "no");
  await waitFor("the calls", () => waiting.length === gatewayRequestsMax);
  waiting.shift()?.({ result: "pong" });
  assert.equal((await answers[0])?.status, 200);
  const last = routes.answer(post("/call/ping", ""), here);
  await waitFor("the last call", () => waiting.length === gatewayRequestsMax);
  for (const end of waiting) end({ result: "pong" });
  assert.equal((await last).status, 200);
  await Promise.all(answers);
});

Deno.test("a cluster that is overloaded is 429 with Retry-After, in problem details", async () => {
  const error = new RpcError("Overloaded", "Too many calls wait", { executed: "no" });
  const routes = routesTo(() => Promise.resolve({ error, server: "127.0.0.1:1" }));
  const answer = await routes.answer(post("/call/fib", "[1]"), here);
  assert.equal(answer.status, 429);
  assert.equal(answer.headers.get("retry-after"), "1");
  assert.equal(answer.headers.get("rpc-server"), "127.0.0.1:1");
  assert.equal(answer.headers.get("content-type"), "application/problem+json");
  assert.equal((await answer.json()).name, "Overloaded");
});

Deno.test("the trace and the time of a request's headers are its calls', on each way in", async () => {
  const seen: CallOptions[] = [];
  const routes = routesTo((_method, options) => {
    seen.push(options);
    return Promise.resolve({ result: null });
  });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const headers = { traceparent, "rpc-timeout-ms": "1234" };
  const request = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
  await routes.answer(post("/call/ping", "", headers), here);
  await routes.answer(post("/", request, headers), here);
  await routes.answer(post("/", `[${request}]`, headers), here);
  const own = "00-11111111111111111111111111111111-b7ad6b7169203331-01";
  const meta = `{"traceparent":"${own}","timeoutMs":5}`;
  await routes.answer(post("/", request.replace("}", `,"meta":${meta}}`), headers), here);
  // One of another form is as good as none.
  await routes.answer(post("/call/ping", "", { traceparent: "00-0-0-0" }), here);
  assert.deepEqual(seen.map(({ traceparent, timeoutMs }) => [traceparent, timeoutMs]), [
    [traceparent, 1234],
    [traceparent, 1234],
    [traceparent, 1234],
    [own, 5],
    [undefined, undefined],
  ]);
});

Deno.test("each answer tells a browser to take it for what it says it is, and to keep none", async () => {
  const routes = routesTo((method) =>
    method === "throw" ? Promise.reject(new Error("broken")) : Promise.resolve({ result: "x" })
  );
  const get = (path: string, method = "GET") => new Request(`http://127.0.0.1${path}`, { method });
  const asked = [
    post("/call/ping", ""),
    post("/call/throw", ""),
    post("/call/ping", "{"),
    post("/", '{"jsonrpc":"2.0","id":1,"method":"ping"}'),
    post("/", '{"jsonrpc":"2.0","method":"ping"}'),
    ...["/", "/page.js", "/healthz", "/readyz", "/nothing"].map((path) => get(path)),
    ...[get("/call/ping"), get("/", "OPTIONS"), get("/session", "POST")],
    new Request("http://evil.example/"),
  ];
  for (const request of asked) {
    const { headers, status } = await routes.answer(request, here);
    const names = ["x-content-type-options", "x-frame-options", "cache-control"];
    const told = names.map((name) => headers.get(name));
    assert.deepEqual(told, ["nosniff", "DENY", "no-store"], `${request.url} ${status}`);
  }
});

Deno.test("the end of a request, or of its connection, ends its calls, but no notifications", async () => {
  const signals: (AbortSignal | null | undefined)[] = [];
  const answered = Promise.withResolvers<{ result: null }>();
  const routes = routesTo((_method, { signal }) => {
    signals.push(signal);
    return answered.promise;
  });
  const gone = new AbortController();
  const connection = new Connection(new VirtualClock());
  const call = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
  const answers = [
    ["/call/ping", ""] as const,
    ["/", call] as const,
    ["/", call.replace('"id":1,', "")] as const,
  ].flatMap(([path, body]) => [
    routes.answer(new Request(post(path, body), { signal: gone.signal }), here),
    routes.answer(post(path, body), here, connection),
  ]);
  while (signals.length < answers.length) await settled();
  const aborted = () => signals.map((signal) => signal?.aborted);
  assert.equal(aborted().filter((one) => one === false).length, 4);
  gone.abort();
  assert.equal(aborted().filter((one) => one === true).length, 2);
  connection.leave();
  assert.equal(aborted().filter((one) => one === true).length, 4);
  assert.equal(aborted().filter((one) => one === undefined).length, 2);
  answered.resolve({ result: null });
  await Promise.all(answers);
});

Deno.test("who reads no long answers is told to come again before anything more is called", async () => {
  let calls = 0;
  const long = "x".repeat(1_000_000);
  const routes = routesTo(() => {
    calls++;
    return Promise.resolve({ result: long });
  });
  const unread: Response[] = [];
  let answer = await routes.answer(post("/call/long", ""), here);
  while (answer.status === 200) {
    unread.push(answer);
    answer = await routes.answer(post("/call/long", ""), here);
  }
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get("retry-after"), "1");
  assert.equal(calls, unread.length);
  assert.ok(calls >= gatewayAnswersBytesMax / 1_000_002 && calls < 100);
  for (const one of unread) assert.equal((await one.text()).length, long.length + 3);
  assert.equal((await routes.answer(post("/call/long", ""), here)).status, 200);
});

Deno.test("one address has half of the requests that are answered at once, and others have the rest", async () => {
  const waiting: ((report: Partial<CallReport>) => void)[] = [];
  const routes = routesTo(() => new Promise((resolve) => waiting.push(resolve)));
  const ask = (from: string) => routes.answer(post("/call/ping", ""), from);
  // Connections of one address, whatever their ports.
  const answers = Array.from(
    { length: gatewayRequestsOfCallerMax },
    (_, index) => ask(`192.168.0.1:${index}`),
  );
  const refused = await ask("192.168.0.1:7");
  assert.equal(refused.status, 503);
  assert.match((await refused.json()).detail, /of your address/);
  const others = ask("192.168.0.2:7");
  await waitFor("the calls", () => waiting.length === gatewayRequestsOfCallerMax + 1);
  waiting.shift()?.({ result: "pong" });
  await answers[0];
  const next = ask("192.168.0.1:8");
  await waitFor("the next call", () => waiting.length === gatewayRequestsOfCallerMax + 1);
  for (const end of waiting) end({ result: "pong" });
  for (const answer of [...answers, others, next]) assert.equal((await answer).status, 200);
});
