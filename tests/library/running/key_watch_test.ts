import assert from "node:assert/strict";
import { systemClock } from "../../../src/base/clock.ts";
import { KeyRing } from "../../../src/keys/key_ring.ts";
import { readKeys } from "../../../src/keys/keys.ts";
import { tendKeys, watchExpiry } from "../../../src/library/running/key_watch.ts";
import { RecordingLogger } from "../../discovery/recorder.ts";
import { FakeDiscovery } from "../../support/fake_discovery.ts";
import { TestCluster } from "../../support/test_pki.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";

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

Deno.test("that keys were replaced is told though nobody connects, and of two authorities that one counts", async () => {
  await using cluster = await TestCluster.create();
  await using other = await TestCluster.create();
  const directory = cluster.write(await cluster.member("alpha"));
  const clock = new VirtualClock(0, Date.now());
  const log = new RecordingLogger();
  const keys = KeyRing.open(directory, clock, log) as KeyRing;
  const { signal } = new AbortController();
  const place = { discovery: new FakeDiscovery(), service: "rpc", clock, signal };
  const tending = tendKeys({ keys, place, log, connected: Promise.resolve() });
  const replace = (text: string) => {
    Deno.writeTextFileSync(`${directory}/ca.crt`, text);
    clock.advance(2_000);
    return log.warnings.splice(0).join("\n");
  };
  try {
    assert.equal(replace(cluster.ca.certificate), "");
    assert.match(
      replace(other.ca.certificate + cluster.ca.certificate),
      RegExp(`^ca\\.crt has 1 more than .* alpha: only members of cluster ${cluster.id} count`),
    );
    assert.match(
      replace(other.ca.certificate),
      /^Cannot load the new keys, keeping the old ones .*machine\.crt was not made by .* ca\.crt/,
    );
    assert.equal(keys.current().cluster, cluster.id);
  } finally {
    tending.cancel();
  }
});

Deno.test("keys that end soon by a clock that was set later are told of within a minute, once a day", async () => {
  await using cluster = await TestCluster.create();
  const keys = cluster.ring(await cluster.faulty({ name: "alpha", toDays: 9.5 }));
  const clock = new VirtualClock(0, 0);
  const log = new RecordingLogger();
  const watch = watchExpiry(keys, clock, log);
  try {
    clock.setWallTime(Date.now());
    clock.advance(60_000);
    assert.match(log.warnings.join("\n"), /^The keys of alpha end: .*9 days left/);
    clock.advance(23 * 60 * 60_000);
    assert.equal(log.warnings.length, 1);
    clock.advance(60 * 60_000);
    assert.equal(log.warnings.length, 2);
  } finally {
    watch.cancel();
  }
});

Deno.test("keys that were renewed while the clock was ahead are made anew once it is right", async () => {
  await using cluster = await TestCluster.create();
  const directory = cluster.write(await cluster.member("alpha"));
  cluster.makeOwner(directory, ["alpha"]);
  const nowMs = Date.now();
  const clock = new VirtualClock(0, nowMs + 350 * 24 * 60 * 60_000);
  const log = new RecordingLogger();
  const keys = KeyRing.open(directory, clock, log) as KeyRing;
  const { signal } = new AbortController();
  const place = { discovery: new FakeDiscovery(), service: "rpc", clock, signal };
  const tending = tendKeys({ keys, place, log, connected: Promise.resolve() });
  const begin = () => (readKeys(directory)?.own.validFromMs ?? 0) - nowMs;
  try {
    await waitFor("the first renewal", () => begin() > 0);
    clock.setWallTime(nowMs);
    clock.advance(60_000);
    await waitFor("the second one", () => begin() < 0);
    assert.deepEqual(log.warnings, []);
  } finally {
    tending.cancel();
  }
});

Deno.test("keys that another machine made while its clock was ahead are told of once a day", async () => {
  await using cluster = await TestCluster.create();
  const keys = cluster.ring(await cluster.faulty({ name: "alpha", fromDays: 2 }));
  const clock = new VirtualClock(0, Date.now());
  const log = new RecordingLogger();
  const { signal } = new AbortController();
  const place = { discovery: new FakeDiscovery(), service: "rpc", clock, signal };
  const tending = tendKeys({ keys, place, log, connected: Promise.resolve() });
  try {
    clock.advance(23 * 60 * 60_000);
    assert.match(
      log.warnings.join("\n"),
      /^Nobody takes the keys of alpha: this machine's clock says \S+, and its keys begin on /,
    );
    clock.advance(60 * 60_000);
    assert.equal(log.warnings.length, 2);
    clock.advance(2 * 24 * 60 * 60_000);
    assert.equal(log.warnings.length, 2);
  } finally {
    tending.cancel();
  }
});

Deno.test("who can renew is looked for each hour, and missed in the log once a day", async () => {
  await using cluster = await TestCluster.create();
  const clock = new VirtualClock(0, Date.now());
  const directory = cluster.write(await cluster.faulty({ name: "bob", toDays: 40.5 }));
  const log = new RecordingLogger();
  const keys = KeyRing.open(directory, clock, log) as KeyRing;
  let asked = 0;
  const discovery = new class extends FakeDiscovery {
    override services() {
      asked++;
      return super.services();
    }
  }();
  discovery.push([]);
  const { signal } = new AbortController();
  const place = { discovery, service: "rpc", clock, signal };
  const tending = tendKeys({ keys, place, log, connected: Promise.resolve() });
  try {
    for (let hour = 1; hour <= 3; hour++) {
      await waitFor(`attempt ${hour}`, () => asked === hour && discovery.watches === 0);
      clock.advance(60 * 60_000);
    }
    await waitFor("the log", () => log.warnings.length > 0);
    assert.equal(log.warnings.length, 1, log.warnings.join("\n"));
    assert.match(log.warnings[0] ?? "", /^Cannot renew the keys yet .*no server that was asked/);
  } finally {
    tending.cancel();
  }
});
