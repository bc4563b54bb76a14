import assert from "node:assert/strict";
import { RpcError } from "../../../src/base/errors.ts";
import { connectTimeoutMs, heartbeatTimeoutMs } from "../../../src/base/limits.ts";
import { instanceAt } from "../../support/fake_discovery.ts";
import { settled } from "../../support/virtual_clock.ts";
import { EndpointsRig } from "./endpoints_rig.ts";

Deno.test("an endpoint takes calls when its server has answered a ping, and not before", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  server.answersPings = false;
  await rig.list([1]);
  assert.equal(server.connections.length, 1);
  assert.deepEqual(rig.picture, ["1 unusable"]);
  assert.equal(rig.usable, 0);
  rig.endpoints.close();

  const other = new EndpointsRig();
  other.transport.server(1);
  await other.list([1]);
  assert.deepEqual(other.picture, ["1 preferred"]);
  assert.ok(other.usable > 0);
  assert.equal(other.clock.pendingTimers, 0);
  other.endpoints.close();
});

Deno.test("an endpoint takes no calls before its server has said which are idempotent, or will not", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  server.describesItself = false;
  await rig.list([1]);
  assert.equal(server.connections.length, 1);
  // A call that were lost now could not be sent again, whatever it is.
  assert.deepEqual(rig.picture, ["1 unusable"]);
  await rig.clock.advanceAsync(heartbeatTimeoutMs);
  assert.deepEqual(rig.picture, ["1 preferred"]);
  assert.equal(rig.at(1).isIdempotent("fib"), undefined);
  rig.endpoints.close();
});

Deno.test("a refused connection is tried again, with longer and longer pauses", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  server.accepts = "refuse";
  await rig.list([1]);
  assert.equal(server.attempts, 1);
  assert.match(rig.at(1).lastFailure ?? "", /refused/);
  await rig.clock.advanceAsync(24);
  assert.equal(server.attempts, 1);
  await rig.clock.advanceAsync(27);
  assert.equal(server.attempts, 2);
  await rig.clock.advanceAsync(60_000);
  // From 50 ms up to 5 s by doubling, half of it jitter.
  assert.ok(server.attempts > 15 && server.attempts < 35, `${server.attempts} attempts`);
  server.accepts = "accept";
  await rig.clock.advanceAsync(5_000);
  assert.deepEqual(rig.picture, ["1 preferred"]);
  assert.equal(rig.at(1).lastFailure, undefined);
  rig.endpoints.close();
});

Deno.test("a connection that is neither made nor refused is given up and tried again", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  server.accepts = "hang";
  await rig.list([1]);
  await rig.clock.advanceAsync(connectTimeoutMs);
  assert.match(rig.at(1).lastFailure ?? "", /no connection within/);
  server.accepts = "accept";
  await rig.clock.advanceAsync(100);
  assert.deepEqual(rig.picture, ["1 preferred"]);
  rig.endpoints.close();
});

Deno.test("a server that accepts and does not answer is given up and tried again", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  server.answersPings = false;
  await rig.list([1]);
  await rig.clock.advanceAsync(heartbeatTimeoutMs);
  assert.match(rig.at(1).lastFailure ?? "", /does not answer/);
  assert.equal(server.connections.length, 0);
  server.answersPings = true;
  await rig.clock.advanceAsync(100);
  assert.deepEqual(rig.picture, ["1 preferred"]);
  rig.endpoints.close();
});

Deno.test("a server that closes before it answers leaves no timer but the one to try again", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  server.answersPings = false;
  await rig.list([1]);
  server.die();
  await settled();
  assert.deepEqual(rig.picture, ["1 unusable"]);
  assert.equal(rig.clock.pendingTimers, 1);
  rig.endpoints.close();
  assert.equal(rig.clock.pendingTimers, 0);
});

Deno.test("a lost connection is made again, from the shortest pause on", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  await rig.list([1]);
  for (let i = 0; i < 5; i++) {
    server.connections[0]?.reset();
    await settled();
    assert.deepEqual(rig.picture, ["1 unusable"]);
    await rig.clock.advanceAsync(51);
    assert.deepEqual(rig.picture, ["1 preferred"]);
  }
  rig.endpoints.close();
});

