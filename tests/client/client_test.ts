import assert from "node:assert/strict";
import { wheelLingerMs } from "../../src/base/deadline_wheel.ts";
import { RpcError } from "../../src/base/errors.ts";
import { settled } from "../support/virtual_clock.ts";
import { keep } from "../support/memory_transport.ts";
import { assertUnderWay, ClientRig, errorOf, type Outcome } from "./client_rig.ts";

Deno.test("calls are spread over the servers, and each learns where it went", async () => {
  const rig = await ClientRig.connected(1, 2);
  const servers = [];
  for (let i = 0; i < 4; i++) {
    const { report } = await rig.call("fib", [i]);
    assert.equal(report?.result, i);
    assert.equal(report?.attempts, 1);
    servers.push(report?.server);
  }
  assert.equal(servers.filter((server) => server === "127.0.0.1:1").length, 2);
  assert.equal(rig.client.stats.connected, 2);
  rig.client.close();
});

Deno.test("call() resolves to the result, and rejects with the error", async () => {
  const rig = await ClientRig.connected(1);
  assert.equal(await rig.client.call("fib", [8]), 8);
  rig.server(1).answer = (call) => call.error(new RpcError("InternalError", "It broke"));
  await assert.rejects(rig.client.call("fib", [8]), { name: "InternalError" });
  rig.client.close();
});

Deno.test("a call made before any server is known waits for the first one", async () => {
  const rig = new ClientRig();
  const outcome = await rig.call("fib", [8]);
  await rig.pass(3_000);
  assertUnderWay(outcome);
  rig.server(1);
  await rig.list(1);
  assert.equal(outcome.report?.result, 8);
  assert.equal(outcome.report?.durationMs, 3_000);
  rig.client.close();
});

Deno.test("where neither the last known servers nor the registry answer, the error tells of both", async () => {
  const reasons: [trouble: string | undefined, told: string][] = [
    ["Cannot reach the registry", "Cannot reach the registry"],
    [undefined, "No answer from the registry fake: yet; rpc doctor looks for the reason"],
  ];
  for (const [trouble, told] of reasons) {
    const rig = new ClientRig();
    rig.server(1).accepts = "refuse";
    const call = await rig.call("fib");
    rig.discovery.push([1], true);
    if (trouble !== undefined) rig.discovery.trouble(trouble);
    await rig.pass(1_600);
    assert.equal(
      errorOf(call)?.message,
      'Cannot reach any server of service "rpc": 127.0.0.1:1 (connection refused). ' +
        `That is the last known list: ${told}`,
    );
    // Once the registry has been read nothing is said of it any more.
    await rig.list(1);
    const later = await rig.call("fib");
    await rig.pass(1_600);
    assert.match(errorOf(later)?.message ?? "", /\(connection refused\)$/);
    rig.client.close();
  }
});

Deno.test("an outage of the registry is told once, and its end too", async () => {
  const rig = new ClientRig();
  rig.discovery.trouble("away");
  rig.discovery.trouble("still away");
  await rig.list(1);
  await rig.list(1, 2);
  rig.discovery.trouble("away again");
  assert.deepEqual(rig.registry, ["away", undefined, "away again"]);
  rig.client.close();
});

Deno.test("a call that finds no server fails as Unavailable, and says why", async () => {
  const silent = new ClientRig();
  const first = await silent.call("fib", [8], { timeoutMs: 3_000 });
  await silent.pass(3_000);
  assert.equal(errorOf(first)?.name, "Unavailable");
  assert.match(errorOf(first)?.message ?? "", /No answer from the registry fake:/);
  silent.client.close();

  const rig = new ClientRig();
  rig.discovery.trouble("Cannot reach the registry");
  const second = await rig.call("fib");
  await rig.pass(1_600);
  assert.equal(errorOf(second)?.message, "Cannot reach the registry");

  const empty = new ClientRig();
  const third = await empty.call("fib");
  await empty.list();
  await empty.pass(1_600);
  assert.match(errorOf(third)?.message ?? "", /No server of service "rpc" is registered/);
  empty.client.close();

  rig.server(1).accepts = "refuse";
  await rig.list(1);
  const fourth = await rig.call("fib");
  await rig.pass(1_600);
  assert.match(errorOf(fourth)?.message ?? "", /127\.0\.0\.1:1 \(connection refused\)/);
  assert.equal(errorOf(fourth)?.executed, "no");
  assert.equal(fourth.report?.attempts, 0);
  rig.client.close();
});

