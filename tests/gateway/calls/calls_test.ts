import assert from "node:assert/strict";
import { RpcError } from "../../../src/base/errors.ts";
import { batchMessagesMax } from "../../../src/base/limits.ts";
import {
  gatewayBatchCallsMax,
  gatewayBatchCallsOfCallerMax,
  gatewayBatchStep,
  gatewayCallsMax,
  gatewayCallsOfCallerMax,
  gatewayMethodsCountedMax,
} from "../../../src/gateway/limits.ts";
import type { CallReport } from "../../../src/client/call_report.ts";
import type { Client } from "../../../src/client/client.ts";
import { Calls } from "../../../src/gateway/calls/calls.ts";
import { answerInTurns, answerJsonRpc } from "../../../src/gateway/calls/json_rpc.ts";
import { boundOfGateway } from "../../../src/wire/message_bound.ts";
import { settled } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";
import type { Catalogue } from "../../../src/gateway/calls/catalogue.ts";

const done: CallReport = {
  ...{ result: 1, error: undefined, server: "here", attempts: 1, durationMs: 1 },
};

Deno.test("past the calls under way a call is Overloaded, and not made, until one has ended", async () => {
  const waiting: (() => void)[] = [];
  const report = () => new Promise((resolve) => waiting.push(() => resolve(done)));
  const calls = new Calls({ report } as unknown as Client, {} as Catalogue, false);
  const all = Array.from({ length: gatewayCallsMax }, () => calls.call("fib", [1], {}));
  const refused = await calls.call("fib", [1], {});
  assert.equal(refused.error?.name, "Overloaded");
  assert.equal(refused.error?.executed, "no");
  assert.throws(() => calls.stream("fib", [1], {}, "a"), { name: "Overloaded" });
  assert.equal(waiting.length, gatewayCallsMax);
  waiting.shift()?.();
  await all[0];
  const last = calls.call("fib", [1], {});
  for (const end of waiting) end();
  assert.equal((await last).error, undefined);
  await Promise.all(all);
  assert.equal(calls.inFlight, 0);
});

Deno.test("the WebSockets and streams of one address have half of the calls under way, until one ends", async () => {
  const waiting: (() => void)[] = [];
  const report = () => new Promise((resolve) => waiting.push(() => resolve(done)));
  const client = { report, stream: () => ({ report: report() }) } as unknown as Client;
  const calls = new Calls(client, {} as Catalogue, false);
  const streams = gatewayCallsOfCallerMax / 2;
  const all = [
    ...Array.from({ length: streams }, () => calls.stream("count", [1], {}, "a").report),
    ...Array.from({ length: streams }, () => calls.call("fib", [1], {}, "a")),
  ];
  const refused = await calls.call("fib", [1], {}, "a");
  assert.match(refused.error?.message ?? "", /of your address/);
  assert.throws(() => calls.stream("count", [1], {}, "a"), { name: "Overloaded" });
  const others = [calls.call("fib", [1], {}, "b"), calls.call("fib", [1], {})];
  assert.equal(waiting.length, gatewayCallsOfCallerMax + 2);
  waiting[0]?.();
  await all[0];
  const next = calls.call("fib", [1], {}, "a");
  for (const end of waiting) end();
  for (const { error } of await Promise.all([...others, next])) assert.equal(error, undefined);
  await Promise.all(all);
  assert.equal(calls.inFlight, 0);
});

Deno.test("names that callers make up are counted together past a bound", async () => {
  const report = () => Promise.resolve(done);
  const calls = new Calls({ report } as unknown as Client, {} as Catalogue, false);
  for (let i = 0; i < gatewayMethodsCountedMax + 10; i++) await calls.call(`m${i}`, [], {});
  assert.equal(calls.counts.size, gatewayMethodsCountedMax + 1);
  assert.equal(calls.counts.get("")?.calls, 10);
});

Deno.test("a name that no server has seen is counted with others, and one that fails there by itself", async () => {
  const failed = (error: RpcError, server: string | undefined) => ({ ...done, error, server });
  const long = "m".repeat(1_000_000);
  const reports: Record<string, CallReport> = {
    [long]: failed(new RpcError("InvalidParams", "Cannot call it"), undefined),
    nowhere: failed(new RpcError("Unavailable", "No server"), undefined),
    unknown: failed(new RpcError("MethodNotFound", "No method"), "here"),
    fails: failed(new RpcError("InvalidParams", "Not a number"), "here"),
  };
  const report = (method: string) => Promise.resolve(reports[method]);
  const calls = new Calls({ report } as unknown as Client, {} as Catalogue, false);
  for (const name of Object.keys(reports)) await calls.call(name, [], {});
  assert.deepEqual([...calls.counts.keys()], ["", "fails"]);
  assert.equal(calls.counts.get("")?.calls, 3);
  const shown = new Calls({ report } as unknown as Client, {} as Catalogue, true);
  await shown.call("fails", [], {});
  assert.deepEqual([...shown.counts.keys()], [""]);
});

