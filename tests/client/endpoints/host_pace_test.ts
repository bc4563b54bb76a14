import assert from "node:assert/strict";
import { hostRetriesPerSecondMax } from "../../../src/base/limits.ts";
import { HostPace } from "../../../src/client/endpoints/host_pace.ts";
import { EndpointsRig } from "./endpoints_rig.ts";

const ports = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

Deno.test("a thousand ports of one host that refuse are not tried without end", async () => {
  const rig = new EndpointsRig();
  for (const port of ports(1_000)) rig.transport.server(port).accepts = "refuse";
  await rig.list(ports(1_000));
  for (let i = 0; i < 150; i++) await rig.clock.advanceAsync(100);
  const attempts = ports(1_000).reduce((sum, port) => sum + rig.transport.server(port).attempts, 0);
  assert.ok(attempts <= 1_000 + 16 * hostRetriesPerSecondMax, `${attempts} attempts`);
  assert.ok(attempts > 1_500, `${attempts} attempts`);
  rig.endpoints.close();
});

Deno.test("two hundred live servers of one host are connected at once", async () => {
  const rig = new EndpointsRig();
  for (const port of ports(200)) rig.transport.server(port);
  await rig.list(ports(200));
  assert.equal(rig.endpoints.usableCount, 200);
  rig.endpoints.close();
});

Deno.test("hosts take no turns from each other", () => {
  const pace = new HostPace();
  for (let i = 0; i < 100; i++) pace.next("a", 0);
  assert.ok(pace.next("a", 0) > 0);
  assert.equal(pace.next("b", 0), 0);
  assert.equal(pace.next("a", 60_000), 0);
});
