/** Every way in which one caller can do its worst to a server, as what it sends. */

/** What is flooded. */
export type Target =
  | "server"
  | "gateway"
  | "keys"
  | "client"
  | "beside"
  | "echo"
  | "http"
  | "core";

/** What a connection of the flooder does. */
export interface Way {
  readonly name: string;
  /** What it sends again and again, as fast as it is taken. */
  readonly text: () => string;
  /**
   * Whether it reads what it is answered; `never`: nothing is read. `leave`: it goes as soon as all
   * is sent, and comes again. `once`: it sends all, and then waits until the end.
   */
  readonly then?: "read" | "never" | "leave" | "once";
  /**
   * Where it goes: `client`, to the honest caller itself, from servers that it calls as well, as
   * many as there are `connections`; `beside`, to a server that is not ours, on the flooder's core,
   * while ours is pinged; `echo`, to such a server in place of ours, which is pinged as well;
   * `http`, to a bare `Deno.serve` in place of a gateway; `core`, nowhere, but a program computes
   * on the server's core. The last four show what no server can mend.
   *
   * @default the server's port
   */
  readonly to?: Target;
  /** Workers of the server. @default 1 */
  readonly workers?: number;
  /** What the honest caller opens at a hostile server: a call, or a stream. @default call */
  readonly opens?: "stream";
  /** What the honest caller calls. @default ping */
  readonly honest?: "fib" | "worker";
  /** How many connections, whatever else is asked for. */
  readonly connections?: readonly number[];
}

const megabyte = 1024 * 1024;

/** Requests in a write: more than a read of the server's holds. */
const requestsAtOnce = 2_000;

interface Request {
  readonly method: string;
  readonly params?: unknown;
  readonly id?: number;
  readonly meta?: unknown;
}

const dayMs = 24 * 60 * 60 * 1_000;

function line(request: Request): string {
  return `${JSON.stringify({ jsonrpc: "2.0", ...request })}\n`;
}

function many(request: Request, count = requestsAtOnce): () => string {
  return () => {
    const lines: string[] = [];
    for (let id = 1; id <= count; id++) lines.push(line({ id, ...request }));
    return lines.join("");
  };
}

function batch(request: Request, count: number): () => string {
  return () => {
    const members = Array.from(
      { length: count },
      (_, index) => line({ id: index + 1, ...request }).trimEnd(),
    );
    return `[${members.join(",")}]\n`;
  };
}

/** A method's parameters that fit it in nothing. */
const wrong = [{ name: 1, tags: Array.from({ length: 200 }, () => ({})), on: "never" }];

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

const items = (count: number) => Array.from({ length: count }, (_, index) => index);

function streams(): string {
  const lines: string[] = [];
  for (let id = 1; id <= 500; id++) {
    lines.push(line({ id, method: "count", params: [1_000_000], meta: { stream: 1_000 } }));
    lines.push(line({ id: 10_000 + id, method: "rpc.cancel", params: { id } }));
  }
  return lines.join("");
}

/** What a gateway asks of everybody, written by whoever starts it. */
export const token = "a-token-of-the-benchmark";

const head = ["host: 127.0.0.1", `authorization: Bearer ${token}`];

const get = (path: string, more: readonly string[] = head) =>
  [`GET ${path} HTTP/1.1`, ...more, "", ""].join("\r\n");

/** A call over HTTP. */
export function post(
  path: string,
  body: string,
  { length = body.length, accept = "*/*" } = {},
): string {
  return [
    `POST ${path} HTTP/1.1`,
    ...head,
    `accept: ${accept}`,
    "content-type: application/json",
    `content-length: ${length}`,
    "",
    body,
  ].join("\r\n");
}

const socket = get("/", [
  ...head,
  ...["upgrade: websocket", "connection: upgrade", "sec-websocket-version: 13"],
  "sec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==",
]);

/** A text as one frame of a WebSocket, masked with zeros, which change nothing. */
function frame(text: string): string {
  const { length } = text;
  const head = [0x81, 0xfe, length >> 8, length & 0xff, 0, 0, 0, 0];
  return String.fromCharCode(...head) + text;
}

