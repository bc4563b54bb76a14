/** Networks that drop, cut, delay and trickle, between a client and one of its servers. */

import assert from "node:assert/strict";
import { freePort } from "../support/free_port.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp_proxy.ts";
import { failuresOf } from "./audit.ts";
import {
  chaosTest,
  Cluster,
  type Load,
  loadTimeoutMs,
  measured,
  untilNothingHangs,
} from "./cluster.ts";

/**
 * A cluster of three, where the first is reached through a proxy, and a client at work on all of
 * them.
 */
async function withProxy(
  test: (cluster: Cluster, proxy: TcpProxy, load: Load) => Promise<void>,
): Promise<void> {
  await using cluster = await Cluster.create();
  // The proxy has to be there before the server, which registers the proxy's address as its own.
  const port = freePort();
  await using proxy = startTcpProxy({ targetPort: port });
  await cluster.serve({ port, args: ["--advertise", `127.0.0.1:${proxy.port}`] });
  await cluster.serveMany(2);
  const load = await cluster.load({ callers: 8 });
  await cluster.runsOn("s1", 20);
  await test(cluster, proxy, load);
}

// To see it fail: let Heartbeat.tick in src/client/links/heartbeat.ts return at once.
chaosTest(
  "a half-open connection is found by the heartbeat, not at the calls' deadlines",
  () =>
    withProxy(async (cluster, proxy, load) => {
      proxy.blackHole();
      const foundMs = await untilNothingHangs(load);
      proxy.heal();
      await cluster.runsOn("s1", 20);
      const report = await load.stop();
      const result = cluster.audit();
      assert.deepEqual(failuresOf(result, "again"), {});
      for (const kind of Object.keys(failuresOf(result, "once"))) {
        assert.equal(kind, "ConnectionLost:maybe");
      }
      assert.ok(report.failed <= 8, `at most what was in flight: ${report.failed}`);
      const isByHeartbeat = foundMs < loadTimeoutMs / 2;
      assert.ok(isByHeartbeat, `${foundMs} ms is nearer to the deadline than to the heartbeat`);
      measured("half-open connection", { foundMs, failed: result.failed });
    }),
);

// To see it fail: let `worthAnotherServer` in src/client/retry.ts lack ConnectionLost.
chaosTest(
  "connections that are cut, also within a message, cost no idempotent call",
  () =>
    withProxy(async (cluster, proxy, load) => {
      for (let round = 0; round < 10; round++) {
        if (round % 3 === 0) proxy.cut();
        else proxy.cutAfter(100 + round * 7, round % 3 === 1 ? "toClient" : "toServer");
        await cluster.runsOn("s1", 20);
      }
      await load.stop();
      const result = cluster.audit();
      assert.deepEqual(failuresOf(result, "again"), {});
      for (const kind of Object.keys(failuresOf(result, "once"))) {
        assert.equal(kind, "ConnectionLost:maybe");
      }
      measured("10 cuts, some within a message", { sent: result.sent, failed: result.failed });
    }),
);

// To see it fail: start the client with a deadline of 100 ms.
chaosTest(
  "a path that delays or trickles costs no call",
  () =>
    withProxy(async (cluster, proxy, load) => {
      proxy.delay(200);
      await load.more(300);
      proxy.trickle(400);
      await load.more(300);
      proxy.heal();
      await cluster.runsOn("s1", 20);
      const report = await load.stop();
      const result = cluster.audit();
      assert.deepEqual(result.failed, {});
      assert.equal(result.executed, result.sent);
      measured("delay of 200 ms, then 400 bytes a second, on one of three", {
        p50Ms: report.p50Ms,
        p99Ms: report.p99Ms,
      });
    }),
);
