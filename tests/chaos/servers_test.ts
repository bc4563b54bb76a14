/** Servers that die, stop, come and go, under load. */

import assert from "node:assert/strict";
import { failuresOf } from "./audit.ts";
import {
  chaosTest,
  Cluster,
  longestGapMs,
  measured,
  stopAll,
  untilNothingHangs,
} from "./cluster.ts";

// To see it fail: let `worthAnotherServer` in src/client/retry.ts lack ConnectionLost.
chaosTest("SIGKILL of one of three servers costs no idempotent call", async () => {
  await using cluster = await Cluster.create();
  const [victim] = await cluster.serveMany(3);
  const loads = [await cluster.load(), await cluster.load()];
  await cluster.runsOn("s1", 20);
  await victim?.kill();
  for (const load of loads) await load.more(200);
  const reports = await stopAll(loads);
  const result = cluster.audit();
  assert.deepEqual(failuresOf(result, "again"), {});
  for (const kind of Object.keys(failuresOf(result, "once"))) {
    assert.match(kind, /^(ConnectionLost|WorkerLost):maybe$/);
  }
  const lost = Object.values(result.failed).reduce((sum, count) => sum + count, 0);
  assert.ok(lost <= 8, `at most what was in flight: ${lost}`);
  measured("SIGKILL of 1 of 3", {
    sent: result.sent,
    failed: result.failed,
    gapMs: longestGapMs(reports),
  });
});

// To see it fail: start the servers with --drain-grace 0 --drain-timeout 0.
chaosTest("a rolling restart of all servers costs no call", async () => {
  await using cluster = await Cluster.create();
  const servers = await cluster.serveMany(3, { slowMs: 3 });
  const loads = [await cluster.load(), await cluster.load()];
  for (const server of servers) {
    assert.equal(await server.stop(), 0);
    await cluster.serve({ port: server.port, slowMs: 3 });
    await Promise.all(loads.map((load) => load.more(50)));
  }
  const reports = await stopAll(loads);
  const result = cluster.audit();
  assert.deepEqual(result.failed, {});
  assert.equal(result.executed, result.sent, "nothing ran twice, idempotent or not");
  measured("rolling restart by SIGTERM", { sent: result.sent, gapMs: longestGapMs(reports) });
});

// To see it fail: let Heartbeat.tick in src/client/links/heartbeat.ts return at once.
chaosTest("a server that is stopped is found out, and used again when it goes on", async () => {
  await using cluster = await Cluster.create();
  const [victim] = await cluster.serveMany(3);
  const load = await cluster.load({ callers: 8 });
  await cluster.runsOn("s1", 20);
  victim?.process.signal("SIGSTOP");
  const foundMs = await untilNothingHangs(load);
  victim?.process.signal("SIGCONT");
  const continuedAt = performance.now();
  await cluster.runsOn("s1", 20);
  const backMs = performance.now() - continuedAt;
  const report = await load.stop();
  const result = cluster.audit();
  assert.deepEqual(failuresOf(result, "again"), {});
  for (const kind of Object.keys(failuresOf(result, "once"))) {
    assert.match(kind, /^ConnectionLost:maybe$/);
  }
  assert.ok(report.failed <= 8, `at most what was in flight: ${report.failed}`);
  measured("SIGSTOP, then SIGCONT", {
    sent: result.sent,
    failed: result.failed,
    slowestMs: Math.round(report.maxMs),
    foundMs,
    backMs: Math.round(backMs),
  });
});
