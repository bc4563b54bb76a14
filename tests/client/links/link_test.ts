import assert from "node:assert/strict";
import {
  heartbeatIntervalMs,
  heartbeatTickMs,
  heartbeatTimeoutMs,
} from "../../../src/base/limits.ts";
import { certificateMarginMs } from "../../../src/client/endpoints/limits.ts";
import { echo } from "../../support/memory_transport.ts";
import { ClientRig, type Outcome } from "../client_rig.ts";

/** From when on a silent server is in doubt, and when it is given up. */
const inDoubtMs = heartbeatIntervalMs + 2 * heartbeatTickMs;
const givenUpMs = heartbeatIntervalMs + heartbeatTimeoutMs + heartbeatTickMs;

/** Asked by a function, so that the checker does not take the answer for one for good. */
function isOver(outcome: Outcome): boolean {
  return outcome.report !== undefined;
}

/** A client of one server, whose plug is out. */
async function unplugged() {
  const rig = await ClientRig.connected(1);
  const server = rig.server(1);
  const [connection] = server.connections;
  assert.ok(connection);
  connection.cut();
  server.accepts = "hang";
  return { rig, server, connection };
}

for (const outageMs of [1_000, 1_300, 1_500, 2_000, 2_700, 3_000, 3_300, 6_000, 20_000]) {
  Deno.test(`after ${outageMs} ms without a network calls are answered within a second, whenever TCP sends again`, async () => {
    const { rig, server } = await unplugged();
    const begun = await rig.call("fib", [1], { timeoutMs: 60_000 });
    await rig.pass(outageMs);
    server.accepts = "accept";
    await rig.pass(1_000);
    assert.equal(begun.report?.result, 1);
    const next = await rig.call("pay", [2]);
    assert.equal(next.report?.result, 2);
    rig.client.close();
    assert.equal(server.connections.length, 0);
  });
}

Deno.test("however many calls wait, all are answered within a second, and take no budget for retries", async () => {
  const { rig, server } = await unplugged();
  const begun = [];
  for (let i = 0; i < 400; i++) begun.push(await rig.call("fib", [i], { timeoutMs: 10_000 }));
  await rig.pass(2_000);
  server.accepts = "accept";
  await rig.pass(1_000);
  assert.deepEqual(begun.map(({ report }) => report?.result), begun.map((_, i) => i));
  assert.ok(begun.every(({ report }) => report?.attempts === 1));
  rig.client.close();
});

Deno.test("a call that may not run again waits for its answer on the silent connection", async () => {
  const { rig, server, connection } = await unplugged();
  const paid = await rig.call("pay", [1]);
  await rig.pass(inDoubtMs);
  server.accepts = "accept";
  await rig.pass(1_000);
  assert.equal(server.connections.length, 2);
  assert.equal(isOver(paid), false);
  connection.restore();
  await rig.pass(heartbeatTickMs);
  assert.equal(paid.report?.result, 1);
  assert.deepEqual(server.calls.map(({ method }) => method), ["pay"]);
  // The former connection is closed once nothing waits on it.
  assert.deepEqual(server.connections.includes(connection), false);
  assert.equal((await rig.call("fib", [2])).report?.result, 2);
  rig.client.close();
});

Deno.test("a long call on a former connection outlives the next outage", async () => {
  const { rig, server, connection } = await unplugged();
  server.answer = (call) => call.method === "pay" ? undefined : echo(call);
  const paid = await rig.call("pay", [1], { timeoutMs: 60_000 });
  await rig.pass(inDoubtMs);
  server.accepts = "accept";
  await rig.pass(1_000);
  connection.restore();
  await rig.pass(1_000);
  const next = server.connections.find((one) => one !== connection);
  next?.cut();
  await rig.call("fib", [2]);
  await rig.pass(inDoubtMs + 1_000);
  assert.equal(isOver(paid), false);
  server.calls.find(({ method }) => method === "pay")?.result("paid");
  await rig.pass(3 * heartbeatTickMs);
  assert.equal(paid.report?.result, "paid");
  assert.equal(server.connections.length, 1);
  rig.client.close();
});

