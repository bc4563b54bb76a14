import assert from "node:assert/strict";
import { type GatewayProcess, startGateway } from "../../support/gateway_process.ts";
import {
  type CallToolResult,
  Client,
  StreamableHTTPClientTransport,
  type VersionNegotiationMode,
} from "../../support/mcp_client.ts";
import { RpcHome } from "../../support/rpc_process.ts";
import { waitFor } from "../../support/wait_for.ts";

const module = `
import { defineProcedure, z } from "rpc";
const method = (input, handler) =>
  defineProcedure({ input, output: z.unknown(), kind: "io", description: "" }, handler);
let state = "idle";
export const hangs = method(z.tuple([]), (_params, { signal }) => new Promise((resolve) => {
  state = "runs";
  signal.addEventListener("abort", () => { state = "cancelled"; resolve(null); });
}));
export const stateOf = method(z.tuple([]), () => state);
export const echo = method(z.tuple([z.unknown()]), ([value]) => value);
`;

/**
 * The official client of MCP, at a gateway.
 *
 * @param onChanged called when it is told of other tools
 */
async function agentOf(
  { url, token }: GatewayProcess,
  mode: VersionNegotiationMode = "legacy",
  onChanged?: () => void,
) {
  const client = new Client({ name: "test", version: "1" }, {
    versionNegotiation: { mode },
    ...(onChanged && { listChanged: { tools: { onChanged, autoRefresh: false, debounceMs: 0 } } }),
  });
  const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  });
  await client.connect(transport);
  return {
    client,
    transport,
    call: async (name: string, given: Record<string, unknown> = {}) =>
      textOf(await client.callTool({ name, arguments: given })),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

const textOf = ({ content: [first] }: CallToolResult) => first?.type === "text" ? first.text : "";

/** A busy machine may take longer over a call than the ten seconds that one has. */
const patiently = ["--timeout", "2m"];

const states = (gateway: GatewayProcess, wanted: string) =>
  waitFor(wanted, async () => await (await gateway.call("stateOf")).json() === wanted);

Deno.test("the official MCP client lists, calls, fails and cancels over the gateway's HTTP", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(`${home.workingDirectory}/tasks.ts`, module);
  await home.serve(["127.0.0.1", "0", "tasks.ts"]);
  const gateway = await startGateway(home, patiently);
  for (const mode of ["legacy", { pin: "2026-07-28" }] as const) {
    await using agent = await agentOf(gateway, mode);
    const { client } = agent;
    const { tools } = await client.listTools();
    const fib = tools.find(({ name }) => name === "fib");
    assert.deepEqual(fib?.inputSchema.required, ["n"]);
    assert.equal(fib?.annotations?.idempotentHint, true);
    assert.equal(await agent.call("fib", { n: 20 }), "6765");
    const bad = await client.callTool({ name: "fib", arguments: { n: "many" } });
    assert.equal(bad.isError, true);
    assert.match(textOf(bad), /^InvalidParams/);
    assert.match(await agent.call("nobody"), /no tool nobody/);

    // What is given up ends on the server: by a message of its own, or by its connection's end.
    const enough = new AbortController();
    const hanging = client.callTool({ name: "hangs" }, { signal: enough.signal });
    await states(gateway, "runs");
    enough.abort("enough");
    await assert.rejects(hanging, /enough/);
    await states(gateway, "cancelled");
    // So does what is asked by an agent that goes away.
    const leaving = await agentOf(gateway, mode);
    const left = assert.rejects(leaving.call("hangs"));
    await states(gateway, "runs");
    await leaving.client.close();
    await left;
    await states(gateway, "cancelled");
    assert.equal(await agent.call("fib", { n: 10 }), "55");
  }

  // A session that is not known any more: the client is told to begin anew.
  await using agent = await agentOf(gateway);
  await agent.transport.terminateSession();
  await assert.rejects(agent.call("fib", { n: 10 }), /session/i);
});

