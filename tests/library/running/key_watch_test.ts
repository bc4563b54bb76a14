import assert from "node:assert/strict";
import { systemClock } from "../../../src/base/clock.ts";
import { watchExpiry } from "../../../src/library/running/key_watch.ts";
import { RecordingLogger } from "../../discovery/recorder.ts";
import { TestCluster } from "../../support/test_pki.ts";

async function toldOf(cluster: TestCluster, toDays?: number): Promise<string> {
  const pair = toDays === undefined
    ? await cluster.member("alpha")
    : await cluster.faulty({ name: "alpha", toDays });
  const log = new RecordingLogger();
  watchExpiry(cluster.ring(pair), systemClock, log).cancel();
  return log.warnings.join("\n");
}

Deno.test("of keys that end soon it is told what helps, which no renewal does at their cluster's end", async () => {
  await using young = await TestCluster.create();
  assert.equal(await toldOf(young), "");
  assert.match(
    await toldOf(young, 9.5),
    /^The keys of alpha end: .*9 days left\. rpc keys renew \{\}$/,
  );
  await using old = await TestCluster.create(3_640.5);
  assert.match(
    await toldOf(old),
    /^The keys of alpha end: .*9 days left\. their cluster ends then too: .*rpc keys init.*join/,
  );
});
