import assert from "node:assert/strict";
import { gatewayCallsMax, gatewayMethodsCountedMax } from "../../../src/gateway/limits.ts";
import type { CallReport } from "../../../src/client/call_report.ts";
import type { Client } from "../../../src/client/client.ts";
import { Calls } from "../../../src/gateway/calls/calls.ts";
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
