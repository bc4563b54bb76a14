/** What servers tell of themselves, what pages and agents send to a gateway, and what is shown. */

import assert from "node:assert/strict";
import * as fc from "../support/fast_check.ts";
import { RpcError } from "../../src/base/errors.ts";
import { judged } from "../../src/base/values/judged.ts";
import { candidatesFor } from "../../src/cli/completions/candidates.ts";
import { loadCommands } from "../../src/cli/commands.ts";
import { methodText, signatureOf } from "../../src/cli/methods/method_text.ts";
import { readRequest } from "../../src/cli/serve/metrics/brief_http.ts";
import { settingsOf } from "../../src/cli/syntax/settings.ts";
import { LastKnownStore } from "../../src/discovery/last_known/store.ts";
import { messageOf } from "../../src/gateway/agents/messages.ts";
import { toolsOf } from "../../src/gateway/agents/tools.ts";
import { callOptionsOf } from "../../src/gateway/calls/call_options.ts";
import { toOpenApi } from "../../src/gateway/documents/openapi.ts";
import { Access } from "../../src/gateway/door/access.ts";
import { HttpProblem } from "../../src/gateway/door/problem.ts";
import { targetOf } from "../../src/gateway/door/target.ts";
import { openRpcSchema } from "../../src/procedures/openrpc.ts";
import { readDocument } from "../../src/procedures/documents/read_document.ts";
import { plainLine, plainText, withoutSecrets } from "../../src/base/values/plain_text.ts";
import type { Params } from "../../src/wire/message.ts";
import { tapItemSchema, tapParamsSchema } from "../../src/wire/reports/tap.ts";
import { soundTapItem, soundTapParams } from "../../src/wire/reports/tap_checks.ts";
import { bytesNear, jsonNear, pieces, textNear } from "./arbitraries.ts";
import { fuzz } from "./fuzz.ts";

const schemas = [
  { type: "integer", minimum: 0, maximum: 78, description: "which" },
  { anyOf: [{ const: 1 }, { enum: ["a", null] }, { type: ["string", "null"], maxLength: 3 }] },
  { $ref: "#/$defs/tree", $defs: { tree: { items: { $ref: "#/$defs/tree" }, type: "array" } } },
  {
    type: "object",
    properties: { a: { type: "array", items: { type: "number" }, minItems: 2 }, b: true },
    required: ["a"],
    additionalProperties: false,
  },
];

const document = {
  openrpc: "1.3.2",
  info: { title: "rpc", version: "1", "x-message-max": 4_194_304 },
  methods: [{
    name: "a.b",
    summary: "Does it",
    description: "Does it\nwell",
    params: schemas.map((schema, index) => ({ name: `p${index}`, required: index < 2, schema })),
    result: { name: "result", schema: schemas[0] },
    paramStructure: "either",
    "x-kind": "cpu",
    "x-idempotent": true,
    "x-stream": false,
    "x-callers": ["win-*"],
  }],
};

/** Values near sound ones: `undefined` where nothing is left. */
const valuesNear = (...sound: readonly unknown[]) =>
  jsonNear(...sound).map((json) => json === "" ? undefined : JSON.parse(json) as unknown);

fuzz(
  "what a server says that it offers is read by one rule, and shown",
  valuesNear(document),
  async (value) => {
    const read = await readDocument(value);
    // Zod leaves out what is called so.
    if (!JSON.stringify(value ?? 0).includes("__proto__")) {
      assert.deepEqual(read, judged(openRpcSchema, value)?.data);
    }
    if (read === undefined) return;
    for (const method of read.methods) {
      assert.ok(methodText(method).startsWith(plainLine(signatureOf(method))));
    }
    assert.ok(JSON.stringify(toOpenApi(read, "http://127.0.0.1:1/")).length > 0);
    assert.equal(toolsOf(read.methods, "*").length, read.methods.length);
  },
  undefined,
  1_500,
);

