import assert from "node:assert/strict";
import { heartbeatTickMs } from "../../../src/base/limits.ts";
import { Call } from "../../../src/client/call.ts";
import { loadKnownMs } from "../../../src/client/subset/limits.ts";
import { instanceAt } from "../../support/fake_discovery.ts";
import { settled } from "../../support/virtual_clock.ts";
import { EndpointsRig } from "../endpoints/endpoints_rig.ts";

const size = 10;
const ports = Array.from({ length: 50 }, (_, index) => index + 1);

/** A rig whose servers say that their clients give them so many calls, or what else is asked. */
async function asked(
  loadOf: (port: number) => unknown,
  weightOf = (_port: number) => 1,
): Promise<EndpointsRig> {
  const rig = new EndpointsRig({ subset: size });
  for (const port of ports) rig.transport.server(port).loadSaid = loadOf(port);
  await rig.list(ports.map((port) => instanceAt(port, { weight: weightOf(port) })));
  await ticks(rig, 60);
  return rig;
}

/** Lets so many times a quarter of a second pass. */
async function ticks(rig: EndpointsRig, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    rig.clock.advance(heartbeatTickMs);
    rig.endpoints.tick(false);
    await settled();
  }
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

Deno.test("a server that clients would give half as much is given twice as much by each", async () => {
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

Deno.test("in a subset a server counts by its weight's root, as it is in more subsets by the other", async () => {
  const weightOf = (port: number) => port % 2 ? 1 : 4;
  // In twice as many subsets, it is told of twice the load.
  const told = await asked((port) => 10 * Math.sqrt(weightOf(port)), weightOf);
  const untold = await asked(() => undefined, weightOf);
  for (const rig of [told, untold]) {
    const byWeight = Map.groupBy(rig.endpoints.all, ({ instance }) => instance.weight);
    const [light = NaN, heavy = NaN] = [1, 4].map((weight) => {
      const weights = byWeight.get(weight)?.map(({ weight }) => weight) ?? [];
      assert.ok(Math.max(...weights) - Math.min(...weights) < 1e-9, JSON.stringify(weights));
      return weights[0];
    });
    assert.ok(Math.abs(heavy / light - 2) < 1e-9, `${heavy} and ${light}`);
    rig.endpoints.close();
  }
});

Deno.test("older servers are given calls by their connections, beside newer ones by their loads", async () => {
  const isOld = (port: number) => port % 2 === 1;
  const isPopular = (port: number) => port % 4 >= 2;
  const rig = await asked((port) => {
    const times = isPopular(port) ? 2 : 1;
    return isOld(port) ? { connections: 7 * times } : { connections: 1, load: 9_000 * times };
  });
  const weights = new Map<string, Set<number>>();
  for (const { instance: { port }, weight } of rig.endpoints.all) {
    const kind = `${isOld(port) ? "old" : "new"}${isPopular(port) ? ", popular" : ""}`;
    weights.set(kind, (weights.get(kind) ?? new Set()).add(weight));
  }
  assert.equal(weights.size, 4);
  const of = (kind: string) => [...weights.get(kind) as Set<number>] as [number];
  for (const kind of weights.keys()) assert.equal(of(kind).length, 1, kind);
  for (const age of ["old", "new"]) {
    const times = of(age)[0] / of(`${age}, popular`)[0];
    assert.ok(Math.abs(times - 2) < 1e-9, `${age}: ${times}`);
  }
  rig.endpoints.close();
});

Deno.test("servers that say nothing, or what cannot be, are given as much as others", async () => {
  const loads = [{ load: 0 }, { load: "9" }, { load: [] }, { connections: 0.5 }];
  for (const said of [undefined, "pong", -5, NaN, Infinity, null, {}, "many", ...loads]) {
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

Deno.test("whatever servers weigh and say, each is given a part that is a number", async () => {
  const weights = [1, 1e6, 1e-6, 1e-300, 5e-324, 0];
  const said = [1, 1e9, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE];
  const rig = await asked(
    (port) => said[port % said.length],
    (port) => weights[port % weights.length] as number,
  );
  for (const { weight } of rig.endpoints.all) {
    assert.ok(weight >= 0 && weight < Infinity, String(weight));
  }
  assert.ok(Number.isFinite(rig.endpoints.loads.weightOfOne));
  rig.endpoints.close();
});

Deno.test("a client that begins to call soon tells all servers, and asks again when others have told", async () => {
  const rig = await asked((port) => port % 2 ? 10 : 20);
  const endpoints = [...rig.endpoints.all];
  const servers = endpoints.map(({ instance }) => rig.transport.server(instance.port));
  const told = () => servers.map(({ loadsTold }) => loadsTold.at(-1) as number);
  // A call a second, shared by ten.
  assert.deepEqual(told(), servers.map(() => 360));
  const counts = () => servers.map(({ loadsTold }) => loadsTold.length);
  const before = counts();
  const asks = () => counts().map((count, index) => count - (before[index] as number));
  const weights = () => endpoints.map(({ weight }) => weight);
  const weightsBefore = weights();
  // What servers say of a moment when some of their clients have told and others have not.
  for (const [index, server] of servers.entries()) server.loadSaid = 1_000 * (1 + index);
  const port = endpoints[0]?.instance.port ?? 0;
  const busyTick = async () => {
    await Promise.all(Array.from({ length: 10 }, () => rig.send(port)));
    await ticks(rig, 1);
  };
  for (let i = 0; i < loadKnownMs / heartbeatTickMs; i++) await busyTick();
  assert.equal(new Set(told()).size, 1);
  assert.ok((told()[0] as number) > 2 * 360, JSON.stringify(told()));
  await busyTick();
  assert.deepEqual(asks(), servers.map(() => 1));
  assert.deepEqual(weights(), weightsBefore);
  while (asks()[0] === 1) await busyTick();
  await busyTick();
  assert.deepEqual(asks(), servers.map(() => 2), "all at one time");
  assert.equal(new Set(weights()).size, servers.length);
  await ticks(rig, 400);
  assert.deepEqual(told(), servers.map(() => 360));
  rig.endpoints.close();
});

Deno.test("servers of other zones are told of no calls while those of its own get them", async () => {
  for (const zone of ["a", "c"]) {
    const rig = new EndpointsRig({ subset: size, zone });
    for (const port of ports) rig.transport.server(port);
    await rig.list(ports.map((port) => instanceAt(port, { zone: port % 2 ? "a" : "b" })));
    await ticks(rig, 1);
    const [port = 0] = [...rig.endpoints.all].map(({ instance }) => instance.port)
      .filter((port) => zone === "c" || port % 2 === 1);
    await Promise.all(Array.from({ length: 10_000 }, () => rig.send(port)));
    await ticks(rig, loadKnownMs / heartbeatTickMs);
    const told = [...rig.endpoints.all].map(({ instance }) => [
      instance.zone,
      rig.transport.server(instance.port).loadsTold.at(-1),
    ]);
    const near = told.filter(([of]) => zone === "c" || of === "a").map(([, load]) => load);
    const far = told.filter(([of]) => zone !== "c" && of !== "a").map(([, load]) => load);
    // The calls of a quarter of a second in ten, by its weight in the first three of these.
    const share = (1 - Math.exp(-0.025)) * Math.exp(-0.275) / (1 - Math.exp(-0.3));
    const expected = 3_600 * 10_000 / 0.25 * share / near.length;
    assert.deepEqual([...new Set(near)], [Math.round(expected)], zone);
    assert.deepEqual([...new Set(far)], zone === "c" ? [] : [1], zone);
    rig.endpoints.close();
  }
});

Deno.test("where all are connected to, no server is asked, and all count by their weights", async () => {
  const rig = await asked((port) => port % 2 ? 10 : 20);
  await rig.list(ports.slice(0, size));
  for (const { weight } of rig.endpoints.all) assert.equal(weight, 1);
  const before = ports.map((port) => rig.transport.server(port).loadsTold.length);
  await ticks(rig, 400);
  assert.deepEqual(ports.map((port) => rig.transport.server(port).loadsTold.length), before);
  rig.endpoints.close();
});