Deno.test("a server that joins gets calls as soon as it is listed", async () => {
  const rig = await ClientRig.connected(1);
  rig.server(2);
  await rig.list(1, 2);
  await rig.call("fib", [1]);
  await rig.call("fib", [2]);
  assert.equal(rig.server(2).calls.length, 1);
  rig.client.close();
});

Deno.test("idempotent calls under way on two of four servers that die all succeed", async () => {
  const rig = await ClientRig.connected(1, 2, 3, 4);
  for (const port of [1, 2]) rig.server(port).answer = keep;
  const outcomes = [];
  for (let i = 0; i < 80; i++) outcomes.push(await rig.call("fib", [i]));
  rig.server(1).die();
  rig.server(2).die();
  await rig.pass(100);
  outcomes.forEach(({ report }, i) => assert.equal(report?.result, i));
  assert.ok(rig.client.stats.retries >= 40);
  rig.client.close();
});

Deno.test("of other calls only those under way on the server that dies fail", async () => {
  const rig = await ClientRig.connected(1, 2);
  rig.server(1).answer = keep;
  const outcomes = [];
  for (let i = 0; i < 10; i++) outcomes.push(await rig.call("pay", [i]));
  rig.server(1).die();
  await rig.pass(100);
  const failed = outcomes.filter(({ report }) => report?.error !== undefined);
  assert.equal(failed.length, 5);
  for (const outcome of failed) {
    assert.equal(errorOf(outcome)?.name, "ConnectionLost");
    assert.equal(errorOf(outcome)?.executed, "maybe");
    assert.equal(outcome.report?.attempts, 1);
  }
  rig.client.close();
});

Deno.test("when the only server restarts, its idempotent calls wait for it and succeed", async () => {
  const rig = await ClientRig.connected(1);
  const server = rig.server(1);
  server.answer = keep;
  const outcomes = [];
  for (let i = 0; i < 20; i++) outcomes.push(await rig.call("fib", [i], { idempotent: true }));
  server.die();
  await rig.pass(100);
  for (const outcome of outcomes) assertUnderWay(outcome);
  server.accepts = "accept";
  server.answer = (call) => call.result("back");
  await rig.pass(1_000);
  for (const { report } of outcomes) {
    assert.equal(report?.result, "back");
    assert.equal(report?.attempts, 2);
  }
  rig.client.close();
});

Deno.test("a rolling restart costs no call, idempotent or not (P-49)", async () => {
  const rig = await ClientRig.connected(1, 2);
  const outcomes = [];
  for (const port of [1, 2]) {
    const server = rig.server(port);
    server.goaway();
    server.answer = (call) => call.error(new RpcError("Draining", "It stops"));
    for (let i = 0; i < 10; i++) outcomes.push(await rig.call("pay", [i]));
    server.die();
    await settled();
    for (let i = 0; i < 10; i++) outcomes.push(await rig.call("pay", [i]));
    server.accepts = "accept";
    server.answer = (call) => call.result("done");
    await rig.pass(500);
  }
  for (const outcome of outcomes) assert.equal(errorOf(outcome), undefined);
  rig.client.close();
});

Deno.test("calls refused by the only server, which restarts, wait for it", async () => {
  const rig = await ClientRig.connected(1);
  const server = rig.server(1);
  server.goaway();
  server.answer = (call) => call.error(new RpcError("Draining", "It stops"));
  const outcome = await rig.call("pay", [1]);
  assertUnderWay(outcome);
  server.die();
  server.accepts = "accept";
  server.answer = (call) => call.result("done");
  await rig.pass(500);
  assert.equal(outcome.report?.result, "done");
  rig.client.close();
});