const tapped = {
  atMs: 1,
  caller: null,
  from: "127.0.0.1:1",
  method: "fib",
  params: "[1]",
  outcome: "ok",
  message: "x",
  ms: 1.5,
  missed: 0,
};

fuzz(
  "what is known of calls without a schema is what the schema says",
  fc.tuple(
    valuesNear(tapped, { missed: 3 }),
    valuesNear({ methods: ["a", "b*"], failed: true, slowMs: 3, counts: true }),
  ),
  ([item, params]) => {
    const sound = soundTapItem(item);
    if (sound !== undefined) assert.deepEqual(judged(tapItemSchema, sound)?.data, sound);
    const soundParams = soundTapParams(params as Params | undefined);
    if (soundParams === undefined) return;
    assert.deepEqual(judged(tapParamsSchema, params ?? {})?.data, soundParams);
  },
);

const token = "V5ucRj_ifgTZGOYl7aWsm4GoonZ";
const access = new Access({
  token,
  hosts: ["rpc.example"],
  origins: ["https://tools.example"],
  secure: false,
  publicUrl: "https://tools.example/rpc",
});

/** A header's value; what none can hold does not come so far. */
const header = (...sound: readonly string[]) =>
  fc.option(textNear(...sound).filter((text) => /^[\x20-\x7e]*$/.test(text)), { nil: undefined });

