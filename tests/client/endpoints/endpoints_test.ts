import assert from "node:assert/strict";
import { Call } from "../../../src/client/call.ts";
import { boundOfServerAt, TooLongError } from "../../../src/wire/message_bound.ts";
import { instanceAt } from "../../support/fake_discovery.ts";
import { hastyReconnectMs, hastyReconnectsMax, heartbeatTickMs } from "../../../src/base/limits.ts";
import { settled } from "../../support/virtual_clock.ts";
import { EndpointsRig } from "./endpoints_rig.ts";

Deno.test("calls go to all servers that are listed", async () => {
  const rig = await EndpointsRig.connected(1, 2, 3);
  assert.deepEqual(rig.picks(), [1, 2, 3]);
  rig.endpoints.close();
});

Deno.test("without a connected server there is nobody to pick", async () => {
  const rig = new EndpointsRig();
  await rig.list([1]);
  assert.deepEqual(rig.picks(), []);
  rig.endpoints.close();
});

Deno.test("an address that the registry drops is used last, and kept while it answers", async () => {
  const rig = await EndpointsRig.connected(1, 2);
  await rig.list([2]);
  assert.deepEqual(rig.picture, ["1 fallback", "2 preferred"]);
  assert.deepEqual(rig.picks(), [2]);
  await rig.list([1, 2]);
  assert.deepEqual(rig.picks(), [1, 2]);
  assert.equal(rig.transport.server(1).attempts, 1);
  rig.endpoints.close();
});

Deno.test("an empty list costs nothing: all that work go on", async () => {
  const rig = await EndpointsRig.connected(1, 2);
  await rig.list([]);
  assert.deepEqual(rig.picks(), [1, 2]);
  assert.equal((await rig.send(1))?.error, undefined);
  rig.endpoints.close();
});

Deno.test("an address that is neither listed nor connected is forgotten", async () => {
  const rig = await EndpointsRig.connected(1, 2);
  rig.transport.server(3).accepts = "refuse";
  await rig.list([1, 2, 3]);
  assert.equal(rig.picture.length, 3);
  await rig.list([2]);
  assert.deepEqual(rig.picture, ["1 fallback", "2 preferred"]);
  rig.transport.server(1).die();
  await settled();
  assert.deepEqual(rig.picture, ["2 preferred"]);
  assert.equal(rig.clock.pendingTimers, 0);
  rig.endpoints.close();
});

Deno.test("a stale list adds, and demotes nobody", async () => {
  const rig = await EndpointsRig.connected(1);
  rig.transport.server(2);
  await rig.list([2], true);
  assert.deepEqual(rig.picture, ["1 preferred", "2 preferred"]);
  rig.endpoints.close();
});

Deno.test("a heavier weight gets a greater share as soon as it is listed", async () => {
  const rig = await EndpointsRig.connected(1, 2);
  await rig.list([instanceAt(1, { weight: 9 }), 2]);
  let first = 0;
  for (let i = 0; i < 2_000; i++) {
    const call = new Call("ping", undefined, 1_000);
    if (rig.endpoints.pick(call, 0)?.instance.port === 1) first++;
  }
  assert.ok(first > 1_700 && first < 1_900, `${first} of 2000`);
  rig.endpoints.close();
});

Deno.test("a call goes where it has not failed yet, then to any that may do better", async () => {
  const rig = await EndpointsRig.connected(1, 2, 3);
  assert.deepEqual(rig.picks([1]), [2, 3]);
  assert.deepEqual(rig.picks([1, 2]), [3]);
  assert.deepEqual(rig.picks([1, 2, 3]), [1, 2, 3]);
  rig.endpoints.close();
});

Deno.test("a call that all failed does not go to one that drains", async () => {
  const rig = await EndpointsRig.connected(1);
  rig.transport.server(1).goaway();
  await settled();
  assert.deepEqual(rig.picks(), [1]);
  assert.deepEqual(rig.picks([1]), []);
  rig.endpoints.close();
});

Deno.test("of those that are used last, the one that drains is the very last", async () => {
  const rig = await EndpointsRig.connected(1, 2);
  rig.transport.server(1).goaway();
  await rig.list([]);
  assert.deepEqual(rig.picture, ["1 fallback", "2 fallback"]);
  assert.deepEqual(rig.picks(), [2]);
  rig.endpoints.close();
});

Deno.test("it is known whether any server may offer a method", async () => {
  const rig = await EndpointsRig.connected(1, 2);
  const call = new Call("fib", undefined, 1_000);
  assert.ok(rig.endpoints.offers(call));
  rig.at(1).lacks("fib");
  assert.ok(rig.endpoints.offers(call));
  rig.at(2).lacks("fib");
  assert.ok(!rig.endpoints.offers(call));
  // Somebody has to say so.
  assert.deepEqual(rig.picks([], "fib"), [1, 2]);
  rig.endpoints.close();
});

