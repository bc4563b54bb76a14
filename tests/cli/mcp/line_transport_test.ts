import assert from "node:assert/strict";
import { LineTransport } from "../../../src/cli/mcp/line_transport.ts";
import { mcpUnreadBytesMax } from "../../../src/cli/limits.ts";
import { toolServer } from "../../../src/gateway/agents/tool_server.ts";
import { toolsOf } from "../../../src/gateway/agents/tools.ts";
import type { OpenRpcMethod } from "../../../src/procedures/openrpc.ts";
import { exactNumber } from "../../../src/base/values/exact_numbers.ts";
import { waitFor } from "../../support/wait_for.ts";

const node = { type: "object", properties: { next: { $ref: "#/definitions/node" } } };

const wide: OpenRpcMethod = {
  name: "wide",
  paramStructure: "by-position",
  params: [
    { name: "n", required: true, schema: { type: "integer" } },
    { name: "constructor", required: false, schema: { type: "integer" } },
    {
      name: "list",
      required: false,
      schema: { $ref: "#/definitions/node", definitions: { node } },
    },
    { name: "any", required: false, schema: true },
  ],
  "x-kind": "io",
  "x-idempotent": true,
  "x-stream": false,
};

const strange: OpenRpcMethod = {
  ...wide,
  name: "strange",
  paramStructure: "either",
  params: [{ name: "*rest", required: false, schema: { type: "array" } }],
};

/** A server of tools by lines, and the parameters of its calls as they are sent. */
async function toolsByLine(lineBytesMax = 1_000, method = wide) {
  const calls: string[] = [];
  const server = await toolServer({
    tools: () => Promise.resolve(toolsOf([method], "*")),
    call: (_method, params) => {
      calls.push(JSON.stringify(params));
      const result = exactNumber("12345678901234567890");
      return Promise.resolve(
        { result, error: undefined, server: undefined, attempts: 1, durationMs: 0 },
      );
    },
  });
  const input = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const output = new TransformStream<Uint8Array, Uint8Array>();
  const closed = Promise.withResolvers<void>();
  server.onclose = closed.resolve;
  await server.connect(
    new LineTransport({ readable: input.readable, writable: output.writable }, lineBytesMax),
  );
  const sender = input.writable.getWriter();
  const reader = output.readable.getReader();
  return {
    calls,
    closed: closed.promise,
    end: () => sender.close(),
    send: (text: string) => sender.write(new TextEncoder().encode(`${text}\n`)),
    said: async () => new TextDecoder().decode((await reader.read()).value),
    async ask(text: string) {
      void this.send(text);
      return await this.said();
    },
  };
}

const callOf = (args: string, id = "1", name = "wide") =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${name}",` +
  `"arguments":${args}}}`;

Deno.test("numbers past 2^53 come and go as they were written", async () => {
  const tools = await toolsByLine();
  const answer = await tools.ask(callOf('{"n":9007199254740993,"constructor":1.0}'));
  assert.deepEqual(tools.calls, ["[9007199254740993,1.0]"]);
  assert.match(answer, /"text":"12345678901234567890"/);
  await tools.end();
  await tools.closed;
});

Deno.test("arguments are sent as they were named, or refused: none is left out or moved", async () => {
  const tools = await toolsByLine();
  assert.match(await tools.ask(callOf('{"n":1}')), /12345678901234567890/);
  assert.deepEqual(tools.calls, ["[1]"]);
  assert.match(await tools.ask(callOf('{"n":1,"m":2}')), /wide has no parameter m .*no/);
  assert.match(await tools.ask(callOf('{"n":1,"any":2}')), /constructor is missing/);
  assert.equal(tools.calls.length, 1);
  const listed = await tools.ask('{"jsonrpc":"2.0","id":2,"method":"tools/list"}');
  const [{ inputSchema }] = JSON.parse(listed).result.tools;
  // What refers to itself can be found where it stands now, and a truth value is no schema.
  assert.deepEqual(inputSchema, {
    type: "object",
    properties: {
      n: { type: "integer" },
      constructor: { type: "integer" },
      list: { $ref: "#/$defs/p2" },
      any: {},
    },
    required: ["n"],
    additionalProperties: false,
    $defs: {
      p2: {
        $ref: "#/$defs/p2/$defs/node",
        $defs: {
          node: { type: "object", properties: { next: { $ref: "#/$defs/p2/$defs/node" } } },
        },
      },
    },
  });
  await tools.end();
  await tools.closed;
});

