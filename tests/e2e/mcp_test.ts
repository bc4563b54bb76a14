import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { rpcCommand } from "../support/program.ts";
import { RpcHome } from "../support/rpc_process.ts";

const module = `
export async function hangs() { await new Promise((resolve) => setTimeout(resolve, 60_000)); }
`;

Deno.test("the official MCP client lists tools, calls one, sees an error, and cancels one", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(`${home.workingDirectory}/tasks.ts`, module);
  await home.serve(["127.0.0.1", "0", "tasks.ts"]);
  const [command = "", ...args] = rpcCommand;
  const transport = new StdioClientTransport({
    command,
    args: [...args, "mcp", "--methods", "fib,h*"],
    env: { PATH: Deno.env.get("PATH") ?? "", HOME: Deno.env.get("HOME") ?? "", ...home.env() },
    cwd: home.workingDirectory,
  });
  const client = new Client({ name: "test", version: "1" });
  await client.connect(transport);
  try {
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map(({ name }: { name: string }) => name).toSorted(), ["fib", "hangs"]);
    const fib = tools.find(({ name }: { name: string }) => name === "fib");
    assert.deepEqual(fib?.inputSchema.required, ["n"]);
    assert.equal(fib?.annotations?.idempotentHint, true);
    const good = await client.callTool({ name: "fib", arguments: { n: 20 } });
    assert.deepEqual(good.content, [{ type: "text", text: "6765" }]);
    const bad = await client.callTool({ name: "fib", arguments: { n: "many" } });
    assert.equal(bad.isError, true);
    assert.match(JSON.stringify(bad.content), /InvalidParams/);
    const abort = new AbortController();
    const hanging = client.callTool({ name: "hangs" }, undefined, { signal: abort.signal });
    abort.abort("enough");
    await assert.rejects(hanging, /enough/);
    const again = await client.callTool({ name: "fib", arguments: { n: 10 } });
    assert.deepEqual(again.content, [{ type: "text", text: "55" }]);
  } finally {
    await client.close();
  }
});

const pingLine = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
for (const [name, line] of [["a ping", pingLine], ["no message", "{"]] as const) {
  Deno.test(`rpc mcp ends after its input, though nobody reads its answers: ${name}`, async () => {
    await using home = await RpcHome.create();
    await home.serve(["127.0.0.1", "0"]);
    const [command = "", ...args] = rpcCommand;
    const child = new Deno.Command(command, {
      args: [...args, "mcp"],
      env: { ...home.env() },
      cwd: home.workingDirectory,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const writer = child.stdin.getWriter();
    // All answers together are longer than what a pipe holds.
    await writer.write(new TextEncoder().encode(`${line}\n`.repeat(5_000)));
    await writer.close();
    assert.equal((await child.status).code, 0);
    await child.stdout.cancel();
  });
}
