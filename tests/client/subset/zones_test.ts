import assert from "node:assert/strict";
import { RpcError } from "../../../src/base/errors.ts";
import { Call } from "../../../src/client/call.ts";
import { silentLogger } from "../../../src/base/log.ts";
import type { Instance } from "../../../src/discovery/discovery.ts";
import { instanceAt } from "../../support/fake_discovery.ts";
import { settled } from "../../support/virtual_clock.ts";
import { EndpointsRig } from "../endpoints/endpoints_rig.ts";

/** A client of zone `a`: servers 1 and 2 stand there, 3 and 4 in `b`, and 5 nowhere. */
async function zoned(zone = "a"): Promise<EndpointsRig> {
  const rig = new EndpointsRig({ zone });
  for (const port of [1, 2, 3, 4, 5]) rig.transport.server(port);
  await rig.list(listed);
  return rig;
}

const listed = [
  ...[1, 2].map((port) => instanceAt(port, { zone: "a" })),
  ...[3, 4].map((port) => instanceAt(port, { zone: "b" })),
  instanceAt(5),
];

/** So many calls that stay under way. */
async function hold(rig: EndpointsRig, count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let i = 0; i < count; i++) {
    const call = new Call("fib", [1], rig.clock.now() + 1e6);
    const endpoint = rig.endpoints.pick(call, rig.clock.now());
    endpoint?.send(call, rig.clock.now(), () => {});
    ports.push(endpoint?.instance.port ?? 0);
  }
  await settled();
  return ports;
}

Deno.test("without a zone all servers are called", async () => {
  const rig = new EndpointsRig();
  for (const port of [1, 2, 3, 4, 5]) rig.transport.server(port);
  await rig.list(listed);
  assert.deepEqual(rig.picks(), [1, 2, 3, 4, 5]);
  rig.endpoints.close();
});

Deno.test("a zone that no server is in is told once, unless the service has no zones to choose from", async () => {
  const told = async (zone: string, ...lists: Instance[][]) => {
    const fields: unknown[] = [];
    const warn = (_: string, more: unknown) => fields.push(more);
    const rig = new EndpointsRig({ zone, log: { ...silentLogger, warn } });
    for (const list of lists) await rig.list(list);
    rig.endpoints.close();
    return fields;
  };
  assert.deepEqual(await told("a", listed), []);
  assert.deepEqual(await told("x", [], listed, [], listed), [{ zone: "x", zones: "a, b" }]);
  assert.deepEqual(await told("x", listed.slice(2)), []);
  const many = Array.from({ length: 12 }, (_, i) => instanceAt(i + 1, { zone: `z${i + 10}` }));
  const [{ zones }] = await told("x", many) as [{ zones: string }];
  assert.match(zones, /^z10, .*z19, and 2 more$/);
});

Deno.test("servers of the client's own zone are called, and no others", async () => {
  const rig = await zoned();
  assert.deepEqual(rig.picks(), [1, 2]);
  assert.equal(rig.endpoints.usableCount, 5);
  rig.endpoints.close();
});

Deno.test("others are called while those of its zone are away, and no longer", async () => {
  const rig = await zoned();
  rig.transport.server(1).die();
  await settled();
  assert.deepEqual(rig.picks(), [2]);
  rig.transport.server(2).goaway();
  await settled();
  assert.deepEqual(rig.picks(), [3, 4, 5]);
  rig.transport.server(1).accepts = "accept";
  for (let passedMs = 0; passedMs < 10_000; passedMs += 500) {
    rig.clock.advance(500);
    await settled();
  }
  assert.deepEqual(rig.picks(), [1]);
  rig.endpoints.close();
});

Deno.test("others are called where none is of the client's zone", async () => {
  const rig = await zoned("c");
  assert.deepEqual(rig.picks(), [1, 2, 3, 4, 5]);
  rig.endpoints.close();
});

Deno.test("calls spill over when those of its zone have many under way, and come back", async () => {
  const rig = await zoned();
  for (const port of [1, 2, 3, 4, 5]) rig.transport.server(port).answer = () => {};
  const ports = await hold(rig, 250);
  const own = ports.filter((port) => port <= 2).length;
  assert.ok(own >= 120 && own < 160, `${own} of 250 in its own zone`);
  assert.ok(ports.slice(0, 60).every((port) => port <= 2));
  for (const port of [1, 2]) for (const call of rig.transport.server(port).calls) call.result(1);
  await settled();
  assert.deepEqual(rig.picks(), [1, 2]);
  rig.endpoints.close();
});

Deno.test("calls spill over when those of its zone refuse them as too many, and come back", async () => {
  const rig = await zoned();
  const overloaded = new RpcError("Overloaded", "Too much");
  for (const port of [1, 2]) rig.transport.server(port).answer = (call) => call.error(overloaded);
  for (let i = 0; i < 40; i++) for (const port of [1, 2]) await rig.send(port);
  for (const port of [1, 2]) rig.transport.server(port).answer = () => {};
  const ports = await hold(rig, 20);
  assert.ok(ports.filter((port) => port <= 2).length <= 3, ports.join());
  for (const port of [1, 2]) {
    const server = rig.transport.server(port);
    for (const call of server.calls.splice(0)) call.result(1);
    server.answer = (call) => call.result(1);
  }
  await settled();
  for (let i = 0; i < 200; i++) for (const port of [1, 2]) await rig.send(port);
  for (const port of [1, 2]) rig.transport.server(port).answer = () => {};
  const later = await hold(rig, 20);
  assert.ok(later.every((port) => port <= 2), later.join());
  rig.endpoints.close();
});