Deno.test("a long call goes past servers that take no message as long, by what each has told", async () => {
  const rig = new EndpointsRig();
  const bounds = [4_500_000, 16_000_000, undefined, 6_000_000];
  for (const [i, messageMax] of bounds.entries()) {
    rig.transport.server(i + 1).describe = () => ({ info: { "x-message-max": messageMax } });
  }
  // What a server says counts, and not what its registry tells.
  await rig.list([1, 2, instanceAt(3, { messageMax: 8_000_000 }), 4]);
  const call = new Call("ping", undefined, 1_000);
  const error = (bytes: number) =>
    new TooLongError("InvalidParams", "It is", bytes, boundOfServerAt("127.0.0.1:1", 4_500_000));
  // One that failed the call before may do better than those that cannot take it.
  call.avoid = new Set([rig.at(2)]);
  assert.equal(rig.endpoints.avoidShort(call, error(5_000_000)), undefined);
  assert.deepEqual([...call.avoid], [rig.at(1), rig.at(3)]);
  assert.equal(
    rig.endpoints.avoidShort(call, error(17_000_000))?.message,
    "It is 17000000 bytes long, and 16000000 is the most that any server takes, the one at " +
      "127.0.0.1:2 (rpc serve --message-max, or messageMax)",
  );
  rig.endpoints.close();
});

Deno.test("a server whose calls end at their deadlines is ejected, and comes back on probation", async () => {
  const rig = await EndpointsRig.connected(1, 2, 3);
  rig.timeOut(1, 4);
  await rig.send(1);
  rig.timeOut(1, 4);
  assert.deepEqual(rig.ejected, []);
  rig.timeOut(1, 1);
  assert.deepEqual(rig.ejected, ["127.0.0.1:1"]);
  assert.deepEqual(rig.picks(), [2, 3]);
  await rig.clock.advanceAsync(30_000);
  assert.deepEqual(rig.picks(), [1, 2, 3]);
  rig.timeOut(1, 1);
  assert.equal(rig.ejected.length, 2);
  rig.endpoints.close();
});

Deno.test("the last half is never ejected", async () => {
  const rig = await EndpointsRig.connected(1, 2, 3, 4);
  for (const port of [1, 2, 3, 4]) rig.timeOut(port, 20);
  assert.deepEqual(rig.ejected, ["127.0.0.1:1", "127.0.0.1:2"]);
  assert.deepEqual(rig.picks(), [3, 4]);
  rig.endpoints.close();
});

Deno.test("a server that is the only one is never ejected", async () => {
  const rig = await EndpointsRig.connected(1);
  // One that is listed and not there is no other.
  rig.transport.server(2).accepts = "refuse";
  await rig.list([1, 2]);
  rig.timeOut(1, 20);
  assert.deepEqual(rig.ejected, []);
  rig.endpoints.close();
});

Deno.test("an ejected server that goes away makes room for another ejection", async () => {
  const rig = await EndpointsRig.connected(1, 2, 3);
  rig.timeOut(1, 5);
  rig.timeOut(2, 5);
  assert.deepEqual(rig.ejected, ["127.0.0.1:1"]);
  await rig.list([2, 3]);
  rig.transport.server(1).die();
  await settled();
  assert.equal(rig.clock.pendingTimers, 0);
  rig.timeOut(2, 1);
  assert.deepEqual(rig.ejected, ["127.0.0.1:1", "127.0.0.1:2"]);
  rig.endpoints.close();
});

Deno.test("a demoted server that is gone without a word is found, though it gets no calls", async () => {
  const rig = await EndpointsRig.connected(1, 2);
  await rig.list([2]);
  rig.transport.server(1).hang();
  for (let i = 0; i < 20; i++) {
    rig.endpoints.tick(false);
    await rig.clock.advanceAsync(heartbeatTickMs);
  }
  assert.deepEqual(rig.picture, ["2 preferred"]);
  rig.endpoints.close();
});

Deno.test("calls of a server that goes while they are under way end, though it is forgotten", async () => {
  const rig = await EndpointsRig.connected(1, 2);
  const server = rig.transport.server(1);
  server.answer = () => {};
  await rig.list([2]);
  let ends = 0;
  const endpoint = rig.at(1);
  endpoint.send(new Call("fib", undefined, 1_000), 0, (error) => {
    assert.equal(error?.name, "ConnectionLost");
    assert.deepEqual(rig.picks(), [2]);
    ends++;
  });
  await settled();
  server.die();
  await settled();
  assert.equal(ends, 1);
  assert.deepEqual(rig.picture, ["2 preferred"]);
  rig.endpoints.close();
});