Deno.test("agents over HTTP that listen are told of other tools, and keep no gateway from its end", async () => {
  await using home = await RpcHome.create();
  const path = `${home.workingDirectory}/tasks.ts`;
  await Deno.writeTextFile(path, module);
  await home.serve(["127.0.0.1", "0", "tasks.ts", "--watch", "--no-builtin"]);
  const gateway = await startGateway(home, patiently);
  let told = 0;
  await using agent = await agentOf(gateway, { pin: "2026-07-28" }, () => void told++);
  const names = async () => (await agent.client.listTools()).tools.map(({ name }) => name).join();
  assert.equal(await names(), "echo,hangs,stateOf");
  await Deno.writeTextFile(path, `${module}export const more = () => 1;\n`);
  await waitFor("a word of the reload", () => told > 0);
  assert.equal(await names(), "echo,hangs,more,stateOf");
  gateway.process.signal("SIGTERM");
  assert.equal(await gateway.process.ended(), 0);
});

Deno.test("agents over HTTP want the token, take no batch, round no numbers, and act on nothing with --read-only", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(`${home.workingDirectory}/tasks.ts`, module);
  await home.serve(["127.0.0.1", "0", "tasks.ts"]);
  const gateway = await startGateway(home, patiently);
  const accept = "application/json, text/event-stream";
  const ask = (body: string, headers: Record<string, string> = {}) =>
    gateway.fetch("/mcp", {
      method: "POST",
      body,
      headers: { accept, "content-type": "application/json", ...headers },
    });
  const begin = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "test", version: "1" },
    },
  });
  const cases: [body: string, headers: Record<string, string>, status: number][] = [
    [begin, { authorization: "Bearer wrong" }, 401],
    [begin, { origin: "http://evil.example" }, 403],
    [begin, { "content-type": "text/plain" }, 415],
    [begin, { accept: "application/json" }, 406],
    [`[${begin}]`, {}, 400],
    ["{", {}, 400],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/list"}', {}, 400],
    [begin, { "mcp-session-id": "made-up" }, 404],
  ];
  for (const [body, headers, status] of cases) {
    const answer = await ask(body, headers);
    const why = `${body} ${JSON.stringify(headers)}`;
    assert.equal(answer.status, status, why);
    // The form that an agent's program reads: of any other it tells only that there was an error.
    assert.equal(answer.headers.get("content-type"), "application/json", why);
    const { jsonrpc, id, error } = await answer.json();
    assert.deepEqual([jsonrpc, id, typeof error.message], ["2.0", null, "string"], why);
  }
  // What a message that stands for itself says of itself is the same in its headers.
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const named = (name: string, version = "2026-07-28") => ({
    ...{ "mcp-method": "tools/call", "mcp-name": name, "mcp-protocol-version": version },
  });
  const calling = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo",' +
    `"arguments":{"value":9007199254740993},"_meta":${JSON.stringify(meta)}}}`;
  for (
    const [headers, status, said] of [
      [named("echo"), 200, /got 9007199254740993\): pass it as a text/],
      [named("fib"), 400, /-32020/],
      [named("echo", "2025-11-25"), 400, /-32020/],
      [{}, 400, /-32020/],
    ] as const
  ) {
    const answer = await ask(calling, headers);
    assert.match(await answer.text(), said);
    assert.equal(answer.status, status);
    assert.equal(answer.headers.get("mcp-session-id"), null);
  }
  const get = await gateway.fetch("/mcp", { headers: { accept } });
  assert.equal(get.status, 405);
  await get.body?.cancel();

  const begun = await ask(begin);
  const headers = { "mcp-session-id": begun.headers.get("mcp-session-id") ?? "" };
  assert.equal(begun.headers.get("cache-control"), "no-store");
  assert.equal((await begun.json()).result.serverInfo.name, "rpc");
  const called = await ask(
    '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":' +
      '{"value":9007199254740993}}}',
    headers,
  );
  // As long as it was, where it arrives: nothing on the way has rounded it.
  assert.match(await called.text(), /got 9007199254740993\): pass it as a text/);

  const shows = await startGateway(home, ["--read-only", ...patiently]);
  await using agent = await agentOf(shows, "auto");
  assert.deepEqual((await agent.client.listTools()).tools, []);
  assert.match(await agent.call("fib", { n: 10 }), /no tool fib/);
});