/** Calls that end when a test says so, and the batches of callers. */
function rig() {
  const waiting: (() => void)[] = [];
  const report = () => new Promise((resolve) => waiting.push(() => resolve(done)));
  const calls = new Calls({ report } as unknown as Client, {} as Catalogue, false);
  const batch = (caller: string, members: number, answer: () => Promise<void>) =>
    answerInTurns(
      Array.from({ length: members }),
      { caller, places: calls.batchPlaces, turn: () => Promise.resolve() },
      answer,
    );
  const call = async () => {
    const { error } = await calls.call("fib", [1], {});
    assert.equal(error, undefined);
  };
  return { waiting, calls, batch, call };
}

Deno.test("batches wait with their next calls while half of the places are taken, and single calls have the rest", async () => {
  const { waiting, calls, batch, call } = rig();
  const members = gatewayBatchCallsMax;
  let answered = 0;
  const callers = ["a", "b", "c"];
  const batches = callers.map((caller) =>
    batch(caller, members, () => call().then(() => void answered++))
  );
  const most = members;
  await waitFor("the batches to fill their places", () => waiting.length === most);
  const single = calls.call("fib", [1], {});
  assert.equal(calls.inFlight, most + 1);
  waiting.pop()?.();
  assert.equal((await single).error, undefined);
  while (answered < callers.length * members) {
    for (const end of waiting.splice(0)) end();
    await settled();
    assert.ok(calls.inFlight <= members + gatewayBatchStep, `${calls.inFlight}`);
  }
  await Promise.all(batches);
  assert.equal(calls.batchPlaces.enter("d"), undefined);
});

Deno.test("the slow calls of one caller do not hold up the batches of others", async () => {
  const { waiting, calls, batch, call } = rig();
  void batch("a", 2 * gatewayBatchCallsMax, call);
  await waitFor("its places to be taken", () => waiting.length === gatewayBatchCallsOfCallerMax);
  await settled();
  assert.equal(calls.inFlight, gatewayBatchCallsOfCallerMax);
  for (let i = 0; i < gatewayBatchCallsOfCallerMax; i++) void calls.call("fib", [1], {});
  void batch("b", gatewayBatchStep + 1, call);
  await waitFor("the other to begin", () => waiting.length > gatewayBatchCallsMax);
  await settled();
  assert.equal(calls.inFlight, gatewayBatchCallsMax + gatewayBatchStep);
  waiting.pop()?.();
  await settled();
  assert.equal(calls.inFlight, gatewayBatchCallsMax + gatewayBatchStep, "its next one begins");
});

Deno.test("a member of a batch that has waited and makes no call leaves its place to the next one", async () => {
  const { waiting, calls, batch, call } = rig();
  for (let i = 0; i < gatewayBatchCallsMax; i++) void calls.call("fib", [1], {});
  let ended = 0;
  for (const caller of ["a", "b"]) {
    // What is no request, or is refused, makes no call.
    let members = 0;
    const answer = () => ++members <= gatewayBatchStep ? call() : Promise.resolve();
    void batch(caller, gatewayBatchStep + 1, answer).then(() => ended++);
  }
  const most = gatewayBatchCallsMax + 2 * gatewayBatchStep;
  await waitFor("their own places to be taken", () => waiting.length === most);
  assert.equal(calls.batchPlaces.enter("a") instanceof Promise, true);
  for (const end of waiting.splice(0)) end();
  await waitFor("both to end", () => ended === 2);
});

Deno.test("a batch's notifications keep their places until their calls end, and none is lost", async () => {
  const { waiting, calls } = rig();
  const notification = { jsonrpc: "2.0", method: "fib", params: [1] };
  const text = JSON.stringify(Array.from({ length: batchMessagesMax }, () => notification));
  const turns = { caller: "a", places: calls.batchPlaces, turn: () => Promise.resolve() };
  const batches = Math.ceil(gatewayCallsMax / batchMessagesMax) + 1;
  let answered = 0;
  for (let i = 0; i < batches; i++) {
    void answerJsonRpc(text, calls, {}, boundOfGateway(), turns).then(() => answered++);
  }
  let made = 0;
  while (answered < batches || waiting.length > 0) {
    await settled();
    assert.ok(calls.inFlight <= gatewayBatchCallsOfCallerMax, `${calls.inFlight} under way`);
    for (const end of waiting.splice(0)) {
      made++;
      end();
    }
  }
  assert.equal(made, batches * batchMessagesMax);
  await settled();
  assert.equal(calls.inFlight, 0);
});