Deno.test("calls that are given up, or whose server goes, are in flight no more", async () => {
  const rig = await EndpointsRig.connected(1, 2);
  const { loads } = rig.endpoints;
  for (const port of [1, 2]) rig.transport.server(port).answer = () => {};
  const send = (port: number, done = () => {}) => {
    const call = new Call("fib", undefined, 1_000);
    rig.at(port).send(call, 0, done);
    return call;
  };
  const inFlight = (port: number) => loads.inFlightOf(rig.at(port).row);
  const givenUp = send(1);
  send(1);
  assert.equal(inFlight(1), 2);
  rig.at(1).gaveUp(givenUp);
  givenUp.cancel();
  assert.equal(inFlight(1), 1);
  // When the connection is lost the end of one call may be what makes its caller give up another
  // one.
  send(1, () => rig.at(1).gaveUp(other));
  const other = send(1);
  rig.transport.server(1).connections[0]?.reset();
  await settled();
  assert.equal(inFlight(1), 0);
  // And when that is the end of the endpoint, another one may have its row before all its calls
  // end.
  send(2, () => assert.equal(loads.add(1), row));
  send(2);
  const { row } = rig.at(2);
  rig.at(2).unlist();
  rig.transport.server(2).die();
  await settled();
  assert.equal(loads.inFlightOf(row), 0);
  rig.endpoints.close();
});

Deno.test("it is known whether any server has not been tried yet", async () => {
  const rig = new EndpointsRig();
  rig.transport.server(1).accepts = "hang";
  rig.transport.server(2).accepts = "refuse";
  rig.transport.server(3);
  assert.ok(!rig.endpoints.isAnyUntried);
  await rig.list([1, 2, 3]);
  assert.ok(rig.endpoints.isAnyUntried);
  await rig.list([2, 3]);
  assert.ok(!rig.endpoints.isAnyUntried);
  rig.endpoints.close();
});

Deno.test("a ghost's end does not touch the server that took its address", async () => {
  const rig = await EndpointsRig.connected(1);
  await rig.list([instanceAt(1, { id: "successor" })]);
  await rig.list([instanceAt(1, { id: "successor" })]);
  assert.deepEqual(rig.picture, ["1 preferred"]);
  assert.equal(rig.at(1).instance.id, "successor");
  assert.equal(rig.transport.server(1).attempts, 1);
  rig.endpoints.close();
});

Deno.test("while a call waits and nobody can be reached, some are tried again each half second", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  for (const accepts of ["refuse", "hang"] as const) {
    server.accepts = accepts;
    if (accepts === "refuse") await rig.list([1]);
    // Long enough that by itself it is tried every few seconds only.
    await rig.clock.advanceAsync(60_000);
    const before = server.attempts;
    for (let i = 0; i < 40; i++) {
      await rig.clock.advanceAsync(heartbeatTickMs);
      rig.endpoints.tick(true);
    }
    const attempts = server.attempts - before;
    const attemptsMax = 10_000 / hastyReconnectMs;
    assert.ok(
      attempts >= 12 && attempts <= attemptsMax,
      `${accepts}: ${attempts} attempts in ten seconds`,
    );
  }
  server.accepts = "accept";
  await rig.clock.advanceAsync(hastyReconnectMs);
  rig.endpoints.tick(true);
  await settled();
  assert.deepEqual(rig.picture, ["1 preferred"]);
  rig.endpoints.close();
});

Deno.test("a process that is busy itself tries in haste all the same: the network may be back", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  server.accepts = "hang";
  rig.endpoints.tick(true);
  await rig.list([1]);
  for (let ticks = 1; ticks <= 3; ticks++) {
    await rig.clock.advanceAsync(1_000);
    rig.endpoints.tick(true);
    await settled();
    assert.equal(server.attempts, 1 + ticks);
  }
  rig.endpoints.close();
});

Deno.test("without a call that waits, and with another server, nobody is tried in haste", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  server.accepts = "refuse";
  await rig.list([1]);
  await rig.clock.advanceAsync(60_000);
  const attemptsIn10s = async (isAwaited: boolean) => {
    const before = server.attempts;
    for (let i = 0; i < 40; i++) {
      await rig.clock.advanceAsync(heartbeatTickMs);
      rig.endpoints.tick(isAwaited);
    }
    return server.attempts - before;
  };
  assert.ok(await attemptsIn10s(false) <= 5);
  rig.transport.server(2);
  await rig.list([1, 2]);
  assert.ok(await attemptsIn10s(true) <= 5);
  rig.endpoints.close();
});

Deno.test("of very many that cannot be reached few are tried in haste at once, and in time all", async () => {
  const rig = new EndpointsRig();
  const ports = Array.from({ length: 100 }, (_, i) => i + 1);
  for (const port of ports) rig.transport.server(port).accepts = "hang";
  await rig.list(ports);
  await rig.clock.advanceAsync(hastyReconnectMs);
  const attempts = () => ports.map((port) => rig.transport.server(port).attempts);
  const sum = () => attempts().reduce((all, one) => all + one, 0);
  const before = sum();
  rig.endpoints.tick(true);
  await settled();
  assert.equal(sum() - before, hastyReconnectsMax);
  for (let i = 0; i < 400; i++) {
    await rig.clock.advanceAsync(10);
    rig.endpoints.tick(true);
  }
  assert.ok(Math.min(...attempts()) >= 2);
  rig.endpoints.close();
});
