import assert from "node:assert/strict";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";

Deno.test({
  name: "a server whose audit may not grow any more goes on serving, and counts what is missing",
  // Only Linux bounds a process that runs; from its start the runtime's own caches would meet it.
  ignore: Deno.build.os !== "linux",
}, async () => {
  await using home = await RpcHome.create();
  const server = await home.serve(["--audit", `${home.directory}/audit`]);
  const limit = await new Deno.Command("prlimit", {
    args: ["--fsize=4096", "--pid", String(server.process.pid)],
  }).output();
  assert.ok(limit.success);
  const { code, stderr } = await home.run(["call", "ping", "--repeat", "200", "--quiet"]);
  assert.equal(code, 0, stderr);
  await waitFor("the audit's error", () => /Cannot write the audit/.test(server.stderr));
  assert.equal((await home.run(["call", "ping"])).code, 0);
  assert.equal(await server.stop(), 0);
  assert.match(server.stderr, /Calls are missing in the audit/);
});
