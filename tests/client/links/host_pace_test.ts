import assert from "node:assert/strict";
import {
  hastyReconnectMs,
  hostAttemptsAtOnce,
  hostAttemptsPerSecond,
  hostsPacedMax,
} from "../../../src/base/limits.ts";
import { HostPace } from "../../../src/client/links/host_pace.ts";
import { instanceAt } from "../../support/fake_discovery.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { EndpointsRig } from "../endpoints/endpoints_rig.ts";

const ports = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** How often all ports were tried together. */
function attemptsAt(rig: EndpointsRig, count: number): number {
  return ports(count).reduce((sum, port) => sum + rig.transport.server(port).attempts, 0);
}

/** Lets so many tenths of a second pass, and something be done in each. */
async function pass(rig: EndpointsRig, tenths: number, each?: () => unknown): Promise<void> {
  for (let i = 0; i < tenths; i++) {
    await each?.();
    await rig.clock.advanceAsync(100);
  }
}

Deno.test("eight hundred ports of one host that refuse are tried at a bounded rate from the first attempt on", async () => {
  const rig = new EndpointsRig();
  for (const port of ports(800)) rig.transport.server(port).accepts = "refuse";
  await rig.list(ports(800));
  assert.equal(attemptsAt(rig, 800), hostAttemptsAtOnce);
  await pass(rig, 40);
  const attempts = attemptsAt(rig, 800);
  assert.ok(attempts <= hostAttemptsAtOnce + 4 * hostAttemptsPerSecond, `${attempts} attempts`);
  assert.ok(ports(800).every((port) => rig.transport.server(port).attempts > 0));
  rig.endpoints.close();
  assert.equal(rig.clock.pendingTimers, 0);
});

Deno.test("calls that wait make no flood of the hasty attempts, at ports that refuse or say nothing", async () => {
  for (const accepts of ["refuse", "hang"] as const) {
    const rig = new EndpointsRig();
    for (const port of ports(800)) rig.transport.server(port).accepts = accepts;
    await rig.list(ports(800));
    await pass(rig, 40, () => rig.endpoints.tick(true));
    const attempts = attemptsAt(rig, 800);
    assert.ok(attempts <= hostAttemptsAtOnce + 4 * hostAttemptsPerSecond, `${attempts} attempts`);
    rig.endpoints.close();
  }
});

Deno.test("an address that is another instance at each look is tried as often as after any restart", async () => {
  const rig = new EndpointsRig();
  rig.transport.server(1).accepts = "refuse";
  let looks = 0;
  await pass(rig, 100, () => rig.list([instanceAt(1, { id: `id-${looks++}` })]));
  const { attempts } = rig.transport.server(1);
  // Each is tried at once, and by the first steps of the back-off.
  const renewals = 10_000 / hastyReconnectMs + 1;
  assert.ok(attempts <= 5 * renewals, `${attempts} attempts`);
  rig.endpoints.close();
});

Deno.test("a thousand live servers of one host are connected without a wait", async () => {
  const rig = new EndpointsRig();
  for (const port of ports(1_000)) rig.transport.server(port);
  await rig.list(ports(1_000));
  assert.equal(rig.endpoints.usableCount, 1_000);
  rig.endpoints.close();
});

Deno.test("a server that is new comes before those that were tried already", () => {
  const clock = new VirtualClock();
  const pace = new HostPace(clock);
  while (pace.take("10.0.0.1"));
  const order: string[] = [];
  pace.enter("10.0.0.1", () => order.push("further"), false);
  pace.enter("10.0.0.1", () => order.push("first"), true);
  const left = () => order.push("left");
  pace.enter("10.0.0.1", left, true);
  pace.leave("10.0.0.1", left);
  clock.advance(1_000 / hostAttemptsPerSecond);
  assert.deepEqual(order, ["first"]);
  clock.advance(1_000 / hostAttemptsPerSecond);
  assert.deepEqual(order, ["first", "further"]);
  pace.close();
});

