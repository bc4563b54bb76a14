import assert from "node:assert/strict";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";

Deno.test("--duration and --rate call on and on, and --summary json tells of it on stderr", async () => {
  await using home = await RpcHome.create();
  const server = await home.serve();
  const { code, lines, stderr } = await home.run([
    ...["call", "ping", "{i}", "--duration", "1s", "--rate", "50", "--summary", "json"],
  ]);
  assert.equal(code, 0, stderr);
  const summary = JSON.parse(stderr);
  assert.equal(summary.calls, 50);
  assert.equal(lines.length, 50);
  assert.equal(lines[49], `"pong 50"`);
  assert.equal(summary.rate, 50);
  assert.deepEqual(summary.servers, { [server.address]: 50 });
});

Deno.test("--summary none leaves stderr empty", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  const { stderr, lines } = await home.run(["call", "ping", "--repeat", "5", "--summary", "none"]);
  assert.equal(stderr, "");
  assert.equal(lines.length, 5);
});

Deno.test("Ctrl-C prints the summary of what was done until then", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  const call = home.start(["call", "ping", "--duration", "1h"]);
  await waitFor(() => call.describe(), () => call.lines.length >= 20);
  call.signal("SIGINT");
  assert.equal(await call.ended(), 130);
  assert.match(call.stderr, /^\d+ calls, 0 errors, .* calls\/s, stopped by Ctrl-C$/m);
  assert.match(call.stderr, /^latency p50 /m);
});
