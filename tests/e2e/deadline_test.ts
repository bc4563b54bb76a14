import assert from "node:assert/strict";
import { lives } from "../support/process_table.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { signalTest } from "../support/posix.ts";

/** Fast machines run this for centuries, too. */
const endless = ["call", "fib", "78"];

Deno.test("a call that overruns its deadline fails in time, and is really stopped", async () => {
  await using home = await RpcHome.create();
  const server = await home.serve();
  // Long enough that a worker has begun it by then.
  const { code, stdout, stderr, durationMs } = await home.run([...endless, "--timeout", "5s"]);
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /^rpc: call fib\(78\) .*DeadlineExceeded: .*--timeout <time>\n$/);
  assert.ok(durationMs >= 5_000, `${durationMs} ms`);

  await server.process.says(/Killed a worker workerPid=\d+/);
  const pid = Number(/Killed a worker workerPid=(\d+)/.exec(server.stderr)?.[1]);
  await waitFor("the worker's end", async () => !await lives(pid));

  const next = await home.run(["call", "fib", "32"]);
  assert.deepEqual([next.code, next.stdout], [0, "2178309\n"], next.stderr);
});

signalTest("Ctrl-C gives a call up, and its worker is free again", async () => {
  await using home = await RpcHome.create();
  const server = await home.serve();
  const client = home.start([...endless, "--timeout", "600000", "--verbose"]);
  await client.says(/Connected/);
  const stats = async () => {
    const { lines } = await home.run(["call", "rpc.stats"]);
    const { queued, workers } = JSON.parse(lines[0] ?? "{}");
    return { queued, busy: workers.busy };
  };
  // It waits, too, until its worker has started.
  await waitFor("the call at its worker", async () => (await stats()).busy === 1, {
    periodMs: 100,
  });
  const next = home.start(["call", "fib", "20", "--timeout", "10m"]);
  await waitFor(
    "another one that waits behind it",
    async () => (await stats()).queued === 1 || next.code !== undefined,
    { periodMs: 100 },
  );
  assert.equal(next.code, undefined, next.describe());
  client.signal("SIGINT");
  assert.equal(await client.ended(), 130, client.describe());
  assert.equal(client.stdout, "");
  assert.equal(await next.ended(), 0, next.describe());
  assert.equal(next.stdout, "6765\n");
  await server.process.says(/Killed a worker/);
});