Deno.test("a call that is sent again carries the time that is left (P-38)", async () => {
  const rig = await ClientRig.connected(1, 2);
  let arrivedAtMs = 0;
  for (const port of [1, 2]) {
    rig.server(port).answer = (call) => {
      arrivedAtMs = rig.clock.now();
      if (call.timeoutMs === 1_000) call.error(new RpcError("Overloaded", "Full"));
      else call.result(call.timeoutMs);
    };
  }
  const outcome = await rig.call("pay", [], { timeoutMs: 1_000 });
  const sentAtMs = arrivedAtMs;
  while (outcome.report === undefined) await rig.pass(1, 1);
  assert.equal(outcome.report.attempts, 2);
  assert.ok(arrivedAtMs > sentAtMs);
  const leftMs = 1_000 - (arrivedAtMs - sentAtMs);
  // It was sent within the millisecond before.
  const told = Number(outcome.report.result);
  assert.ok(told >= leftMs && told <= leftMs + 1, `${told} of ${leftMs}`);
  rig.client.close();
});

Deno.test("a server that hangs is found by its heartbeat, and its calls go elsewhere", async () => {
  const rig = await ClientRig.connected(1, 2);
  rig.server(1).hang();
  const outcomes = [await rig.call("fib", [1]), await rig.call("fib", [2])];
  await rig.pass(5_500);
  for (const outcome of outcomes) assert.equal(errorOf(outcome), undefined);
  assert.equal(rig.client.stats.connected, 1);
  rig.client.close();
});

Deno.test("a client that was stopped itself does not blame its servers", async () => {
  const rig = await ClientRig.connected(1);
  const server = rig.server(1);
  server.answer = keep;
  const outcome = await rig.call("fib", [1], { timeoutMs: 600_000 });
  for (let i = 0; i < 5; i++) {
    rig.clock.jump(60_000);
    await settled();
  }
  assert.equal(server.attempts, 1);
  server.calls[0]?.result(1);
  await settled();
  assert.equal(outcome.report?.result, 1);
  rig.client.close();
});

Deno.test("a server whose calls end at their deadlines gets none for a while", async () => {
  const rig = await ClientRig.connected(1, 2);
  rig.server(1).answer = keep;
  const outcomes = [];
  for (let i = 0; i < 10; i++) outcomes.push(await rig.call("fib", [i], { timeoutMs: 500 }));
  await rig.pass(600);
  const late = outcomes.filter(({ report }) => report?.error?.name === "DeadlineExceeded");
  assert.equal(late.length, 5);
  assert.equal(rig.server(1).cancelled.length, 5);
  assert.equal(rig.client.stats.ejections, 1);
  for (let i = 0; i < 10; i++) assert.equal(errorOf(await rig.call("fib", [i])), undefined);
  rig.client.close();
});

Deno.test("a call that ends while it waits to be sent again is known not to have run", async () => {
  const rig = await ClientRig.connected(1, 2);
  for (const port of [1, 2]) {
    rig.server(port).answer = (call) => call.error(new RpcError("Overloaded", "Full"));
  }
  const outcomes = [];
  // One, and not for long: few retries are free after Overloaded, and then it is what the call ends
  // in.
  outcomes.push(await rig.call("pay", [0], { timeoutMs: 60 }));
  // In small steps, so that each attempt is answered before anything else happens.
  await rig.pass(320, 1);
  for (const outcome of outcomes) {
    assert.equal(errorOf(outcome)?.name, "DeadlineExceeded");
    assert.equal(errorOf(outcome)?.executed, "no");
  }
  assert.equal(rig.client.stats.ejections, 0);
  rig.client.close();
});

