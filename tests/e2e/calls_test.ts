import assert from "node:assert/strict";
import { RpcHome } from "../support/rpc_process.ts";

Deno.test("two servers answer a hundred calls, and the summary names both", async () => {
  await using home = await RpcHome.create();
  const [one, other] = await Promise.all([home.serve(), home.serve()]);
  const { code, stdout, stderr } = await home.run(["call", "fib", "32", "--repeat", "100"]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "2178309\n".repeat(100));
  assert.match(stderr, new RegExp(`^ *${one.address} `, "m"));
  assert.match(stderr, new RegExp(`^ *${other.address} `, "m"));
});