/** Requests that are answered, or refused, at once. */
const requests: readonly Way[] = [
  { name: "rpc.discover", text: many({ method: "rpc.discover" }) },
  { name: "rpc.stats", text: many({ method: "rpc.stats" }) },
  { name: "rpc.tap", text: many({ method: "rpc.tap", meta: { stream: 64 } }) },
  { name: "rpc.hello", text: many({ method: "rpc.hello", params: { service: "rpc" } }) },
  { name: "ping", text: pings },
  { name: "ping, and a worker is called", text: pings, honest: "worker" },
  { name: "unknown methods", text: many({ method: "pong.pong.pong" }) },
  { name: "invalid params of an inline procedure", text: many({ method: "ping", params: wrong }) },
  { name: "invalid params of a worker's", text: many({ method: "typed", params: wrong }) },
  { name: "notifications", text: () => line({ method: "ping", params: [1] }).repeat(2_000) },
  { name: "calls of a worker", text: many({ method: "length", params: [""] }) },
  { name: "cancels of unknown ids", text: many({ method: "rpc.cancel", params: { id: 7 } }) },
  { name: "streams opened and cancelled", text: streams },
];

/** What is no request, or hardly one. */
const nonsense: readonly Way[] = [
  { name: "no JSON", text: () => '{"jsonrpc":"2.0","id":1,"meth\n'.repeat(2_000) },
  { name: "no UTF-8", text: () => "{\u00ff\u00fe}\n".repeat(2_000) },
  { name: "lines of a byte", text: () => "x\n".repeat(64 * 1024) },
  { name: "blank lines", text: () => "\n".repeat(256 * 1024) },
  { name: "nested 60 deep", text: many({ method: "ping", params: [JSON.parse(nested(60))] }) },
  { name: "nested a million deep", text: () => `${nested(megabyte)}\n` },
  { name: "lines without an end", text: endless },
];

/** Batches. */
const batches: readonly Way[] = [
  { name: "batches of 1,000 pings", text: batch({ method: "ping", params: [1] }, 1_000) },
  { name: "batches of 1,000 rpc.discover", text: batch({ method: "rpc.discover" }, 1_000) },
  { name: "batches of 1,000 invalid", text: batch({ method: "ping", params: wrong }, 1_000) },
  {
    name: "batches of 1,000 with a deadline of a millisecond",
    text: batch({ method: "hang", params: [""], meta: { timeoutMs: 1 } }, 1_000),
  },
  { name: "batches of 1,000 that are no requests", text: () => `[${items(1_000).join(",")}]\n` },
  { name: "batches of a million", text: () => `[${"1,".repeat(megabyte)}1]\n` },
];

/** Long messages. */
const long: readonly Way[] = [
  { name: "answers of 4 MB", text: many({ method: "text", params: [4_000_000] }, 10) },
  {
    name: "answers of 4 MB, unread",
    text: many({ method: "text", params: [4_000_000] }, 10),
    then: "never",
  },
  {
    name: "params of 4 MB for a worker",
    text: many({ method: "length", params: ["x".repeat(4_000_000)] }, 1),
  },
  {
    name: "params of 4 MB for an inline procedure",
    text: many({ method: "ping", params: [items(600_000)] }, 1),
  },
  {
    name: "params of 4 MB for no procedure",
    text: many({ method: "pong", params: [items(600_000)] }, 1),
  },
  {
    name: "a field of 4 MB that nobody knows",
    text: () => `{"x":${JSON.stringify(items(600_000))},"method":"ping","jsonrpc":"2.0","id":1}\n`,
  },
];

const forEver = { method: "fib", params: [78], meta: { timeoutMs: dayMs } };

/** Calls that keep all workers, as long as they are let. */
const computing: readonly Way[] = [
  { name: "fib 78 in each worker", text: many(forEver, 2), then: "once", workers: 2 },
  {
    name: "fib 78 in each worker, and fib 20 is called",
    text: many(forEver, 2),
    then: "once",
    workers: 2,
    honest: "fib",
    // Each connection of the server's own machine is a caller, and who has one worker is left it.
    connections: [1],
  },
  {
    name: "fib 78 that ends its worker, and fib 20 is called",
    text: many({ ...forEver, meta: { timeoutMs: 1 } }, 50),
    workers: 2,
    honest: "fib",
    connections: [1],
  },
];

/** Servers that do their worst to their client. */
const servers: readonly Way[] = [
  {
    name: "a server that answers what nobody asked",
    text: () => '{"jsonrpc":"2.0","id":999999999,"result":1}\n'.repeat(1_000),
    to: "client",
    connections: [1],
  },
  {
    name: "a server that ignores the credit of a stream",
    text: () => "",
    to: "client",
    opens: "stream",
    connections: [1],
  },
  {
    name: "servers that never answer",
    text: () => "",
    then: "never",
    to: "client",
    connections: [1_000],
  },
];

