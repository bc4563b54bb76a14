import assert from "node:assert/strict";
import {
  hastyReconnectMs,
  hostAttemptsAtOnce,
  hostAttemptsPerSecond,
  hostsPacedMax,
} from "../../../src/base/limits.ts";
import { HostPace } from "../../../src/client/endpoints/host_pace.ts";
import { instanceAt } from "../../support/fake_discovery.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { EndpointsRig } from "./endpoints_rig.ts";

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
  while (pace.take("a"));
  const order: string[] = [];
  pace.enter("a", () => order.push("further"), false);
  pace.enter("a", () => order.push("first"), true);
  const left = () => order.push("left");
  pace.enter("a", left, true);
  pace.leave("a", left);
  clock.advance(1_000 / hostAttemptsPerSecond);
  assert.deepEqual(order, ["first"]);
  clock.advance(1_000 / hostAttemptsPerSecond);
  assert.deepEqual(order, ["first", "further"]);
  pace.close();
});

Deno.test("hosts take no turns from each other, and one that was forgotten meanwhile has had its rest", () => {
  const clock = new VirtualClock();
  const pace = new HostPace(clock);
  while (pace.take("a"));
  assert.ok(pace.take("b"));
  for (let i = 0; i < 2 * hostsPacedMax; i++) pace.take(`${i}`);
  assert.ok(!pace.take("a"));
  clock.advance(1_000 * hostAttemptsAtOnce / hostAttemptsPerSecond);
  pace.take("c");
  let taken = 0;
  while (pace.take("a")) taken++;
  assert.equal(taken, hostAttemptsAtOnce);
});
