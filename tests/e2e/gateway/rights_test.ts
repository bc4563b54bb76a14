/** What a member's rights are worth at each door of its gateway. */

import assert from "node:assert/strict";
import { type GatewayProcess, startGateway } from "../../support/gateway_process.ts";
import { Client, StreamableHTTPClientTransport } from "../../support/mcp_client.ts";
import { memberHome } from "../../support/member_home.ts";
import { RpcHome } from "../../support/rpc_process.ts";

const module = `
import { defineProcedure, z } from "rpc";
const one = { input: z.tuple([]), output: z.string(), kind: "io", description: "" };
export const open = defineProcedure(one, (_, { caller }) => "hello " + caller);
export const alphas = defineProcedure({ ...one, callers: ["alpha"] }, () => "hello alpha");
export const items = defineProcedure({ ...one, stream: true }, async function* (_, { caller }) {
  yield "hello " + caller;
});
`;

/** The text of all that a door answers to a call without parameters. */
type Door = (gateway: GatewayProcess, method: string) => Promise<string>;

const request = (method: string) => `{"jsonrpc":"2.0","id":1,"method":"${method}","params":[]}`;

const doors: Readonly<Record<string, Door>> = {
  "bare parameters": async (gateway, method) => (await gateway.call(method, [])).text(),
  "an event stream": async (gateway, method) =>
    (await gateway.call(method, [], { accept: "text/event-stream" })).text(),
  "JSON-RPC": async (gateway, method) => (await gateway.post(request(method))).text(),
  "a batch": async (gateway, method) => (await gateway.post(`[${request(method)}]`)).text(),
  "a WebSocket": async ({ url, token }, method) => {
    const socket = new WebSocket(url.replace("http", "ws"), ["rpc", `bearer.${token}`]);
    const answered = Promise.withResolvers<string>();
    let text = "";
    socket.onopen = () => socket.send(request(method).replace("}", ',"meta":{"stream":9}}'));
    socket.onmessage = ({ data }) => {
      text += data;
      if (JSON.parse(data).id === 1) answered.resolve(text);
    };
    socket.onclose = () => answered.reject(new Error("It was closed"));
    try {
      return await answered.promise;
    } finally {
      socket.close();
    }
  },
  "an agent's tools": async ({ url, token }, method) => {
    const agent = new Client({ name: "test", version: "1" });
    const headers = { authorization: `Bearer ${token}` };
    await agent.connect(
      new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }),
    );
    try {
      return JSON.stringify(await agent.callTool({ name: method, arguments: {} }));
    } finally {
      await agent.close();
    }
  },
};

const patiently = ["--timeout", "1m"];

Deno.test("a gateway's callers may do what its member may, through every door, and nothing more", async () => {
  await using home = await RpcHome.create();
  await home.run(["keys", "init", "--name", "alpha"]);
  await Deno.writeTextFile(`${home.workingDirectory}/tasks.ts`, module);
  await home.serve(["127.0.0.1", "0", "tasks.ts"]);
  await using alice = await memberHome(home, "alice", "read,call:*");
  await using bob = await memberHome(home, "bob", "read,call:open");
  await using carol = await memberHome(home, "carol", "read");
  await using nobody = await RpcHome.create(home.registry);
  const members: readonly { name?: string; at: RpcHome; may: readonly string[] }[] = [
    { name: "alpha", at: home, may: ["open", "alphas", "items"] },
    { name: "alice", at: alice, may: ["open", "items"] },
    { name: "bob", at: bob, may: ["open"] },
    { name: "carol", at: carol, may: [] },
    { at: nobody, may: [] },
  ];
  for (const { name, at, may } of members) {
    const gateway = await startGateway(at, patiently);
    // At once: without keys each call waits for a server that would take it.
    await Promise.all(
      Object.entries(doors).flatMap(([door, call]) => [
        ...["open", "alphas", "items"].map(async (method) => {
          const answer = await call(gateway, method);
          const what = `${method} for ${name} through ${door}: ${answer}`;
          if (may.includes(method)) return assert.match(answer, RegExp(`hello ${name}`), what);
          assert.doesNotMatch(answer, /hello/, what);
          // An agent without keys is told of no tools.
          const refusals = name === undefined
            ? [/rpc keys join|no tool/]
            : [/PermissionDenied|-32007/, RegExp(name)];
          for (const refusal of refusals) assert.match(answer, refusal, what);
        }),
        // The right admin is the member's own: nobody uses it from afar.
        ...["rpc.override", "rpc.tap", "rpc.stats", "rpc.renew", "rpc.hello"].map(
          async (method) => {
            const answer = await call(gateway, method);
            const what = `${method} ${door}: ${answer}`;
            assert.match(answer, /MethodNotFound|-32601|no tool|rpc keys join/, what);
          },
        ),
      ]),
    );
    gateway.process.signal("SIGTERM");
    await gateway.process.ended();
  }
});
