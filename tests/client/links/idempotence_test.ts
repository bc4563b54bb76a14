import assert from "node:assert/strict";
import { messageMaxLeast } from "../../../src/base/limits.ts";
import { Call } from "../../../src/client/call.ts";
import type { Connection } from "../../../src/client/connection.ts";
import { Idempotence, mayMove } from "../../../src/client/links/idempotence.ts";
import { assertUnderWay, ClientRig, errorOf, type Outcome } from "../client_rig.ts";
import { keep } from "../../support/memory_transport.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";

Deno.test("each server is asked once what is idempotent, as it is connected to", async () => {
  const rig = await ClientRig.connected(1, 2);
  for (let i = 0; i < 10; i++) await rig.call("fib", [i]);
  for (const port of [1, 2]) {
    assert.deepEqual(rig.server(port).reserved, ["rpc.ping", "rpc.discover"]);
  }
  rig.server(1).die();
  rig.server(1).accepts = "accept";
  await rig.pass(200);
  const again = ["rpc.ping", "rpc.discover"];
  assert.deepEqual(rig.server(1).reserved, [...again, ...again], "another process may be there");
  rig.client.close();
});

Deno.test("with the only server dead for long, idempotent calls under way wait as long as they have", async () => {
  const rig = await ClientRig.connected(1);
  const server = rig.server(1);
  server.answer = keep;
  const outcomes = [];
  for (let i = 0; i < 16; i++) outcomes.push(await rig.call("fib", [i]));
  const other = await rig.call("pay", [1]);
  server.die();
  await rig.pass(2_500);
  assert.deepEqual([errorOf(other)?.name, errorOf(other)?.executed], ["ConnectionLost", "maybe"]);
  for (const outcome of outcomes) assertUnderWay(outcome);
  rig.server(2).answer = (call) => call.result("again");
  await rig.list(2);
  await rig.pass(200);
  for (const { report } of outcomes) assert.equal(report?.result, "again");
  rig.client.close();
});

Deno.test("a call that waited in vain for a server is told what became of it", async () => {
  const rig = await ClientRig.connected(1);
  rig.server(1).answer = keep;
  const outcome = await rig.call("fib", [1], { timeoutMs: 3_000 });
  rig.server(1).die();
  await rig.pass(2_900);
  assertUnderWay(outcome);
  await rig.pass(200);
  assert.deepEqual([errorOf(outcome)?.name, errorOf(outcome)?.executed], [
    "ConnectionLost",
    "maybe",
  ]);
  rig.client.close();
});

/** What the servers say of themselves after an upgrade that takes it back. */
const upgraded = { methods: [{ name: "fib", "x-idempotent": false }] };

Deno.test("an upgrade that takes idempotence back is obeyed: a call lost by a new server is not run again", async () => {
  const rig = await ClientRig.connected(1, 2);
  rig.server(1).answer = keep;
  rig.server(2).answer = keep;
  const before = [await rig.call("fib", [1]), await rig.call("fib", [2])];
  rig.server(1).die();
  await rig.pass(100);
  rig.server(1).describe = () => upgraded;
  rig.server(1).accepts = "accept";
  await rig.pass(200);
  const lost = [await rig.call("fib", [3]), await rig.call("fib", [4])];
  const atNew = lost[rig.server(1).calls.at(-1)?.params?.toString() === "3" ? 0 : 1];
  rig.server(1).die();
  await rig.pass(200);
  for (const outcome of [...before, ...lost]) {
    if (outcome !== atNew) assertUnderWay(outcome);
  }
  assert.deepEqual([errorOf(atNew as Outcome)?.name, atNew?.report?.attempts], [
    "ConnectionLost",
    1,
  ]);
  rig.client.close();
});

Deno.test("a call lost by an old server is not run again by new ones that take idempotence back", async () => {
  const rig = await ClientRig.connected(1);
  rig.server(1).answer = keep;
  rig.server(2).describe = () => upgraded;
  rig.server(3).describe = () => upgraded;
  const outcome = await rig.call("fib", [1]);
  await rig.list(1, 2, 3);
  rig.server(1).die();
  await rig.pass(50);
  assert.deepEqual([errorOf(outcome)?.name, errorOf(outcome)?.executed], [
    "ConnectionLost",
    "maybe",
  ]);
  assert.equal(rig.server(2).calls.length + rig.server(3).calls.length, 0);
  rig.client.close();
});

Deno.test("of several servers a call that may have run goes to one that says it is idempotent", async () => {
  const rig = await ClientRig.connected(1);
  rig.server(1).answer = keep;
  for (const port of [2, 3, 4]) rig.server(port).describe = () => upgraded;
  const outcomes = [];
  for (let i = 0; i < 10; i++) outcomes.push(await rig.call("fib", [i]));
  rig.server(5);
  await rig.list(1, 2, 3, 4, 5);
  rig.server(1).die();
  await rig.pass(500);
  for (const { report } of outcomes) assert.equal(report?.server, "127.0.0.1:5");
  assert.equal(rig.server(5).calls.length, 10);
  rig.client.close();
});

