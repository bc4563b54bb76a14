import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { RpcHome } from "../support/rpc_process.ts";
import { openRpcProblems } from "../support/openrpc_schema.ts";
import { connect } from "rpc";

const module = fileURLToPath(import.meta.resolve("../../examples/tasks.ts"));

Deno.test("rpc methods <name> shows examples that can be run as they are", async () => {
  await using home = await RpcHome.create();
  await home.serve(["127.0.0.1", "0", module]);
  const results: Record<string, string> = { resize: `{"width":1,"height":1}`, add: "2" };
  for (const [name, result] of Object.entries(results)) {
    const { stdout } = await home.run(["methods", name]);
    const [, byPosition = "", byName = ""] = /\nexample\n(.*)\n(.*)\n$/.exec(stdout) ?? [];
    assert.match(byPosition, /^ {2}rpc call \w+ 1 1$/);
    assert.match(byName, /^ {2}rpc call \w+ \w+=1 \w+=1$/);
    for (const example of [byPosition, byName]) {
      const args = example.trim().split(" ").slice(2);
      assert.equal((await home.run(["call", ...args])).stdout, `${result}\n`);
    }
  }
});

Deno.test("rpc methods guesses at a mistyped name", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  const { code, stdout, stderr } = await home.run(["methods", "fbi"]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.equal(stderr, `rpc: No method "fbi": did you mean fib?\n`);
});

Deno.test("a running server's rpc.discover is valid OpenRPC (P-29)", async () => {
  await using home = await RpcHome.create();
  await home.serve(["127.0.0.1", "0", module]);
  await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
  assert.deepEqual(openRpcProblems(await client.call("rpc.discover")), []);
});

Deno.test("rpc methods lists what all servers offer together", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  await home.serve(["127.0.0.1", "0", module, "--no-builtin"]);
  const { stdout } = await home.run(["methods", "--json"]);
  const names = stdout.trim().split("\n").map((line) => JSON.parse(line).name);
  assert.deepEqual(names, ["add", "fib", "pi", "ping", "resize", "sleep"]);
});
