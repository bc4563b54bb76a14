/** Servers that join, are slow, or run procedures that misbehave. */

import assert from "node:assert/strict";
import { chaosTest, Cluster, measured, stopAll } from "./cluster.ts";
import { source } from "../support/program.ts";

// To see it fail: let #found in src/client/client.ts do nothing once the registry was read.
chaosTest("a server that joins under load is used at once", async () => {
  await using cluster = await Cluster.create();
  await cluster.serveMany(2, { slowMs: 2 });
  const load = await cluster.load({ callers: 8, pauseMs: 0 });
  await cluster.serve({ slowMs: 2 });
  const readyAtMs = Date.now();
  await cluster.runsOn("s3", 50);
  await stopAll([load]);
  const result = cluster.audit();
  assert.deepEqual(result.failed, {});
  const first = result.executions.find(({ server }) => server === "s3");
  assert.ok(first !== undefined);
  measured("a new server joins", { firstCallAfterReadyMs: first.atMs - readyAtMs });
});

// To see it fail: let the default policy in src/client/client.ts be "random".
chaosTest("a server ten times slower than the others gets less of the calls", async () => {
  // So slow all of them that what a busy machine adds is little.
  await using cluster = await Cluster.create();
  await cluster.serve({ slowMs: 200 });
  await cluster.serveMany(3, { slowMs: 20 });
  const load = await cluster.load({ callers: 8, pauseMs: 0 });
  await load.more(1_000);
  const report = (await stopAll([load]))[0];
  const result = cluster.audit();
  assert.deepEqual(result.failed, {});
  const slow = result.executions.filter(({ server }) => server === "s1").length;
  const share = slow / result.executed;
  assert.ok(share < 0.15, `its share is ${share}, and a fair one were 0.25`);
  measured("one of four 10 times slower", {
    share: Number(share.toFixed(3)),
    p50Ms: report?.p50Ms,
    p99Ms: report?.p99Ms,
  });
});

// To see it fail: let Scheduler.#stop in src/workers/pool/scheduler.ts do nothing.
chaosTest(
  "procedures that hang, crash, exit or exhaust memory cost only their own calls",
  async () => {
    await using cluster = await Cluster.create();
    const server = await cluster.serve({
      args: ["--workers", "2"],
      // A binary heeds no such flags, and to fill its heap of gigabytes takes a minute.
      program: source,
      env: { DENO_V8_FLAGS: "--max-old-space-size=64" },
    });
    const load = await cluster.load({ callers: 2 });
    await load.more(100);
    const ends: Record<string, string> = {};
    for (const method of ["hang", "crash", "exit", "exhaust", "hang", "exit"]) {
      const timeout = method === "hang" ? "1s" : "120s";
      const { code, stderr } = await cluster.home.run(["call", method, "--timeout", timeout], {
        timeoutMs: 180_000,
      });
      assert.equal(code, 1, stderr);
      ends[method] = /failed(?: at \S+)?: (\w+)/.exec(stderr)?.[1] ?? stderr;
    }
    assert.deepEqual(ends, {
      hang: "DeadlineExceeded",
      crash: "WorkerLost",
      exit: "WorkerLost",
      exhaust: "WorkerLost",
    });
    assert.equal(server.process.code, undefined, "the server lives");
    await load.more(100);
    const report = (await stopAll([load]))[0];
    const result = cluster.audit();
    assert.deepEqual(result.failed, {});
    measured("procedures that hang, crash, exit, exhaust memory", {
      sent: result.sent,
      p50Ms: report?.p50Ms,
      p99Ms: report?.p99Ms,
      maxMs: report?.maxMs,
    });
  },
);