Deno.test("a server that asks to be left is used last, until it has gone", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  rig.transport.server(2);
  await rig.list([1, 2]);
  server.goaway();
  await settled();
  assert.deepEqual(rig.picture, ["1 fallback", "2 preferred"]);
  assert.deepEqual(rig.picks(), [2]);
  assert.deepEqual(rig.picks([2]), [1]);
  server.die();
  await rig.list([2]);
  assert.deepEqual(rig.picture, ["2 preferred"]);
  rig.endpoints.close();
});

Deno.test("a server that asks to be left as soon as it is connected is used last too", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  server.answersPings = false;
  await rig.list([1]);
  server.goaway();
  server.connections[0]?.send('{"jsonrpc":"2.0","id":1,"result":"pong"}\n');
  await settled();
  assert.deepEqual(rig.picture, ["1 fallback"]);
  assert.ok(rig.at(1).isDraining);
  rig.endpoints.close();
});

Deno.test("a Draining of a server that never asked to be left makes it slower, and does not mark it", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  await rig.list([1]);
  server.answer = (call) => call.error(new RpcError("Draining", "somebody else stops"));
  await rig.send(1);
  assert.ok(!rig.at(1).isDraining);
  assert.deepEqual(rig.picture, ["1 preferred"]);
  assert.equal(rig.latencyOf(1, "fib"), 2);
  rig.endpoints.close();
});

Deno.test("a DeadlineExceeded before the deadline ejects nobody, and one at the deadline does", async () => {
  const rig = new EndpointsRig();
  for (const port of [1, 2]) rig.transport.server(port);
  await rig.list([1, 2]);
  const late = new RpcError("DeadlineExceeded", "somebody else was late");
  rig.transport.server(1).answer = (call) => call.error(late);
  for (let i = 0; i < 20; i++) await rig.send(1);
  assert.deepEqual(rig.ejected, []);
  rig.transport.server(1).answer = (call) => {
    rig.clock.advance(call.timeoutMs ?? 0);
    call.error(late);
  };
  for (let i = 0; i < 5; i++) await rig.send(1);
  assert.deepEqual(rig.ejected, ["127.0.0.1:1"]);
  rig.endpoints.close();
});

Deno.test("a new instance at the same address is not made to wait for its predecessor", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  server.accepts = "refuse";
  await rig.list([1]);
  await rig.clock.advanceAsync(60_000);
  server.accepts = "accept";
  await rig.list([instanceAt(1, { id: "restarted" })]);
  assert.deepEqual(rig.picture, ["1 preferred"]);
  assert.equal(rig.clock.pendingTimers, 0);
  rig.endpoints.close();
});

Deno.test("a new instance at the same address keeps a connection that works", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  await rig.list([1]);
  await rig.list([instanceAt(1, { id: "registered again", weight: 3 })]);
  assert.equal(server.attempts, 1);
  assert.equal(rig.at(1).weight, 3);
  rig.endpoints.close();
});

Deno.test("a new instance at the same address is not ejected for its predecessor", async () => {
  const rig = new EndpointsRig();
  for (const port of [1, 2]) rig.transport.server(port);
  await rig.list([1, 2]);
  rig.timeOut(1, 5);
  assert.ok(rig.at(1).isEjected);
  await rig.list([instanceAt(1, { id: "restarted" }), 2]);
  assert.ok(!rig.at(1).isEjected);
  assert.deepEqual(rig.picture, ["1 preferred", "2 preferred"]);
  assert.equal(rig.clock.pendingTimers, 0);
  rig.endpoints.close();
});

Deno.test("what a server lacks is remembered until it is connected to again", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  rig.transport.server(2);
  await rig.list([1, 2]);
  rig.at(1).lacks("fib");
  assert.deepEqual(rig.picks([], "fib"), [2]);
  assert.deepEqual(rig.picks([], "ping"), [1, 2]);
  server.connections[0]?.close();
  await settled();
  await rig.clock.advanceAsync(51);
  assert.deepEqual(rig.picks([], "fib"), [1, 2]);
  rig.endpoints.close();
});

Deno.test("an answered call tells the latency, and so does one that ends at its deadline", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  server.answer = () => {};
  await rig.list([1]);
  void rig.send(1);
  await settled();
  await rig.clock.advanceAsync(40);
  server.calls[0]?.result(1);
  await settled();
  assert.equal(rig.latencyOf(1, "fib"), 40);
  for (let i = 0; i < 30; i++) rig.at(1).timedOut("fib", rig.clock.now() - 1_000);
  assert.ok(rig.latencyOf(1, "fib") > 900);
  assert.equal(rig.latencyOf(1, "another"), 0);
  rig.endpoints.close();
});

