import assert from "node:assert/strict";
import { heartbeatTickMs } from "../../../src/base/limits.ts";
import { Call } from "../../../src/client/call.ts";
import type { Endpoint } from "../../../src/client/endpoints/endpoint.ts";
import { RpcError } from "../../../src/base/errors.ts";
import { instanceAt } from "../../support/fake_discovery.ts";
import { settled } from "../../support/virtual_clock.ts";
import { EndpointsRig } from "../endpoints/endpoints_rig.ts";

const size = 20;
const ports = Array.from({ length: 200 }, (_, index) => index + 1);

/** A rig of one client and many servers, which connects to some of them. */
async function connected(
  options: { subset?: number; zone?: string } = { subset: size },
  listed = ports.map((port) => instanceAt(port)),
): Promise<EndpointsRig> {
  const rig = new EndpointsRig(options);
  for (const { port } of listed) rig.transport.server(port);
  await rig.list(listed);
  return rig;
}

/** The ports of servers that take calls as they should. */
function soundPorts(rig: EndpointsRig): number[] {
  return [...rig.endpoints.all].filter(({ isSound }) => isSound)
    .map(({ instance }) => instance.port).sort((a, b) => a - b);
}

async function pass(rig: EndpointsRig, ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += heartbeatTickMs) {
    rig.clock.advance(heartbeatTickMs);
    rig.endpoints.tick(false);
    await settled();
  }
}

function send(rig: EndpointsRig, endpoint: Endpoint): void {
  endpoint.send(new Call("fib", [1], rig.clock.now() + 1e6), rig.clock.now(), () => {});
}

Deno.test("of a large service a client connects to a few servers", async () => {
  const rig = await connected();
  assert.equal(soundPorts(rig).length, size);
  assert.equal([...rig.endpoints.all].length, size);
  await pass(rig, 5_000);
  assert.equal([...rig.endpoints.all].length, size);
  rig.endpoints.close();
});

Deno.test("of a service that is no larger than that it connects to all, also when it shrinks to it", async () => {
  const rig = await connected(
    { subset: size },
    ports.slice(0, size).map((port) => instanceAt(port)),
  );
  assert.equal(soundPorts(rig).length, size);
  await rig.list(ports);
  await rig.list(ports.slice(0, size));
  assert.deepEqual(soundPorts(rig), ports.slice(0, size));
  rig.endpoints.close();
  const all = await connected({});
  assert.equal(soundPorts(all).length, ports.length);
  all.endpoints.close();
});

Deno.test("a server that fails, drains or goes is replaced at once, and what comes back is used", async () => {
  const rig = await connected();
  const before = soundPorts(rig);
  const [dies, drains, goes] = before as [number, number, number];
  rig.transport.server(dies).die();
  rig.transport.server(drains).goaway();
  await settled();
  await rig.list(ports.filter((port) => port !== goes));
  const during = soundPorts(rig);
  assert.equal(during.length, size);
  assert.equal(during.filter((port) => before.includes(port)).length, size - 3);

  rig.transport.server(dies).accepts = "accept";
  await rig.list(ports);
  await pass(rig, 15_000);
  assert.ok(soundPorts(rig).includes(dies) && soundPorts(rig).includes(goes));
  await pass(rig, 60_000);
  assert.ok(soundPorts(rig).length <= size + 1, `${soundPorts(rig).length} are kept`);
  rig.endpoints.close();
});

Deno.test("a server that neither answers nor refuses is not counted on", async () => {
  const rig = new EndpointsRig({ subset: size });
  for (const port of ports) rig.transport.server(port).accepts = port % 2 ? "accept" : "hang";
  await rig.list(ports);
  await pass(rig, 8_000);
  assert.ok(soundPorts(rig).length >= size, `${soundPorts(rig).length} are connected`);
  rig.endpoints.close();
});

Deno.test("a client that gets too little time to hear its servers waits for them and tries no others", async () => {
  const rig = new EndpointsRig({ subset: size });
  for (const port of ports) rig.transport.server(port).answersPings = false;
  const attempts = () => ports.reduce((sum, port) => sum + rig.transport.server(port).attempts, 0);
  rig.endpoints.tick(false);
  await rig.list(ports);
  for (let ms = 0; ms < 6_000; ms += 1_000) {
    rig.clock.advance(1_000);
    rig.endpoints.tick(false);
    await settled();
  }
  assert.equal(attempts(), size);
  // Its ticks are in time again, so the servers are to blame.
  await pass(rig, 5_000);
  assert.ok(attempts() > 3 * size, `${attempts()} attempts`);
  rig.endpoints.close();
});

Deno.test("when all of its servers die others are found, however many are dead", async () => {
  const rig = await connected();
  const alive = ports.filter((port) => port % 20 === 0);
  for (const port of ports) if (!alive.includes(port)) rig.transport.server(port).die();
  await pass(rig, 5_000);
  assert.deepEqual(soundPorts(rig), alive);
  rig.endpoints.close();
});