Deno.test("a call that may not run again fails as before if its connection stays silent", async () => {
  const { rig, server, connection } = await unplugged();
  const paid = await rig.call("pay", [1], { timeoutMs: 60_000 });
  await rig.pass(inDoubtMs);
  server.accepts = "accept";
  await rig.pass(givenUpMs);
  const { error } = paid.report ?? {};
  assert.deepEqual([error?.name, error?.executed], ["ConnectionLost", "maybe"]);
  assert.equal(server.connections.includes(connection), false);
  assert.deepEqual(server.calls, []);
  assert.equal((await rig.call("pay", [2])).report?.result, 2);
  rig.client.close();
});

Deno.test("a call of a silent connection is not run again on the word of the process after", async () => {
  const { rig, server } = await unplugged();
  const paid = await rig.call("pay", [1], { timeoutMs: 60_000 });
  server.describe = () => ({ methods: [{ name: "pay", "x-idempotent": true }] });
  await rig.pass(inDoubtMs);
  server.accepts = "accept";
  await rig.pass(givenUpMs);
  assert.equal(paid.report?.error?.name, "ConnectionLost");
  assert.deepEqual(server.calls, []);
  rig.client.close();
});

Deno.test("a call is not run again by a process after that does not let it", async () => {
  const { rig, server } = await unplugged();
  const called = await rig.call("fib", [1], { timeoutMs: 60_000 });
  server.describe = () => ({ methods: [{ name: "fib", "x-idempotent": false }] });
  await rig.pass(inDoubtMs);
  server.accepts = "accept";
  await rig.pass(givenUpMs);
  assert.equal(called.report?.error?.name, "ConnectionLost");
  assert.deepEqual(server.calls, []);
  rig.client.close();
});

Deno.test("a connection that speaks again is kept, and the one beside it closed", async () => {
  const { rig, server, connection } = await unplugged();
  server.accepts = "accept";
  server.answersPings = false;
  const called = await rig.call("fib", [1]);
  await rig.pass(inDoubtMs);
  assert.equal(server.connections.length, 2);
  connection.restore();
  await rig.pass(2 * heartbeatTickMs);
  assert.equal(called.report?.result, 1);
  assert.deepEqual(server.connections, [connection]);
  rig.client.close();
});

Deno.test("a server that works on a long call and answers pings gets no second connection", async () => {
  const rig = await ClientRig.connected(1);
  const server = rig.server(1);
  server.answer = () => {};
  const called = await rig.call("pay", [1], { timeoutMs: 20_000 });
  await rig.pass(15_000);
  assert.equal(called.report, undefined);
  assert.equal(server.attempts, 1);
  rig.client.close();
});

Deno.test("a server that hangs gets two more connections, and is given up at the same time", async () => {
  const rig = await ClientRig.connected(1);
  const server = rig.server(1);
  server.hang();
  const paid = await rig.call("pay", [1], { timeoutMs: 20_000 });
  await rig.pass(givenUpMs - 2 * heartbeatTickMs);
  assert.equal(isOver(paid), false);
  assert.equal(server.attempts, 3);
  await rig.pass(2 * heartbeatTickMs);
  assert.equal(paid.report?.error?.name, "ConnectionLost");
  rig.client.close();
  assert.equal(server.connections.length, 0);
});

Deno.test("while calls wait a connection that is made and not answered is given up once for another", async () => {
  const rig = new ClientRig();
  const server = rig.server(1);
  server.answersPings = false;
  await rig.list(1);
  const called = await rig.call("fib", [1]);
  await rig.pass(200);
  server.answersPings = true;
  await rig.pass(500);
  assert.equal(called.report?.result, 1);
  assert.equal(server.attempts, 2);
  assert.equal(server.connections.length, 1);
  rig.client.close();
});

