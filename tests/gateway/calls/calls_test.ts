import assert from "node:assert/strict";
import {
  gatewayBatchCallsMax,
  gatewayCallsMax,
  gatewayMethodsCountedMax,
} from "../../../src/gateway/limits.ts";
import type { CallReport } from "../../../src/client/call_report.ts";
import type { Client } from "../../../src/client/client.ts";
import { Calls } from "../../../src/gateway/calls/calls.ts";
import { answerInTurns } from "../../../src/gateway/calls/json_rpc.ts";
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
  assert.throws(() => calls.stream("fib", [1], {}), { name: "Overloaded" });
  assert.equal(waiting.length, gatewayCallsMax);
  waiting.shift()?.();
  await all[0];
  const last = calls.call("fib", [1], {});
  for (const end of waiting) end();
  assert.equal((await last).error, undefined);
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

Deno.test("batches wait with their next calls while half of the places are taken, and single calls have the rest", async () => {
  const waiting: (() => void)[] = [];
  const report = () => new Promise((resolve) => waiting.push(() => resolve(done)));
  const calls = new Calls({ report } as unknown as Client, {} as Catalogue, false);
  const members = gatewayBatchCallsMax;
  let answered = 0;
  const batches = Array.from({ length: 3 }, () =>
    answerInTurns(
      Array.from({ length: members }),
      calls,
      () => Promise.resolve(),
      async () => {
        const { error } = await calls.call("fib", [1], {});
        assert.equal(error, undefined);
        answered++;
      },
    ));
  await waitFor("the batches to fill their places", () => waiting.length === members);
  const single = calls.call("fib", [1], {});
  assert.equal(calls.inFlight, members + 1);
  waiting.pop()?.();
  assert.equal((await single).error, undefined);
  while (answered < 3 * members) {
    for (const end of waiting.splice(0)) end();
    await settled();
    assert.ok(calls.inFlight <= members, `${calls.inFlight} under way`);
  }
  await Promise.all(batches);
});

Deno.test("a batch that has waited and takes no place leaves it to the next one", async () => {
  const waiting: (() => void)[] = [];
  const report = () => new Promise((resolve) => waiting.push(() => resolve(done)));
  const calls = new Calls({ report } as unknown as Client, {} as Catalogue, false);
  const single = Array.from({ length: gatewayBatchCallsMax }, () => calls.call("fib", [1], {}));
  let ended = 0;
  for (let batch = 0; batch < 3; batch++) {
    // What is no request, or is refused, makes no call.
    void answerInTurns([batch], calls, () => Promise.resolve(), () => Promise.resolve())
      .then(() => ended++);
  }
  await settled();
  assert.equal(ended, 0);
  waiting.pop()?.();
  await settled();
  assert.equal(ended, 3);
  for (const end of waiting) end();
  await Promise.all(single);
});