Deno.test("members that stand for parameters of strange names are sent as these", async () => {
  const tools = await toolsByLine(1_000, strange);
  const answer = await tools.ask(callOf('{"_rest":[9007199254740993],"x":1}', "1", "strange"));
  assert.match(answer, /12345678901234567890/);
  assert.deepEqual(tools.calls, ['{"*rest":[9007199254740993],"x":1}']);
  await tools.end();
  await tools.closed;
});

Deno.test("null in place of arguments is none", async () => {
  const tools = await toolsByLine(1_000, strange);
  assert.match(await tools.ask(callOf("null", "1", "strange")), /12345678901234567890/);
  assert.deepEqual(tools.calls, ["{}"]);
  await tools.end();
  await tools.closed;
});

Deno.test("what is no message is answered, and the next one too; a line without end closes", async () => {
  const tools = await toolsByLine();
  for (
    const [line, code] of [
      ["{", -32700],
      ["[]", -32600],
      ["7", -32600],
      [callOf("{}", "9007199254740993"), -32600],
      [callOf("{}", "5.00000000000000000001"), -32600],
      [callOf("{}", "null"), -32600],
      [callOf("{}", "1.5"), -32600],
    ] as const
  ) {
    const { id, error } = JSON.parse(await tools.ask(line));
    assert.deepEqual([id, error.code], [null, code], line);
  }
  assert.match(await tools.ask(callOf('{"n":1}', '"a"')), /"id":"a"/);
  void tools.send("x".repeat(1_001));
  assert.match(await tools.said(), /"code":-32600/);
  await tools.closed;
});

Deno.test("answers that nobody reads are kept up to a bound, and then it closes", async () => {
  const { readable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const { writable } = new TransformStream<Uint8Array, Uint8Array>();
  const transport = new LineTransport({ readable, writable }, 1_000);
  const closed = Promise.withResolvers<void>();
  transport.onclose = closed.resolve;
  await transport.start();
  const answer = "x".repeat(mcpUnreadBytesMax / 2);
  for (let sent = 0; sent < 2; sent++) void transport.send(answer);
  assert.equal(transport.problem, undefined);
  await transport.send(answer);
  await closed.promise;
  assert.match(transport.problem ?? "", /nobody reads them/);
});

Deno.test("after the end of its input it closes once each request is answered or cancelled", async () => {
  const input = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const output = new TransformStream<Uint8Array, Uint8Array>();
  const { readable } = input;
  const transport = new LineTransport({ readable, writable: output.writable }, 1_000);
  const taken: unknown[] = [];
  transport.onmessage = (message) => taken.push(message);
  let isClosed = false;
  const closed = Promise.withResolvers<void>();
  transport.onclose = () => closed.resolve(void (isClosed = true));
  await transport.start();
  const messages = [
    { id: 1, method: "tools/call" },
    { id: "a", method: "tools/list" },
    { id: 2, method: "subscriptions/listen" },
    { method: "notifications/cancelled", params: { requestId: 1 } },
  ];
  const writer = input.writable.getWriter();
  for (const message of messages) {
    await writer.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`));
  }
  await writer.close();
  await waitFor("all", () => taken.length === 4);
  const read = output.readable.getReader();
  // A subscription is answered by its first word, and lasts until the end.
  const params = { _meta: { "io.modelcontextprotocol/subscriptionId": 2 } };
  void transport.send({ method: "notifications/subscriptions/acknowledged", params });
  await read.read();
  assert.equal(isClosed, false);
  void transport.send({ id: "a", result: {} });
  assert.match(new TextDecoder().decode((await read.read()).value), /"id":"a"/);
  await closed.promise;
});