fuzz(
  "a request is for this gateway and from who may ask, or refused as a mistake of its sender",
  fc.record({
    url: textNear(
      "http://127.0.0.1:8080/call/a.b?x=%2e&y=/../",
      "http://rpc.example/a/%2e%2e/b",
      "https://[::1]:1/\\x",
    ),
    host: header("127.0.0.1:8080", "rpc.example", "[::1]:1"),
    origin: header("https://tools.example", "null", "http://127.0.0.1:8080"),
    authorization: header(`Bearer ${token}`, "Basic x"),
    cookie: header(`a=b; rpc_gateway_8080=${token}`, `rpc_gateway_default=${token}; c`),
    "sec-websocket-protocol": header(`rpc, bearer.${token}`),
    "sec-fetch-site": header("cross-site", "same-origin"),
    "rpc-timeout-ms": header("5000", "0", "1e3"),
    traceparent: header("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
  }, { noNullPrototype: true }),
  ({ url: text, ...rest }) => {
    const given = Object.entries(rest).filter(([, value]) => value !== undefined);
    const headers = new Headers(given as [string, string][]);
    try {
      const url = targetOf({ url: text, headers });
      assert.ok(text.toLowerCase().includes(url.hostname), "no other host is meant than is named");
      assert.doesNotMatch(url.pathname, /\\|\/\.\.?(?:\/|$)/);
      access.checkPlace(url, headers);
      const { traceparent, timeoutMs = 1 } = callOptionsOf({ headers } as Request);
      assert.ok(timeoutMs >= 1);
      assert.ok(traceparent === undefined || traceparent === headers.get("traceparent"));
      access.checkToken(headers, url);
      assert.ok(given.some(([, value]) => value?.includes(token)), "who is let in has the token");
    } catch (error) {
      if (!(error instanceof HttpProblem)) throw error;
      assert.ok(error.status >= 400 && error.status < 500);
    }
  },
  undefined,
  500,
);

const toolCall = {
  jsonrpc: "2.0",
  id: 3,
  method: "tools/call",
  params: { name: "fib", arguments: { n: 12345678901234567000 }, requestId: 1 },
};

const asked = "GET /metrics?x HTTP/1.1\r\nHost: rpc.example:80\r\nAccept: */*\r\n\r\n";

/** What is read of bytes that come in these pieces. */
async function readInPieces(reads: Uint8Array[]): Promise<string | undefined> {
  const rest = [...reads];
  const request = await readRequest({
    read(buffer) {
      const piece = rest.shift();
      if (piece === undefined) return Promise.resolve(null);
      const taken = piece.subarray(0, buffer.length);
      buffer.set(taken);
      if (taken.length < piece.length) rest.unshift(piece.subarray(taken.length));
      return Promise.resolve(taken.length);
    },
  }, "127.0.0.1:1");
  return request && `${request.method} ${request.url.href}`;
}

fuzz(
  "who asks for metrics is read the same however it is cut, and names one plain host",
  fc.tuple(bytesNear(asked, "HEAD http://a/ HTTP/1.0\n\n"), fc.array(fc.nat(100))),
  async ([bytes, cuts]) => {
    const whole = await readInPieces([bytes]);
    assert.equal(await readInPieces(pieces(bytes, cuts).filter(({ length }) => length > 0)), whole);
    if (whole !== undefined) assert.match(whole, /^[A-Z]+ http:\/\/[^/@?#]+\//);
  },
);

fuzz(
  "an agent's message is one or refused, and its arguments stay as they were written",
  fc.oneof(textNear(JSON.stringify(toolCall)), jsonNear(toolCall)),
  (text) => {
    const message = messageOf(text, "message");
    if (message instanceof RpcError) return;
    assert.equal(typeof message, "object");
    if (Object.hasOwn(message, "id")) {
      assert.ok(typeof message.id === "string" || Number.isSafeInteger(message.id));
    }
  },
);

fuzz(
  "what is printed moves no cursor, and JSON keeps its meaning",
  textNear('"\x1b[2J\u202e\u200b\\u001b\r\n\tü"', "🙂\u{e0041}\x9b31m", `{"a":"rpc-join-1"}`),
  (text) => {
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(plainText(text), /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
    assert.doesNotMatch(plainLine(text), /[\n\t]/);
    const json = JSON.stringify(text);
    assert.equal(JSON.parse(plainText(json)), text);
    assert.equal(withoutSecrets(withoutSecrets(text)), withoutSecrets(text));
  },
);

const commands = await loadCommands();
const offered = () => Promise.resolve([{ value: "fib", description: "" }]);

fuzz(
  "a line of any words is completed by words, or by none",
  fc.array(textNear("call", "--registry=local:", "-n", "--", "config", "set", "fib", "keys", ""), {
    minLength: 1,
    maxLength: 5,
  }),
  async (words) => {
    const source = { commands, settings: settingsOf(commands) };
    const { values } = await candidatesFor(
      { before: words.slice(0, -1), current: words.at(-1) ?? "" },
      { ...source, methods: offered, servers: offered, zones: offered },
    );
    for (const { value } of values) assert.ok(value.startsWith(words.at(-1) ?? ""));
  },
  undefined,
  1_500,
);

const directory = await Deno.makeTempDir({ prefix: "rpc_fuzz_" });
globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
const store = new LastKnownStore({
  directory,
  log: { debug() {}, info() {}, warn() {}, error() {} },
});
const instance = {
  ...{ id: "a", service: "rpc", host: "127.0.0.1", port: 1, weight: 1, zone: "", version: "1" },
  ...{ methods: ["fib"], startedAtMs: 1, cluster: "c", drained: true, messageMax: 5 },
};
const stored = { registry: "local:", service: "rpc", savedAtMs: 1, instances: [instance] };
await store.save(stored);
const [{ name }] = await Array.fromAsync(Deno.readDir(directory)) as [Deno.DirEntry];
const path = `${directory}/${name}`;

fuzz(
  "a last known list is one or none, and can be stored again",
  fc.oneof(
    bytesNear(JSON.stringify(stored)),
    jsonNear(stored).map((json) => new TextEncoder().encode(json)),
  ),
  async (bytes) => {
    // To cut a file that is there to nothing takes ext4 several times as long as to make one.
    Deno.removeSync(path);
    Deno.writeFileSync(path, bytes);
    const list = await store.load("local:", "rpc");
    if (list === undefined) return;
    await store.save(list);
    assert.deepEqual(await store.load("local:", "rpc"), list);
  },
  undefined,
  500,
);
