import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { RpcHome } from "../support/rpc_process.ts";
import { onWindows } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

const examples = new URL("../../examples/", import.meta.url);

function pathOf(name: string): string {
  return fileURLToPath(new URL(name, examples));
}

Deno.test("the example module is served, described, and called by the typed client", async () => {
  await using home = await RpcHome.create();
  await home.serve(["127.0.0.1", "0", pathOf("tasks.ts")]);
  const methods = await home.run(["methods"]);
  assert.match(methods.stdout, /^add\(a: any, b: any\) .*cpu/m);
  assert.match(methods.stdout, /^resize\(width: integer, height: integer, scale\?: number\) /m);
  assert.match(methods.stdout, /^fib\(n: integer\) /m);
  const resized = await home.run(["call", "resize", `{"width": 640, "height": 480, "scale": 2}`]);
  assert.deepEqual([resized.stdout, resized.code], [`{"width":1280,"height":960}\n`, 0]);
  const client = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-prompt", pathOf("client.ts")],
    env: home.env(),
    stdin: "null",
  }).output();
  const output = new TextDecoder().decode(client.stdout);
  assert.equal(client.code, 0, new TextDecoder().decode(client.stderr));
  assert.equal(
    output,
    "{ width: 960, height: 540 }\n5\n" +
      "InvalidParams: Cannot call sleep: delayMs must be >= 0 (got -1) (executed: no)\n",
  );
});

Deno.test({
  ...skippedIf(onWindows, "the shell worker answers"),
}, async () => {
  await using home = await RpcHome.create();
  await home.serve(["127.0.0.1", "0", "--exec", `sh '${pathOf("tasks.sh")}'`, "--no-builtin"]);
  const host = await home.run(["call", "host"]);
  assert.deepEqual([host.stdout, host.code], [`${JSON.stringify(Deno.hostname())}\n`, 0]);
  assert.match((await home.run(["call", "seconds"])).stdout, /^\d{10,}\n$/);
  const unknown = await home.run(["call", "fib", "1"]);
  assert.deepEqual([unknown.code, unknown.stdout], [1, ""]);
});
