import assert from "node:assert/strict";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { signalTest } from "../support/posix.ts";

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

signalTest("Ctrl-C prints the summary of what was done until then", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  const call = home.start(["call", "ping", "--duration", "1h"]);
  await waitFor(() => call.describe(), () => call.lines.length >= 20);
  call.signal("SIGINT");
  assert.equal(await call.ended(), 130);
  assert.match(call.stderr, /^\d+ calls, 0 errors, .* calls\/s, interrupted$/m);
  assert.match(call.stderr, /^latency p50 /m);
});

Deno.test("with nobody there nor ever before, runs of every kind end after the first calls, told once, unless --wait allows more", async () => {
  const kinds: [flags: string[], failedMax: number][] = [
    [["--repeat", "100"], 1],
    [["--repeat", "100", "--concurrency", "10"], 10],
    [["--duration", "1h"], 1],
    // One a second, until the first has waited in vain and its process has had a turn: an hour has
    // many more.
    [["--rate", "1", "--duration", "1h"], 180],
  ];
  await using patient = await RpcHome.create();
  const waits = patient.start(["call", "ping", "--wait", "10m", "--timeout", "10m"]);
  // At once: each waits for a server as long as a client does by itself.
  await Promise.all(kinds.map(async ([flags, failedMax]) => {
    await using home = await RpcHome.create();
    const { code, stderr } = await home.run(["call", "ping", ...flags, "--summary", "json"]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /failed: Unavailable: No server of service "rpc" is registered/);
    assert.equal(stderr.match(/failed: /g)?.length, 1, stderr);
    assert.match(stderr, /^rpc: stopped: there is no server to call$/m);
    const { calls } = JSON.parse(stderr.slice(stderr.lastIndexOf("\n{")));
    assert.ok(calls >= 1 && calls <= failedMax, `${flags}: ${stderr}`);
  }));
  // It began before them.
  await patient.serve();
  assert.equal(await waits.ended(), 0, waits.describe());
});

signalTest(
  "with servers that were there and are gone a run goes on, and meets those that come",
  async () => {
    await using home = await RpcHome.create();
    const server = await home.serve();
    const run = home.start(["call", "ping", "--duration", "1h", "--timeout", "3s"]);
    await waitFor(() => run.describe(), () => run.lines.length > 0);
    await server.kill();
    // On a slow machine the time of some calls is over first.
    await run.says(/failed: (?:Unavailable|DeadlineExceeded)/);
    const before = run.lines.length;
    await home.serve();
    await waitFor(() => run.describe(), () => run.lines.length > before);
    run.signal("SIGINT");
    assert.equal(await run.ended(), 130);
  },
);