/** Where servers that do their worst to a client listen. */
export function hostileEndpoints(count: number): { hostname: string; port: number }[] {
  return Array.from({ length: count }, (_, index) => ({
    hostname: "127.66.66.66",
    port: 21_000 + index,
  }));
}

/** Nothing of ours. */
const controls: readonly Way[] = [
  { name: "control: GET / to a bare Deno.serve", text: gets, to: "http" },
  {
    name: "control: WebSockets to a bare Deno.serve that ask for 30 KB each and read nothing",
    text: sockets,
    then: "never",
    to: "http",
  },
  { name: "control: pings to another server", text: pings, to: "beside" },
  { name: "control: pings to a bare echo", text: pings, to: "echo" },
  { name: "control: lines without an end to a bare echo", text: endless, to: "echo" },
  { name: "control: connects to a bare echo", text: () => "", then: "leave", to: "echo" },
  {
    name: "control: 4 MB to a bare echo, and nothing more",
    text: () => `"${"x".repeat(4_000_000)}`,
    then: "once",
    to: "echo",
    connections: [400],
  },
  {
    name: "control: answers of a bare echo that are never read",
    text: pings,
    then: "never",
    to: "echo",
    connections: [200],
  },
  {
    name: "control: a program that computes on the server's core",
    text: () => "",
    then: "once",
    to: "core",
    connections: [1],
  },
];

/** Connections. */
const connections: readonly Way[] = [
  { name: "connects and closes", text: () => "", then: "leave" },
  { name: "a ping a connection", text: () => line({ id: 1, method: "ping" }), then: "leave" },
  { name: "HTTP at the server's port", text: () => get("/"), then: "leave" },
];

/** With keys, and through the gateway. */
const elsewhere: readonly Way[] = [
  { name: "handshakes begun and left", text: () => "hello", then: "leave", to: "keys" },
  { name: "no handshakes", text: () => get("/"), then: "leave", to: "keys" },
  { name: "GET /", text: gets, to: "gateway" },
  { name: "GET /openrpc.json", text: () => get("/openrpc.json").repeat(50), to: "gateway" },
  { name: "POST /call/ping", text: () => post("/call/ping", "[1]").repeat(50), to: "gateway" },
  { name: "POST / of 1,000 pings", text: () => post("/", batchBody()).repeat(2), to: "gateway" },
  { name: "GET / without a token", text: () => get("/openrpc.json", []).repeat(50), to: "gateway" },
  { name: "no such path", text: () => get(`/${"x".repeat(100)}`).repeat(50), to: "gateway" },
  {
    name: "half a body",
    text: () => post("/call/length", `["${"x".repeat(megabyte)}`, { length: 4 * megabyte }),
    then: "once",
    to: "gateway",
  },
  { name: "half a head", text: () => get("/").slice(0, -2), then: "once", to: "gateway" },
  {
    name: "WebSockets that ask for 30 KB each and read nothing",
    text: sockets,
    then: "never",
    to: "gateway",
  },
  {
    name: "event streams that read nothing",
    text: () => post("/call/count", "[1000000]", { accept: "text/event-stream" }),
    then: "never",
    to: "gateway",
    connections: [1_000],
  },
];

/** Peers that take much room, and read nothing, or never end: for the memory. */
const room: readonly Way[] = [
  {
    name: "answers of 3 MB that are never read",
    text: many({ method: "text", params: [3_000_000] }, 10),
    then: "never",
    connections: [200],
  },
  {
    name: "4 MB of a line, for ever",
    text: () => `"${"x".repeat(4_000_000)}`,
    then: "once",
    connections: [400],
  },
  {
    name: "params of 3 MB that wait",
    text: many({ method: "hang", params: ["x".repeat(3_000_000)] }, 1),
    then: "once",
    connections: [200],
  },
];

function gets(): string {
  return get("/").repeat(50);
}

function sockets(): string {
  return socket + frame(line({ id: 1, method: "text", params: [30_000] })).repeat(2_000);
}

function pings(): string {
  return many({ method: "ping", params: [1] })();
}

function endless(): string {
  return "x".repeat(4 * megabyte);
}

function batchBody(): string {
  return batch({ method: "ping", params: [1] }, 1_000)().trimEnd();
}

/** All of them, as a table names them. */
export const ways: readonly Way[] = [
  ...requests,
  ...nonsense,
  ...batches,
  ...long,
  ...computing,
  ...connections,
  ...elsewhere,
  ...room,
  ...servers,
  ...controls,
];
