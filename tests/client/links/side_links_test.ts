import assert from "node:assert/strict";
import {
  certificateGraceMs,
  formerConnectionsMax,
  heartbeatIntervalMs,
  heartbeatTickMs,
  sideConnectionPauseMs,
} from "../../../src/base/limits.ts";
import { certificateMarginMs } from "../../../src/client/endpoints/limits.ts";
import { settled } from "../../support/virtual_clock.ts";
import { ClientRig } from "../client_rig.ts";
import { EndpointsRig } from "../endpoints/endpoints_rig.ts";

/** From when on a silent server is in doubt, and another connection has been made. */
const inDoubtMs = heartbeatIntervalMs + 3 * heartbeatTickMs;

Deno.test("a server that lags again and again gets another connection once in five seconds", async () => {
  const rig = await ClientRig.connected(1);
  const server = rig.server(1);
  let lags = 0;
  const begunMs = rig.clock.now();
  while (rig.clock.now() < begunMs + 4 * sideConnectionPauseMs) {
    const lagging = [...server.connections];
    lagging.forEach((connection) => connection.cut());
    const call = await rig.call("pay", [++lags]);
    await rig.pass(inDoubtMs, heartbeatTickMs);
    lagging.forEach((connection) => connection.restore());
    await rig.pass(2 * heartbeatTickMs, heartbeatTickMs);
    assert.equal(call.report?.result, lags);
    assert.equal(server.connections.length, 1, "what is not used any more is closed");
  }
  assert.ok(lags > 8);
  assert.ok(server.attempts - 1 <= 5, `${server.attempts - 1} more connections for ${lags} lags`);
  assert.ok(server.attempts > 2);
  rig.client.close();
});

Deno.test("a client keeps few former connections to a server, however often it is cut off", async () => {
  const rig = await ClientRig.connected(1);
  const server = rig.server(1);
  server.answer = () => {};
  for (let outage = 0; outage < 2 * formerConnectionsMax; outage++) {
    const before = server.connections.at(-1);
    before?.cut();
    // It goes on for hours, and waits for its answer on its own connection.
    void rig.call("pay", [outage], { timeoutMs: 3_600_000 });
    await rig.pass(inDoubtMs, heartbeatTickMs);
    before?.restore();
    await settled();
    await rig.pass(sideConnectionPauseMs, heartbeatTickMs);
    const held = server.connections.length;
    assert.ok(held <= formerConnectionsMax + 1, `${held} after ${outage + 1} outages`);
  }
  assert.equal(server.connections.length, formerConnectionsMax + 1);
  rig.client.close();
  assert.deepEqual(server.connections, []);
});

/** An endpoint whose connection is good for a while, and a call under way on it. */
async function certified() {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  const endMs = rig.clock.wallTimeMs() + 20 * 60_000;
  server.usableToMs = endMs;
  await rig.list([1]);
  const call = { letGo: () => {} };
  server.answer = (sent) => call.letGo = () => sent.result(1);
  void rig.send(1);
  const look = async (wallTimeMs: number) => {
    rig.clock.setWallTime(wallTimeMs);
    rig.endpoints.tick(false);
    await settled();
  };
  return { rig, server, endMs, call, look };
}

Deno.test("an endpoint whose certificates end connects anew, and its last connection ends with its calls", async () => {
  const { rig, server, endMs, call, look } = await certified();
  await look(endMs - certificateMarginMs - 1);
  assert.equal(server.attempts, 1);

  server.usableToMs = endMs + 86_400_000;
  await look(endMs - certificateMarginMs / 2);
  assert.deepEqual(rig.picture, ["1 preferred"]);
  assert.equal(server.connections.length, 2);
  await look(endMs - certificateMarginMs / 2);
  assert.equal(server.connections.length, 2, "a call is under way on the first");
  call.letGo();
  await settled();
  await look(endMs - certificateMarginMs / 2);
  assert.equal(server.connections.length, 1);
  assert.deepEqual(rig.picture, ["1 preferred"]);
  rig.endpoints.close();
  assert.deepEqual(server.connections, []);
});

Deno.test("a connection is not renewed while servers wait for a handle for their first one", async () => {
  const { rig, server, endMs, look } = await certified();
  const others = Array.from({ length: 100 }, (_, i) => i + 2);
  for (const port of others) rig.transport.server(port).accepts = "hang";
  rig.transport.handles = 30;
  await rig.list([1, ...others]);
  for (let ticks = 0; ticks < 40; ticks++) {
    await rig.clock.advanceAsync(heartbeatTickMs);
    await look(endMs - certificateMarginMs / 2);
    assert.ok(rig.endpoints.places.isShort);
    assert.equal(server.attempts, 1, `after ${ticks} ticks`);
  }
  await rig.list([1]);
  await rig.clock.advanceAsync(heartbeatTickMs);
  await look(endMs - certificateMarginMs / 2);
  assert.equal(server.attempts, 2, "nobody waits any more");
  rig.endpoints.close();
});

Deno.test("certificates that have ended already are not shown again and again: their server decides", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  server.usableToMs = rig.clock.wallTimeMs() - 1;
  await rig.list([1]);
  for (let i = 0; i < 3; i++) {
    await rig.clock.advanceAsync(sideConnectionPauseMs);
    rig.endpoints.tick(false);
    await settled();
  }
  assert.equal(server.attempts, 1);
  rig.endpoints.close();
});

for (const accepts of ["refuse", "hang"] as const) {
  Deno.test(`a connection that cannot be renewed (${accepts}) serves until its certificates end`, async () => {
    const { rig, server, endMs, look } = await certified();
    const renewAtMs = endMs - certificateMarginMs / 2;
    server.accepts = accepts;
    for (let ms = 0; ms < 15_000; ms += 250) {
      await rig.clock.advanceAsync(250);
      await look(renewAtMs + ms);
      assert.deepEqual(rig.picture, ["1 preferred"]);
    }
    const triesMax = 1 + 15_000 / sideConnectionPauseMs;
    assert.ok(server.attempts > 2 && server.attempts <= 1 + triesMax, `${server.attempts}`);
    const sent = server.calls.length;
    void rig.send(1);
    await settled();
    assert.equal(server.calls.length, sent + 1, "it is used meanwhile");

    await look(endMs + certificateGraceMs / 2);
    assert.deepEqual(rig.picture, ["1 unusable"], "its server refuses calls from now on");
    server.accepts = "accept";
    server.usableToMs = endMs + 86_400_000;
    await rig.clock.advanceAsync(10_000);
    assert.deepEqual(rig.picture, ["1 preferred"]);
    rig.endpoints.close();
    assert.equal(rig.clock.pendingTimers, 0);
  });
}

Deno.test("a connection is lost while the one in its place is made: calls go there once it is made", async () => {
  const { rig, server, endMs, look } = await certified();
  server.answersPings = false;
  await look(endMs - certificateMarginMs / 2);
  assert.deepEqual([rig.picture, server.connections.length], [["1 preferred"], 2]);
  server.connections[0]?.close();
  await settled();
  assert.deepEqual(rig.picture, ["1 unusable"]);
  assert.equal(server.attempts, 2, "no third one is begun");
  server.answersPings = true;
  for (let ms = 0; ms < 10_000; ms += heartbeatTickMs) {
    await rig.clock.advanceAsync(heartbeatTickMs);
    rig.endpoints.tick(false);
  }
  assert.deepEqual(rig.picture, ["1 preferred"]);
  rig.endpoints.close();
});