Deno.test("a call that moves to another connection has the time that is left", async () => {
  const { rig, server } = await unplugged();
  await rig.call("fib", [1], { timeoutMs: 10_000 });
  await rig.pass(2_000);
  server.accepts = "accept";
  await rig.pass(1_000);
  const [moved] = server.calls;
  assert.ok(moved?.timeoutMs !== undefined && moved.timeoutMs <= 8_000, `${moved?.timeoutMs}`);
  rig.client.close();
});

Deno.test("an answer that takes seconds to arrive is no reason for another connection", async () => {
  const rig = await ClientRig.connected(1);
  const server = rig.server(1);
  server.hang();
  const called = await rig.call("fib", [1], { timeoutMs: 60_000 });
  const [call] = server.calls;
  call?.connection.send(`{"jsonrpc":"2.0","id":${call.id},"result":"`);
  for (let part = 0; part < 40; part++) {
    await rig.pass(200);
    call?.connection.send("part");
  }
  call?.connection.send('"}\n');
  await rig.pass(heartbeatTickMs);
  assert.equal(called.report?.result, "part".repeat(40));
  assert.equal(server.attempts, 1);
  rig.client.close();
});

/** A client that connects anew, for better certificates, while a call is under way. */
async function renewing() {
  const rig = new ClientRig();
  const server = rig.server(1);
  server.usableToMs = rig.clock.wallTimeMs() + 2 * certificateMarginMs;
  await rig.list(1);
  const [connection] = server.connections;
  assert.ok(connection);
  server.answer = () => {};
  const paid = await rig.call("pay", [1], { timeoutMs: 60_000 });
  rig.clock.setWallTime(server.usableToMs - certificateMarginMs / 2);
  server.usableToMs += 86_400_000;
  return { rig, server, connection, paid };
}

Deno.test("a former connection that falls silent is given up while its server takes no new one", async () => {
  const { rig, server, connection, paid } = await renewing();
  server.accepts = "refuse";
  connection.cut();
  await rig.pass(givenUpMs + heartbeatTickMs);
  assert.equal(paid.report?.error?.name, "ConnectionLost");
  rig.client.close();
});

Deno.test("a call on a former connection goes on while its server stops", async () => {
  const { rig, server, connection, paid } = await renewing();
  await rig.pass(2 * heartbeatTickMs);
  assert.equal(server.connections.length, 2);
  await rig.list();
  server.goaway();
  server.accepts = "refuse";
  server.connections.find((one) => one !== connection)?.close();
  await rig.pass(1_000);
  assert.equal(isOver(paid), false);
  server.calls[0]?.result("paid");
  await rig.pass(10_000);
  assert.equal(paid.report?.result, "paid");
  assert.deepEqual(server.connections, []);
  const { attempts } = server;
  await rig.pass(20_000);
  assert.equal(server.attempts, attempts, "a server that is gone is still tried");
  rig.client.close();
});

Deno.test("a call on a former connection goes on if its server is not listed any more", async () => {
  const { rig, server, paid } = await renewing();
  server.accepts = "hang";
  await rig.pass(heartbeatTickMs);
  await rig.list();
  await rig.pass(1_000);
  assert.equal(isOver(paid), false);
  server.calls[0]?.result("paid");
  await rig.pass(heartbeatTickMs);
  assert.equal(paid.report?.result, "paid");
  rig.client.close();
});

Deno.test("a call on a former connection is not run again on the word of the newer one", async () => {
  const { rig, server, connection, paid } = await renewing();
  server.describe = () => ({ methods: [{ name: "pay", "x-idempotent": true }] });
  await rig.pass(2 * heartbeatTickMs);
  assert.equal(server.connections.length, 2);
  connection.reset();
  await rig.pass(heartbeatTickMs);
  assert.deepEqual([paid.report?.error?.name, server.calls.length], ["ConnectionLost", 1]);
  rig.client.close();
});
