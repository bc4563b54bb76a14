import assert from "node:assert/strict";
import { sleep, systemClock } from "../../src/base/clock.ts";
import { Client, type ClientOptions, StdioClientTransport } from "../support/mcp_client.ts";
import { rpcCommand } from "../support/program.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { onWindows } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

const module = `
export async function hangs() { await new Promise((resolve) => setTimeout(resolve, 60_000)); }
`;

/** The versions of the protocol before the handshake went, and since. */
const eras = ["legacy", { pin: "2026-07-28" }] as const;

/** The official client, of an `rpc mcp` that offers these methods. */
async function agentOf(
  home: RpcHome,
  methods: string,
  options: ClientOptions,
  flags: readonly string[] = [],
): Promise<Client> {
  const [command = "", ...args] = rpcCommand;
  const transport = new StdioClientTransport({
    command,
    args: [...args, "mcp", "--methods", methods, ...flags],
    env: { PATH: Deno.env.get("PATH") ?? "", HOME: Deno.env.get("HOME") ?? "", ...home.env() },
    cwd: home.workingDirectory,
  });
  const client = new Client({ name: "test", version: "1" }, options);
  await client.connect(transport);
  return client;
}

Deno.test("the official MCP client lists tools, calls one, sees an error, and cancels one", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(`${home.workingDirectory}/tasks.ts`, module);
  await home.serve(["127.0.0.1", "0", "tasks.ts"]);
  for (const mode of eras) {
    const client = await agentOf(home, "fib,h*", { versionNegotiation: { mode } });
    try {
      const { tools } = await client.listTools();
      assert.deepEqual(tools.map(({ name }) => name), ["fib", "hangs"]);
      const [fib] = tools;
      assert.deepEqual(fib?.inputSchema.required, ["n"]);
      assert.equal(fib?.annotations?.idempotentHint, true);
      const good = await client.callTool({ name: "fib", arguments: { n: 20 } });
      assert.deepEqual(good.content, [{ type: "text", text: "6765" }]);
      const bad = await client.callTool({ name: "fib", arguments: { n: "many" } });
      assert.equal(bad.isError, true);
      assert.match(JSON.stringify(bad.content), /InvalidParams/);
      const abort = new AbortController();
      const hanging = client.callTool({ name: "hangs" }, { signal: abort.signal });
      abort.abort("enough");
      await assert.rejects(hanging, /enough/);
      const again = await client.callTool({ name: "fib", arguments: { n: 10 } });
      assert.deepEqual(again.content, [{ type: "text", text: "55" }]);
    } finally {
      await client.close();
    }
  }
});

Deno.test("an agent's tools return as much as --message-max allows", async () => {
  await using home = await RpcHome.create();
  const long = 'export const long = () => "x".repeat(5_000_000);';
  await Deno.writeTextFile(`${home.workingDirectory}/long.ts`, long);
  await home.serve(["127.0.0.1", "0", "long.ts", "--message-max", "16M"]);
  const client = await agentOf(home, "long", {}, ["--message-max", "16M"]);
  try {
    const { isError, content } = await client.callTool({ name: "long" });
    assert.notEqual(isError, true);
    assert.ok(JSON.stringify(content).includes("x".repeat(5_000_000)));
  } finally {
    await client.close();
  }
});

Deno.test("agents are told when there are other tools, by a reload or another server", async () => {
  await using home = await RpcHome.create();
  const path = `${home.workingDirectory}/tasks.ts`;
  await Deno.writeTextFile(path, module);
  await home.serve(["127.0.0.1", "0", "tasks.ts", "--watch", "--no-builtin"]);
  const agents = await Promise.all(eras.map(async (mode) => {
    let told = 0;
    const onChanged = () => void told++;
    const client = await agentOf(home, "h*,later", {
      versionNegotiation: { mode },
      listChanged: { tools: { onChanged, autoRefresh: false, debounceMs: 0 } },
    });
    const names = async () => (await client.listTools()).tools.map(({ name }) => name).join();
    return { client, names, told: () => told };
  }));
  try {
    for (const { names } of agents) assert.equal(await names(), "hangs");
    await Deno.writeTextFile(path, `${module}export const hurries = () => 1;\n`);
    for (const { names, told } of agents) {
      // Not asked before: of what it has asked itself it need not be told.
      await waitFor("a word of the reload", () => told() > 0);
      assert.equal(await names(), "hangs,hurries");
    }
    const before = agents.map(({ told }) => told());
    await Deno.writeTextFile(`${home.workingDirectory}/more.ts`, "export const later = () => 2;");
    await home.serve(["127.0.0.1", "0", "more.ts", "--no-builtin"]);
    for (const [i, { client, names, told }] of agents.entries()) {
      await waitFor(
        "a word of the other server",
        async () => told() > (before[i] ?? 0) && await names() === "hangs,hurries,later",
      );
      const { content } = await client.callTool({ name: "later" });
      assert.deepEqual(content, [{ type: "text", text: "2" }]);
    }
  } finally {
    for (const { client } of agents) await client.close();
  }
});

/** Starts `rpc mcp`. */
function startMcp(home: RpcHome, stdout: "piped" | "null"): Deno.ChildProcess {
  const [command = "", ...args] = rpcCommand;
  return new Deno.Command(command, {
    args: [...args, "mcp"],
    env: { ...home.env() },
    cwd: home.workingDirectory,
    stdin: "piped",
    stdout,
    stderr: "null",
  }).spawn();
}

const pingLine = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
for (const [name, line] of [["a ping", pingLine], ["no message", "{"]] as const) {
  Deno.test(`rpc mcp ends after its input, though nobody reads its answers: ${name}`, async () => {
    await using home = await RpcHome.create();
    await home.serve(["127.0.0.1", "0"]);
    const child = startMcp(home, "piped");
    const writer = child.stdin.getWriter();
    // All answers together are longer than what a pipe holds.
    await writer.write(new TextEncoder().encode(`${line}\n`.repeat(5_000)));
    await writer.close();
    assert.equal((await child.status).code, 0);
    await child.stdout.cancel();
  });
}

Deno.test({
  ...skippedIf(
    onWindows,
    "rpc mcp ends when it is asked to, also while it is loading what it needs",
  ),
  fn: async () => {
    await using home = await RpcHome.create();
    const isReadyAfter = async (delayMs: number) => {
      await using child = startMcp(home, "null");
      await sleep(systemClock, delayMs);
      child.kill("SIGTERM");
      const hung = setTimeout(() => child.kill("SIGKILL"), 180_000);
      const { code, signal } = await child.status;
      clearTimeout(hung);
      assert.notEqual(signal, "SIGKILL", `asked to end after ${delayMs} ms, it went on`);
      return code === 0;
    };
    // The narrow time in which it listens to signals and is not ready yet.
    let [early, late] = [0, 100];
    while (!await isReadyAfter(late)) [early, late] = [late, late * 2];
    for (let i = 0; i < 7; i++) {
      const middle = (early + late) / 2;
      if (await isReadyAfter(middle)) late = middle;
      else early = middle;
    }
  },
});
