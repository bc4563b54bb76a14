import assert from "node:assert/strict";
import { heartbeatTickMs } from "../../../src/base/limits.ts";
import { handlesSpare } from "../../../src/client/endpoints/limits.ts";
import { Call } from "../../../src/client/call.ts";
import { instanceAt } from "../../support/fake_discovery.ts";
import { settled } from "../../support/virtual_clock.ts";
import { EndpointsRig } from "./endpoints_rig.ts";

const handles = 40;

/** Ports from 1 to `count` in a list, with {@link handles} for all of them. */
async function listed(
  count: number,
  prepare: (rig: EndpointsRig, port: number) => void,
  tellsHandles = false,
) {
  const rig = new EndpointsRig();
  rig.transport.tellsHandles = tellsHandles;
  rig.transport.handles = handles;
  const ports = Array.from({ length: count }, (_, i) => i + 1);
  for (const port of ports) prepare(rig, port);
  await rig.list(ports);
  const connected = () => rig.picture.filter((line) => line.endsWith("preferred")).length;
  const tick = async (times = 1) => {
    for (let i = 0; i < times; i++) {
      rig.endpoints.tick(true);
      await rig.clock.advanceAsync(heartbeatTickMs);
    }
  };
  return { rig, connected, tick };
}

for (
  const [how, tellsHandles] of [["hang", false], ["accept", false], ["accept", true]] as const
) {
  const told = tellsHandles ? ", where the system tells how many handles there are" : "";
  Deno.test(`300 servers that ${how} and do not answer keep nobody from the one that does${told}`, async () => {
    const { rig, connected, tick } = await listed(301, (rig, port) => {
      const server = rig.transport.server(port);
      if (port === 301) return;
      server.answersPings = false;
      server.accepts = how;
    }, tellsHandles);
    for (let ticks = 0; connected() === 0; ticks++) {
      assert.ok(ticks < 30, "it takes too long");
      assert.equal(rig.at(301).lastFailure, undefined, "no handle is no fault of the server");
      assert.ok(rig.at(301).isUntried && rig.endpoints.isAnyUntried);
      await tick();
    }
    rig.endpoints.close();
    await settled();
    assert.equal(rig.transport.handlesTaken, 0);
    assert.equal(rig.clock.pendingTimers, 0);
  });
}

for (const tellsHandles of [false, true]) {
  const told = tellsHandles ? "system tells" : "system does not tell";
  Deno.test(`of more servers than handles as many are held as can be, and some are left, where the ${told}`, async () => {
    const prepare = (rig: EndpointsRig, port: number) => void rig.transport.server(port);
    const { rig, connected, tick } = await listed(100, prepare, tellsHandles);
    await tick(40);
    assert.ok(connected() >= handles - handlesSpare - 1, `${connected()} are connected`);
    assert.ok(rig.transport.handlesTaken < handles, "none is left for the registry");
    // Nothing is to come for a call that those which are connected cannot carry out.
    assert.ok(!rig.endpoints.isAnyUntried);
    const [first] = rig.picks();
    const held = connected();
    rig.transport.server(first as number).die();
    await tick(4);
    if (tellsHandles) assert.equal(rig.transport.starved, 0);
    assert.ok(connected() >= held - 1, `${connected()} of ${held} are connected`);
    rig.endpoints.close();
    await settled();
    assert.equal(rig.transport.handlesTaken, 0);
  });
}

Deno.test("too few handles are for servers of the client's zone, and not for the first of the list", async () => {
  for (const zone of ["a", undefined]) {
    const rig = new EndpointsRig({ zone });
    rig.transport.handles = handles;
    const ports = Array.from({ length: 100 }, (_, i) => i + 1);
    for (const port of ports) rig.transport.server(port);
    const zoneOf = (port: number) => port > 50 ? "a" : "b";
    await rig.list(ports.map((port) => instanceAt(port, { zone: zoneOf(port) })));
    rig.endpoints.tick(true);
    await rig.clock.advanceAsync(heartbeatTickMs);
    const picked = rig.picks();
    assert.ok(picked.length > handles / 2, picked.join());
    const zones = new Set(picked.map(zoneOf));
    assert.deepEqual([...zones].sort(), zone === undefined ? ["a", "b"] : ["a"]);
    rig.endpoints.close();
    await settled();
  }
});

Deno.test("where other parts of the process have all handles, servers are reached once they give one back", async () => {
  const starved = new EndpointsRig();
  starved.transport.handles = 0;
  starved.transport.server(1);
  await starved.list([1]);
  for (let i = 0; i < 8; i++) {
    starved.endpoints.tick(true);
    await starved.clock.advanceAsync(heartbeatTickMs);
  }
  assert.ok(starved.at(1).isUntried);
  starved.transport.handles = 1;
  starved.endpoints.tick(true);
  await settled();
  assert.deepEqual(starved.picture, ["1 preferred"]);
  starved.endpoints.close();
});

Deno.test("a call under way on a connection is not hurt by those that find no handle", async () => {
  const { rig, tick } = await listed(50, (rig, port) => rig.transport.server(port));
  const [port] = rig.picks();
  const server = rig.transport.server(port as number);
  server.answer = () => {};
  let ended = false;
  const call = new Call("fib", [1], rig.clock.now() + 60_000);
  rig.at(port as number).send(call, rig.clock.now(), () => ended = true);
  await tick(40);
  assert.ok(!ended);
  rig.endpoints.close();
});
