import assert from "node:assert/strict";
import { heartbeatTickMs } from "../../../src/base/limits.ts";
import { Call } from "../../../src/client/call.ts";
import { instanceAt } from "../../support/fake_discovery.ts";
import { settled } from "../../support/virtual_clock.ts";
import { EndpointsRig } from "../endpoints/endpoints_rig.ts";

const size = 10;
const ports = Array.from({ length: 50 }, (_, index) => index + 1);

/** A rig whose servers say that they have so many connections. */
async function asked(
  connectionsOf: (port: number) => unknown,
  weightOf = (_port: number) => 1,
): Promise<EndpointsRig> {
  const rig = new EndpointsRig({ subset: size });
  for (const port of ports) rig.transport.server(port).connectionsSaid = connectionsOf(port);
  await rig.list(ports.map((port) => instanceAt(port, { weight: weightOf(port) })));
  for (let ticks = 0; ticks < 60; ticks++) {
    rig.clock.advance(heartbeatTickMs);
    rig.endpoints.tick(false);
    await settled();
  }
  return rig;
}

/** Of how many picks each port has got its part, relative to what it would if all were alike. */
function sharesOf(rig: EndpointsRig): Map<number, number> {
  const picks = 4_000;
  const shares = new Map<number, number>();
  for (let i = 0; i < picks; i++) {
    const endpoint = rig.endpoints.pick(new Call("fib", [], Infinity), rig.clock.now());
    const port = endpoint?.instance.port ?? 0;
    shares.set(port, (shares.get(port) ?? 0) + size / picks);
  }
  return shares;
}

Deno.test("a server that half as many clients use is given twice as much by each", async () => {
  const rig = await asked((port) => port % 2 ? 10 : 20);
  const shares = sharesOf(rig);
  const meanOf = (parity: number) => {
    const some = [...shares].filter(([port]) => port % 2 === parity).map(([, share]) => share);
    return some.reduce((sum, share) => sum + share, 0) / some.length;
  };
  const times = meanOf(1) / meanOf(0);
  assert.ok(times > 1.7 && times < 2.3, `it is given ${times} times as much`);
  rig.endpoints.close();
});

Deno.test("in a subset all count alike, as one that weighs more is in the subsets of more clients", async () => {
  const weightOf = (port: number) => port % 2 ? 1 : 2;
  const told = await asked((port) => 10 * weightOf(port), weightOf);
  const untold = await asked(() => undefined, weightOf);
  for (const rig of [told, untold]) {
    const servers = [...rig.endpoints.all];
    assert.equal(new Set(servers.map(({ instance }) => instance.weight)).size, 2);
    const weights = servers.map(({ weight }) => weight);
    assert.ok(Math.max(...weights) - Math.min(...weights) < 1e-9, JSON.stringify(weights));
    rig.endpoints.close();
  }
});

Deno.test("servers that say nothing, or what cannot be, are given as much as others", async () => {
  for (const said of [undefined, "pong", -5, NaN, null, {}, "many"]) {
    const rig = await asked((port) => port % 2 ? said : 10);
    for (const endpoint of rig.endpoints.all) assert.equal(endpoint.weight, 1, String(said));
    rig.endpoints.close();
  }
});

Deno.test("whatever a server says it is given neither nothing nor all", async () => {
  const rig = await asked((port) => port % 2 ? 1 : 1e9);
  for (const { weight } of rig.endpoints.all) assert.ok(weight >= 1 / 8 && weight <= 8);
  rig.endpoints.close();
});

Deno.test("where all are connected to, no server is asked, and all count by their weights", async () => {
  const rig = await asked((port) => port % 2 ? 10 : 20);
  await rig.list(ports.slice(0, size));
  for (const { weight } of rig.endpoints.all) assert.equal(weight, 1);
  const before = ports.map((port) => rig.transport.server(port).connectionsAsked);
  for (let ticks = 0; ticks < 400; ticks++) {
    rig.clock.advance(heartbeatTickMs);
    rig.endpoints.tick(false);
    await settled();
  }
  assert.deepEqual(ports.map((port) => rig.transport.server(port).connectionsAsked), before);
  rig.endpoints.close();
});