Deno.test("a name that nobody offers is looked for everywhere once, and then no more", async () => {
  const rig = await ClientRig.connected(1, 2, 3);
  for (const port of [1, 2, 3]) {
    rig.server(port).answer = (call) =>
      call.error(new RpcError("MethodNotFound", "No such method"));
  }
  const first = await rig.call("fob");
  assert.equal(errorOf(first)?.name, "MethodNotFound");
  assert.equal(first.report?.attempts, 3);
  const second = await rig.call("fob");
  assert.equal(errorOf(second)?.name, "MethodNotFound");
  assert.equal(second.report?.attempts, 1);
  rig.client.close();
});

/** A rig and a call that is in some state, whatever its client was told until then. */
const states: Record<
  string,
  () => Promise<[ClientRig, (signal: AbortSignal) => Promise<Outcome>]>
> = {
  "waits for a first server": () => {
    const rig = new ClientRig();
    return Promise.resolve([rig, (signal) => rig.call("fib", [1], { signal })]);
  },
  "is under way": async () => {
    const rig = await ClientRig.connected(1);
    rig.server(1).answer = keep;
    return [rig, (signal) => rig.call("fib", [1], { signal })];
  },
  "waits to be sent again": async () => {
    const rig = await ClientRig.connected(1);
    rig.server(1).answer = (call) => call.error(new RpcError("Overloaded", "Full"));
    return [rig, (signal) => rig.call("fib", [1], { signal })];
  },
  "waits for a server that it may run on again": async () => {
    const rig = await ClientRig.connected(1);
    const server = rig.server(1);
    server.answer = keep;
    return [rig, async (signal) => {
      const outcome = await rig.call("fib", [1], { signal });
      server.die();
      await settled();
      return outcome;
    }];
  },
};

for (const [state, prepare] of Object.entries(states)) {
  Deno.test(`a call that ${state} ends as Cancelled when its caller gives it up`, async () => {
    const [rig, start] = await prepare();
    const controller = new AbortController();
    const outcome = await start(controller.signal);
    assertUnderWay(outcome);
    controller.abort();
    await settled();
    assert.equal(errorOf(outcome)?.name, "Cancelled");
    const sent = rig.client.stats.retries;
    await rig.pass(1_000);
    assert.equal(rig.client.stats.retries, sent);
    rig.client.close();
    await rig.pass(wheelLingerMs);
    assert.equal(rig.clock.pendingTimers, 0);
  });

  Deno.test(`a call that ${state} ends when the client closes, and leaves no timer`, async () => {
    const [rig, start] = await prepare();
    const outcome = await start(new AbortController().signal);
    assertUnderWay(outcome);
    rig.client.close();
    rig.client.close();
    await settled();
    assert.ok(errorOf(outcome) !== undefined);
    await rig.pass(wheelLingerMs);
    assert.equal(rig.clock.pendingTimers, 0);
    assert.equal(rig.discovery.watches, 0);
    assert.deepEqual([...rig.transport.server(1).connections], []);
  });
}

Deno.test("a call under way that its caller gives up is cancelled at the server", async () => {
  const rig = await ClientRig.connected(1);
  rig.server(1).answer = keep;
  const controller = new AbortController();
  const outcome = await rig.call("fib", [40], { signal: controller.signal });
  controller.abort("enough");
  await settled();
  assert.equal(errorOf(outcome)?.executed, "maybe");
  assert.equal(errorOf(outcome)?.cause, "enough");
  assert.equal(rig.server(1).cancelled.length, 1);
  rig.client.close();
});

Deno.test("a closed client fails calls at once", async () => {
  const rig = await ClientRig.connected(1);
  await rig.client[Symbol.asyncDispose]();
  const outcome = await rig.call("fib");
  assert.equal(errorOf(outcome)?.name, "Cancelled");
  assert.equal(errorOf(outcome)?.executed, "no");
});

Deno.test("calls made from the end of another call are sent like any other", async () => {
  const rig = await ClientRig.connected(1, 2);
  const { client } = rig;
  const countDown = async (n: number): Promise<number> =>
    n === 0 ? 0 : 1 + await client.call("fib", [n - 1]).then((m) => countDown(m as number));
  assert.equal(await countDown(50), 50);
  client.close();
});
