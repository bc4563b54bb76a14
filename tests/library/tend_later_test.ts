import assert from "node:assert/strict";
import { silentLogger } from "../../src/base/log.ts";
import { readKeys } from "../../src/keys/keys.ts";
import { KeyRing } from "../../src/keys/key_ring.ts";
import { tendLater } from "../../src/library/tend_later.ts";
import { RecordingLogger } from "../discovery/recorder.ts";
import { FakeDiscovery } from "../support/fake_discovery.ts";
import { TestCluster } from "../support/test_pki.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { waitFor } from "../support/wait_for.ts";

const dayMs = 24 * 60 * 60 * 1_000;

/** A program that calls, whose keys end in ten days, on the machine where the cluster was made. */
async function program(cluster: TestCluster) {
  const directory = cluster.write(await cluster.faulty({ name: "alice", toDays: 10 }));
  cluster.makeOwner(directory, ["alice"]);
  const clock = new VirtualClock(0, Date.now());
  const keys = KeyRing.open(directory, clock, silentLogger);
  const log = new RecordingLogger();
  const tending = tendLater(keys, { discovery: new FakeDiscovery(), service: "rpc", clock }, log);
  const daysLeft = () => ((readKeys(directory)?.own.validToMs ?? 0) - Date.now()) / dayMs;
  return { clock, log, tending, daysLeft };
}

// The first one, since what has been loaded needs no file handle any more.
Deno.test("a program without a file handle just then looks after its keys an hour later", async () => {
  await using cluster = await TestCluster.create();
  const { clock, log, tending, daysLeft } = await program(cluster);
  const { openSync } = Deno;
  try {
    Deno.openSync = () => {
      throw Object.assign(new Error("Too many open files"), { code: "EMFILE" });
    };
    await clock.advanceAsync(60 * 60_000);
    Deno.openSync = openSync;
    assert.match(log.warnings.join(), /^Cannot look after the keys yet/);
    await clock.advanceAsync(60 * 60_000);
    await waitFor("the renewal", () => daysLeft() > 300);
  } finally {
    Deno.openSync = openSync;
    tending?.cancel();
  }
});

Deno.test("a program that calls for more than an hour renews its keys, and tells that they end", async () => {
  await using cluster = await TestCluster.create();
  const { clock, log, tending, daysLeft } = await program(cluster);
  try {
    clock.advance(59 * 60_000);
    assert.ok(daysLeft() < 11);
    clock.advance(60_000);
    await waitFor("the renewal", () => daysLeft() > 300);
    assert.match(log.warnings[0] ?? "", /^The keys of alice end: .*9 days left/);
  } finally {
    tending?.cancel();
  }
});

Deno.test("a program that is over before leaves the keys as they are", async () => {
  await using cluster = await TestCluster.create();
  const { clock, log, tending } = await program(cluster);
  tending?.cancel();
  clock.advance(2 * 60 * 60_000);
  await clock.advanceAsync(1_000);
  assert.deepEqual(log.warnings, []);
});