Deno.test("hosts take no turns from each other, and one that was forgotten meanwhile has had its rest", () => {
  const clock = new VirtualClock();
  const pace = new HostPace(clock);
  while (pace.take("10.0.0.1"));
  assert.ok(pace.take("10.0.0.2"));
  for (let i = 0; i < 2 * hostsPacedMax; i++) pace.take(`10.1.${i >> 8}.${i & 255}`);
  assert.ok(!pace.take("10.0.0.1"));
  clock.advance(1_000 * hostAttemptsAtOnce / hostAttemptsPerSecond);
  pace.take("10.0.0.3");
  let taken = 0;
  while (pace.take("10.0.0.1")) taken++;
  assert.equal(taken, hostAttemptsAtOnce);
});

/** How many attempts may begin at once, of those at these hosts in turn. */
function atOnce(hosts: (index: number) => string): number {
  const pace = new HostPace(new VirtualClock());
  let began = 0;
  for (let index = 0; index < 4 * hostAttemptsAtOnce; index++) {
    pace.enter(hosts(index), () => began++, true);
  }
  pace.close();
  return began;
}

Deno.test("a thousand names, spellings, loopback addresses or those of one network are tried as one host", () => {
  const one: Record<string, (index: number) => string> = {
    names: (i) => `n${i}.example`,
    "names in capitals, with a point at the end": (i) => `N${i}.EXAMPLE.`,
    "numbers that a resolver takes for addresses": (i) => `${0x0a000001 + 0 * i}`,
    "octal and short ones": (i) => ["010.0.0.1", "10.1", "0xa.0.0.1", "10.0.1"][i % 4] ?? "",
    loopback: (i) => `127.${i >> 8}.${i & 255}.1`,
    "loopback by all its names": (i) => ["127.0.0.1", "localhost", "::1"][i % 3] ?? "",
    "an IPv6 network": (i) => `2001:db8::${i.toString(16)}`,
    "one network and interfaces": (i) => `fe80::1%eth${i}`,
    "an address as it is and mapped": (i) => i % 2 === 0 ? "10.0.0.1" : "::ffff:10.0.0.1",
  };
  for (const [what, hosts] of Object.entries(one)) {
    assert.equal(atOnce(hosts), hostAttemptsAtOnce, what);
  }
  assert.equal(atOnce((i) => `10.0.${i >> 8}.${i & 255}`), 4 * hostAttemptsAtOnce);
  assert.equal(atOnce((i) => `2001:db8:0:${i.toString(16)}::1`), 4 * hostAttemptsAtOnce);
});

Deno.test("a thousand live servers with names of their own are connected without a wait", () => {
  const pace = new HostPace(new VirtualClock());
  let connected = 0;
  for (let i = 0; i < 1_000; i++) {
    pace.enter(`pod-${i}`, () => {
      connected++;
      pace.giveBack(`pod-${i}`);
    }, true);
  }
  assert.equal(connected, 1_000);
  pace.close();
});

Deno.test("first attempts go before further ones that wait, and these in their order", () => {
  const clock = new VirtualClock(5_000);
  const pace = new HostPace(clock);
  const begun: string[] = [];
  for (let n = 0; n < hostAttemptsAtOnce; n++) assert.ok(pace.take("10.0.0.1"));
  const enter = (name: string, isFirst: boolean) => {
    pace.enter("10.0.0.1", () => begun.push(name), isFirst);
  };
  enter("further", false);
  // There would be room by now, and its timer is late.
  clock.stall(1_000);
  enter("another", false);
  assert.deepEqual(begun, []);
  enter("first", true);
  assert.deepEqual(begun, ["first"]);
  clock.advance(0);
  assert.deepEqual(begun, ["first", "further", "another"]);
  while (pace.take("10.0.0.1"));
  enter("late", true);
  pace.close();
  pace.giveBack("10.0.0.1");
  assert.equal(begun.length, 3, "none begins after the end");
  assert.equal(clock.pendingTimers, 0);
});