Deno.test("a server that offers something else from now on is asked anew (P-72)", async () => {
  const rig = await ClientRig.connected(1, 2);
  const server = rig.server(1);
  for (const port of [1, 2]) rig.server(port).answer = keep;
  server.describe = () => upgraded;
  server.connections[0]?.send('{"jsonrpc":"2.0","method":"rpc.changed"}\n');
  await settled();
  assert.equal(server.reserved.length, 3);
  const outcomes = [await rig.call("fib", [1]), await rig.call("fib", [2])];
  server.die();
  rig.server(2).die();
  await rig.pass(100);
  const failed = outcomes.filter(({ report }) => report !== undefined);
  assert.deepEqual(failed.map(({ report }) => report?.server), ["127.0.0.1:1"]);
  rig.client.close();
});

Deno.test("a call of a method that only a reload has made idempotent is not run again", async () => {
  const rig = await ClientRig.connected(1, 2);
  const only = rig.server(1);
  rig.server(2).die();
  for (const port of [1, 2]) rig.server(port).answer = keep;
  only.describe = () => upgraded;
  only.connections[0]?.send('{"jsonrpc":"2.0","method":"rpc.changed"}\n');
  await settled();
  const begunBefore = await rig.call("fib", [1]);
  only.describe = () => ({
    methods: [{ name: "fib", "x-idempotent": true }, { name: "new", "x-idempotent": true }],
  });
  only.connections[0]?.send('{"jsonrpc":"2.0","method":"rpc.changed"}\n');
  await settled();
  const ofNew = await rig.call("new", []);
  only.die();
  await rig.pass(100);
  assert.deepEqual([errorOf(begunBefore)?.name, errorOf(begunBefore)?.executed], [
    "ConnectionLost",
    "maybe",
  ]);
  assertUnderWay(ofNew);
  rig.client.close();
});

Deno.test("a server that says that it takes next to nothing is sent what every server takes", async () => {
  const rig = await ClientRig.connected(1);
  rig.server(1).answer = (call) => call.result("taken");
  for (const said of [1, -1, messageMaxLeast - 1, "4194304", undefined]) {
    rig.server(1).describe = () => ({ methods: [], info: { "x-message-max": said } });
    rig.server(1).connections[0]?.send('{"jsonrpc":"2.0","method":"rpc.changed"}\n');
    await settled();
    const { report } = await rig.call("fib", ["x".repeat(messageMaxLeast / 2)]);
    assert.equal(report?.result, "taken", `${said}`);
  }
  rig.client.close();
});

Deno.test("a server that tells methods without names keeps its connection", async () => {
  const rig = await ClientRig.connected(1);
  rig.server(1).describe = () => ({
    methods: [null, {}, { name: { toString: 1 } }, { name: "fib", "x-idempotent": true }],
  });
  rig.server(1).die();
  rig.server(1).accepts = "accept";
  await rig.pass(200);
  await rig.pass(5_000);
  // Once of each connection.
  const once = ["rpc.ping", "rpc.discover"];
  assert.deepEqual(rig.server(1).reserved, [...once, ...once]);
  rig.client.close();
});

Deno.test("a server whose methods change again and again is asked once at a time", async () => {
  const rig = await ClientRig.connected(1);
  const server = rig.server(1);
  server.describesItself = false;
  const changed = '{"jsonrpc":"2.0","method":"rpc.changed"}\n';
  for (let i = 0; i < 3; i++) {
    server.connections[0]?.send(changed);
    await settled();
  }
  assert.deepEqual(server.reserved, ["rpc.ping", "rpc.discover", "rpc.discover"]);
  rig.client.close();
});

/** What a server has said of `fib`. */
function known(isIdempotent: boolean): Idempotence {
  const document = { methods: [{ name: "fib", "x-idempotent": isIdempotent }] };
  const idempotence = new Idempotence(new VirtualClock(), () => {});
  const send: Connection["send"] = (call, done) => done(undefined, document, call);
  const takes = { bytes: messageMaxLeast, whose: "" };
  idempotence.ask({ messageMax: messageMaxLeast, takes, send } as Connection);
  return idempotence;
}

Deno.test("a stream moves to no other connection, and a call only if it is idempotent on both", () => {
  const [yes, no] = [known(true), known(false)];
  const call = (own: { idempotent?: boolean; stream?: object } = {}) =>
    Object.assign(new Call("fib", [], 1_000), own);
  assert.deepEqual([mayMove(call(), yes, yes), mayMove(call(), yes, no)], [true, false]);
  assert.deepEqual([mayMove(call(), no, yes), mayMove(call(), undefined, yes)], [false, false]);
  assert.equal(mayMove(call({ idempotent: true }), undefined, no), true);
  assert.equal(mayMove(call({ idempotent: true, stream: {} }), yes, yes), false);
});