/** Servers that take so long for a call, one call after the other or all at once. */
function take(rig: EndpointsRig, ms: number, oneByOne: boolean): void {
  for (const port of [1, 2, 3, 4, 5]) {
    let freeAtMs = 0;
    rig.transport.server(port).answer = (call) => {
      const nowMs = rig.clock.now();
      freeAtMs = (oneByOne ? Math.max(freeAtMs, nowMs) : nowMs) + ms;
      rig.clock.after(freeAtMs - nowMs, () => call.result(1));
    };
  }
}

/** Makes a call every so often, and returns how many left the zone, and how long one took. */
async function paced(rig: EndpointsRig, everyMs: number, calls: number) {
  let far = 0;
  let longestMs = 0;
  for (let i = 0; i < calls; i++) {
    const sentAtMs = rig.clock.now();
    const call = new Call("fib", [1], sentAtMs + 60_000);
    const endpoint = rig.endpoints.pick(call, sentAtMs);
    if ((endpoint?.instance.port ?? 0) > 2) far++;
    endpoint?.send(call, sentAtMs, () => {
      longestMs = Math.max(longestMs, rig.clock.now() - sentAtMs);
    });
    await rig.clock.advanceAsync(everyMs);
  }
  await rig.clock.advanceAsync(60_000);
  return { farShare: far / calls, longestMs };
}

Deno.test("calls spill over when they would wait far longer in its zone, and come back", async () => {
  const rig = await zoned();
  take(rig, 100, true);
  assert.equal((await paced(rig, 120, 100)).farShare, 0);
  // Those of its zone can do twenty a second.
  const crowded = await paced(rig, 25, 400);
  assert.ok(crowded.farShare > 0.4 && crowded.farShare < 0.7, JSON.stringify(crowded));
  assert.ok(crowded.longestMs < 3_000, JSON.stringify(crowded));
  assert.equal((await paced(rig, 120, 100)).farShare, 0);
  rig.endpoints.close();
});

Deno.test("long calls that do not wait for each other stay in its zone", async () => {
  const rig = await zoned();
  take(rig, 2_000, false);
  const { farShare } = await paced(rig, 100, 400);
  assert.ok(farShare < 0.05, `${farShare}`);
  rig.endpoints.close();
});

Deno.test("a call that a server of its zone has failed goes to another zone", async () => {
  const rig = await zoned();
  assert.deepEqual(rig.picks([1]), [3, 4, 5]);
  assert.deepEqual(rig.picks([1, 3, 4, 5]), [2]);
  rig.endpoints.close();
});

Deno.test("a server that an operator keeps calls from gets none while other zones have some", async () => {
  const rig = await zoned();
  await rig.list(listed.map((one) => ({ ...one, weight: one.port <= 2 ? 0 : 1 })));
  assert.deepEqual(rig.picks(), [3, 4, 5]);
  rig.endpoints.close();
});

Deno.test("a server that moves to another zone is called as one of that", async () => {
  const rig = await zoned();
  await rig.list(listed.map((one) => ({ ...one, zone: one.port === 1 ? "b" : one.zone })));
  assert.deepEqual(rig.picks(), [2]);
  rig.endpoints.close();
});

Deno.test("all servers of its zone may be ejected while others are left", async () => {
  const rig = await zoned();
  for (const port of [1, 2]) rig.timeOut(port, 5);
  assert.deepEqual(rig.picks(), [3, 4, 5]);
  rig.endpoints.close();
});

/** A client of a zone with 250 servers that refuse connections. The 50 of the other zone accept. */
async function withLostZone(size: number): Promise<EndpointsRig> {
  const rig = new EndpointsRig({ zone: "a", subset: size });
  const many = Array.from(
    { length: 300 },
    (_, index) => instanceAt(index + 1, { zone: index < 250 ? "a" : "b" }),
  );
  for (const { port } of many) {
    rig.transport.server(port).accepts = port <= 250 ? "refuse" : "accept";
  }
  await rig.list(many);
  await settled();
  return rig;
}

async function tick(rig: EndpointsRig): Promise<void> {
  rig.clock.advance(250);
  rig.endpoints.tick(false);
  await settled();
}

Deno.test("a zone that is lost whole is not searched to its end before others are connected to", async () => {
  const size = 10;
  const rig = await withLostZone(size);
  rig.endpoints.tick(false);
  await settled();
  assert.equal(rig.endpoints.usableCount, size);
  for (let ticks = 0; ticks < 60; ticks++) await tick(rig);
  const tried = [...rig.endpoints.all].filter(({ instance }) => instance.zone === "a").length;
  assert.ok(tried <= 3 * size, `${tried} dead servers are tried again and again`);
  rig.endpoints.close();
});

Deno.test("when its zone is back a client leaves the others at once, and has few connections more", async () => {
  const size = 20;
  const rig = await withLostZone(size);
  for (let ticks = 0; ticks < 60; ticks++) await tick(rig);
  for (let port = 1; port <= 250; port++) rig.transport.server(port).accepts = "accept";
  let most = 0;
  for (let ticks = 0; ticks < 100; ticks++) {
    await tick(rig);
    most = Math.max(most, rig.endpoints.usableCount);
  }
  assert.ok(most <= 1.2 * size, `${most} connections`);
  const own = [...rig.endpoints.all].filter(({ isSound, instance }) =>
    isSound && instance.zone === "a"
  );
  assert.ok(own.length >= size, `${own.length} of its own zone`);
  rig.endpoints.close();
});