Deno.test("a server that fails at once is not taken for a fast one, but for an ever slower one", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  await rig.list([1]);
  const latenciesMs: number[] = [];
  for (const name of ["InvalidParams", "Overloaded", "WorkerLost", "Overloaded"] as const) {
    server.answer = (call) => call.error(new RpcError(name, "No"));
    await rig.send(1);
    latenciesMs.push(rig.latencyOf(1, "fib"));
  }
  assert.deepEqual(latenciesMs, [0, 2, 4, 8]);
  rig.endpoints.close();
});

Deno.test("a server that has too much to do is not to blame for it", async () => {
  const rig = new EndpointsRig();
  for (const port of [1, 2]) rig.transport.server(port);
  await rig.list([1, 2]);
  rig.transport.server(1).answer = (call) => call.error(new RpcError("Overloaded", "Full"));
  for (let i = 0; i < 10; i++) {
    rig.timeOut(1, 1);
    await rig.send(1);
  }
  assert.deepEqual(rig.ejected, []);
  rig.timeOut(1, 5);
  assert.equal(rig.ejected.length, 1);
  rig.endpoints.close();
});

Deno.test("a stream that brought items is no sign against its server, whenever it ends", async () => {
  const rig = new EndpointsRig();
  for (const port of [1, 2]) rig.transport.server(port);
  await rig.list([1, 2]);
  rig.transport.server(1).answer = ({ timeoutMs = 0, error }) => {
    rig.clock.advance(timeoutMs);
    error(new RpcError("DeadlineExceeded", "its caller reads slowly"));
  };
  rig.timeOut(1, 4);
  await rig.send(1, "fib", { credit: 1, received: 1, items: () => {}, grant: undefined });
  rig.timeOut(1, 4);
  assert.deepEqual(rig.ejected, []);
  await rig.send(1, "fib", { credit: 1, received: 0, items: () => {}, grant: undefined });
  assert.equal(rig.ejected.length, 1);
  rig.endpoints.close();
});

Deno.test("a server that says with an answer that it has no other call is known to be idle until the next one", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  await rig.list([1]);
  const isIdle = () => rig.endpoints.loads.of("fib").saidIdle(rig.at(1).row);
  server.answer = ({ connection, result }) => {
    connection.send('{"jsonrpc":"2.0","method":"rpc.idle"}\n');
    result(1);
  };
  await rig.send(1);
  assert.ok(isIdle());
  server.answer = ({ result }) => result(1);
  await rig.send(1);
  assert.ok(!isIdle());
  rig.endpoints.close();
});

Deno.test("closing in any state leaves no timer and no connection", async () => {
  const rig = new EndpointsRig();
  rig.transport.server(1).accepts = "hang";
  rig.transport.server(2).accepts = "refuse";
  rig.transport.server(3).answersPings = false;
  rig.transport.server(4);
  const draining = rig.transport.server(5);
  rig.transport.server(6);
  await rig.list([1, 2, 3, 4, 5, 6]);
  draining.goaway();
  rig.timeOut(6, 5);
  await settled();
  assert.deepEqual(rig.picture, [
    "1 unusable",
    "2 unusable",
    "3 unusable",
    "4 preferred",
    "5 fallback",
    "6 fallback",
  ]);
  rig.endpoints.close();
  await settled();
  assert.deepEqual(rig.picture, []);
  assert.equal(rig.clock.pendingTimers, 0);
  for (const port of [3, 4, 5, 6]) {
    assert.deepEqual(rig.transport.server(port).connections, []);
  }
  await rig.clock.advanceAsync(60_000);
  assert.equal(rig.transport.server(2).attempts, 1);
});

Deno.test("certificates that end at once are no reason to connect again and again", async () => {
  const rig = new EndpointsRig();
  const server = rig.transport.server(1);
  server.usableToMs = rig.clock.wallTimeMs() - 1;
  await rig.list([1]);
  for (let i = 0; i < 10; i++) rig.endpoints.tick(false);
  await settled();
  assert.equal(server.attempts, 1);

  server.usableToMs = rig.clock.wallTimeMs() + 1_000;
  server.connections[0]?.close();
  await rig.clock.advanceAsync(100);
  for (let i = 0; i < 10; i++) rig.endpoints.tick(false);
  assert.equal(server.attempts, 2);
  rig.endpoints.close();
});
