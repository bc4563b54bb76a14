/** A server that can start no worker, beside others. */

import assert from "node:assert/strict";
import { RpcHome } from "../support/rpc_process.ts";

const module = `
export function end() { Deno.exit(3); }
export function one() { return 1; }
`;

// To see it fail: let refuseUnserved in src/workers/pool/unserved.ts return at once.
Deno.test("no call fails because one of two servers can start no worker", async () => {
  await using home = await RpcHome.create();
  const paths = ["gone.ts", "there.ts"].map((name) => `${home.workingDirectory}/${name}`);
  const [gone = "", there = ""] = paths;
  for (const path of paths) await Deno.writeTextFile(path, module);
  const broken = await home.serve([gone]);
  await home.serve([there]);
  await Deno.remove(gone);
  const { stderr } = await home.run(["call", "end", "--server", broken.address]);
  assert.match(stderr, /WorkerLost: .*exited with code 3/);
  // Eight at a time, so that both servers are called.
  const calls = ["call", "one", "--repeat", "80", "-c", "8", "--json"];
  const { lines } = await home.run(calls);
  const failed = lines.filter((line) => JSON.parse(line).error !== undefined);
  assert.deepEqual(failed, []);
  assert.equal(lines.length, 80);
});