Deno.test("one server more or less moves one connection at the most", async () => {
  const rig = await connected();
  const before = soundPorts(rig);
  await rig.list([...ports, 999]);
  rig.transport.server(999);
  await rig.list(ports.filter((port) => before.includes(port) || port % 2 === 0));
  await settled();
  const kept = soundPorts(rig).filter((port) => before.includes(port));
  assert.ok(kept.length >= size - 1, `${kept.length} of ${size} were kept`);
  rig.endpoints.close();
});

Deno.test("an empty list for a moment, and one that is old, cost no connection", async () => {
  const rig = await connected();
  const before = soundPorts(rig);
  await rig.list([]);
  await rig.list(ports);
  assert.deepEqual(soundPorts(rig), before);
  await rig.list(ports.slice(100), true);
  await pass(rig, 60_000);
  assert.deepEqual(before.filter((port) => !soundPorts(rig).includes(port)), []);
  for (const port of before) assert.equal(rig.transport.server(port).attempts, 1);
  rig.endpoints.close();
});

Deno.test("it grows to what the calls under way need, and shrinks slowly when they have ended", async () => {
  const rig = await connected();
  for (const port of ports) rig.transport.server(port).answer = () => {};
  const busy = [...rig.endpoints.all];
  for (const endpoint of busy) for (let i = 0; i < 32; i++) send(rig, endpoint);
  await pass(rig, 1_000);
  assert.equal(soundPorts(rig).length, 2 * size);
  for (const port of ports) {
    for (const call of rig.transport.server(port).calls) call.result(1);
  }
  await settled();
  await pass(rig, 20_000);
  assert.equal(soundPorts(rig).length, 2 * size);
  await pass(rig, 300_000);
  assert.ok(soundPorts(rig).length <= size, `${soundPorts(rig).length} are kept`);
  rig.endpoints.close();
});

Deno.test("it grows when its servers refuse calls as too many, but not without a bound", async () => {
  const rig = await connected();
  for (const port of ports) {
    rig.transport.server(port).answer = (call) =>
      call.error(new RpcError("Overloaded", "Too much"));
  }
  for (let round = 0; round < 40; round++) {
    for (const endpoint of [...rig.endpoints.all]) if (endpoint.isSound) send(rig, endpoint);
    await settled();
    for (const port of ports) rig.transport.server(port).answer = () => {};
    for (const endpoint of [...rig.endpoints.all]) if (endpoint.isSound) send(rig, endpoint);
    await pass(rig, heartbeatTickMs);
    for (const port of ports) {
      const server = rig.transport.server(port);
      for (const call of server.calls.splice(0)) call.error(new RpcError("Overloaded", "Too much"));
    }
    await settled();
  }
  const grown = soundPorts(rig).length;
  assert.ok(grown > size && grown <= 4 * size, `${grown} are connected`);
  rig.endpoints.close();
});

Deno.test("no call is lost when a server that is not needed any more is left", async () => {
  const rig = await connected();
  const [port] = soundPorts(rig) as [number];
  let held: (() => void) | undefined;
  rig.transport.server(port).answer = (call) => held = () => call.result(1);
  let end: RpcError | "answered" | undefined;
  const call = new Call("fib", [1], rig.clock.now() + 1e6);
  rig.at(port).send(call, rig.clock.now(), (error) => end = error ?? "answered");
  await settled();
  // Somebody has taken its share from it: it comes last from now on.
  await rig.list(ports.map((one) => instanceAt(one, { weight: one === port ? 0 : 1 })));
  await pass(rig, 60_000);
  assert.equal(end, undefined);
  assert.equal(rig.at(port).isListed, false);
  held?.();
  await settled();
  assert.equal(end, "answered");
  await pass(rig, 1_000);
  assert.throws(() => rig.at(port));
  rig.endpoints.close();
});

Deno.test("where there are fewer file handles it tries no more servers than those allow", async () => {
  const rig = new EndpointsRig({ subset: size });
  rig.transport.handles = 12;
  for (const port of ports) rig.transport.server(port);
  await rig.list(ports);
  await pass(rig, 30_000);
  const known = [...rig.endpoints.all].length;
  assert.ok(known <= 2 * size, `${known} of ${ports.length} are tried`);
  assert.ok(soundPorts(rig).length > 0);
  rig.endpoints.close();
});

const zoneOf = (port: number) => port % 4 === 0 ? "a" : "b";
const zoned = ports.map((port) => instanceAt(port, { zone: zoneOf(port) }));

Deno.test("with a zone it connects to its own servers, and to a few of others beforehand", async () => {
  const rig = await connected({ subset: size, zone: "a" }, zoned);
  const own = soundPorts(rig).filter((port) => zoneOf(port) === "a");
  assert.equal(own.length, size);
  assert.equal(soundPorts(rig).length, size + 2);
  assert.deepEqual(new Set(rig.picks().map(zoneOf)), new Set(["a"]));
  rig.endpoints.close();
});

Deno.test("where its own zone has too few it connects to others in their place", async () => {
  const rig = await connected({ subset: size, zone: "c" }, [
    ...zoned,
    instanceAt(300, { zone: "c" }),
  ]);
  assert.equal(soundPorts(rig).length, size);
  assert.deepEqual(rig.picks(), [300]);
  rig.endpoints.close();
});
