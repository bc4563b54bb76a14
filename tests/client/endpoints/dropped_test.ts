import assert from "node:assert/strict";
import { heartbeatTickMs } from "../../../src/base/limits.ts";
import { droppedTrustMs } from "../../../src/client/endpoints/limits.ts";
import { settled } from "../../support/virtual_clock.ts";
import { EndpointsRig } from "./endpoints_rig.ts";

Deno.test("those that a list drops are called like others while it lists fewer", async () => {
  const rig = await EndpointsRig.connected(1, 2, 3, 4, 5);
  await rig.list([]);
  await rig.list([1]);
  assert.deepEqual(rig.picks(), [1, 2, 3, 4, 5]);
  await rig.list([1, 2]);
  assert.deepEqual(rig.picks(), [1, 2, 3, 4, 5]);
  await rig.list([1, 2, 3]);
  assert.deepEqual(rig.picks(), [1, 2, 3]);
  await rig.list([3]);
  assert.deepEqual(rig.picks(), [1, 2, 3, 4, 5]);
  rig.endpoints.close();
});

Deno.test("a list that drops most is doubted also where it has as many as are wanted", async () => {
  const rig = new EndpointsRig({ subset: 2 });
  const ports = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  for (const port of ports) rig.transport.server(port);
  await rig.list(ports);
  const before = rig.picks();
  assert.equal(before.length, 2);
  await rig.list([]);
  await rig.list(ports.filter((port) => !before.includes(port)).slice(0, 3));
  const doubted = rig.picks();
  assert.ok(before.every((port) => doubted.includes(port)) && doubted.length > 2, `${doubted}`);
  rig.endpoints.close();
});

Deno.test("those that a list drops are not called once others are connected in their place", async () => {
  const rig = await EndpointsRig.connected(1, 2);
  for (const port of [3, 4]) rig.transport.server(port);
  await rig.list([3, 4]);
  assert.deepEqual(rig.picks(), [3, 4]);
  rig.endpoints.close();
});

Deno.test("of those that a list drops none is called that drains, is gone or is dropped for long", async () => {
  const rig = await EndpointsRig.connected(1, 2, 3, 4, 5);
  await rig.list([1]);
  rig.transport.server(5).goaway();
  rig.transport.server(4).die();
  await settled();
  assert.deepEqual(rig.picks(), [1, 2, 3]);
  rig.clock.advance(droppedTrustMs - heartbeatTickMs);
  rig.endpoints.tick(false);
  assert.deepEqual(rig.picks(), [1, 2, 3]);
  rig.clock.advance(heartbeatTickMs);
  rig.endpoints.tick(false);
  assert.deepEqual(rig.picks(), [1]);
  rig.endpoints.close();
});
