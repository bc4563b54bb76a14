import assert from "node:assert/strict";
import type { CallReport } from "../../src/client/call_report.ts";
import { Client } from "../../src/client/client.ts";
import { checkClientOptions } from "../../src/client/client_options.ts";
import { FakeDiscovery } from "../support/fake_discovery.ts";
import { settled } from "../support/virtual_clock.ts";
import { ClientRig } from "./client_rig.ts";

/** What is no number of milliseconds, whatever the types say. */
const nonsense = [NaN, Infinity, -Infinity, "5000", "", null, {}, [], true, 1n, () => 1, 1e300];

function toldBy(report: CallReport | undefined): unknown[] {
  return [report?.error?.name, report?.error?.executed, report?.attempts];
}

async function rejection(promise: Promise<unknown>): Promise<unknown[]> {
  try {
    await promise;
  } catch (error) {
    return [(error as CallReport["error"])?.name, (error as CallReport["error"])?.executed];
  }
  assert.fail("It was carried out");
}

for (const timeoutMs of [0, -0, -1, -1_000, -0.5, -Number.MAX_VALUE]) {
  Deno.test(`a call whose time is over (${timeoutMs} ms) is not sent, and known not to have run`, async () => {
    const rig = await ClientRig.connected(1);
    const expected = ["DeadlineExceeded", "no"];
    assert.deepEqual(toldBy((await rig.call("pay", [], { timeoutMs })).report), [...expected, 0]);
    assert.deepEqual(await rejection(rig.client.call("pay", [], { timeoutMs })), expected);
    const stream = rig.client.stream("pay", [], { timeoutMs });
    assert.deepEqual(toldBy(await stream.report), [...expected, 0]);
    assert.equal(rig.server(1).calls.length, 0);
    rig.client.close();
  });
}

Deno.test("numbers that cannot be fail their call at once, typed, and nothing is sent", async () => {
  const rig = await ClientRig.connected(1);
  for (const value of nonsense) {
    const timeoutMs = value as number;
    const { report } = await rig.call("pay", [], { timeoutMs });
    assert.deepEqual(toldBy(report), ["InvalidParams", "no", 0], String(value));
    assert.match(report?.error?.message ?? "", /^Cannot use timeoutMs: it must be a number/);
    assert.deepEqual(await rejection(rig.client.call("pay", [], { timeoutMs })), [
      "InvalidParams",
      "no",
    ]);
  }
  for (const credit of [...nonsense, 0, -1, 1.5, 65_537]) {
    const stream = rig.client.stream("pay", [], { credit: credit as number });
    assert.deepEqual(toldBy(await stream.report), ["InvalidParams", "no", 0], String(credit));
    await assert.rejects(stream.next(), { name: "InvalidParams" });
  }
  assert.equal(rig.server(1).calls.length, 0);
  rig.client.close();
});

Deno.test("a call with what are no options fails as typed, and a report rejects of nothing", async () => {
  const rig = await ClientRig.connected(1);
  for (const options of [null, 7, "fast"] as unknown as object[]) {
    assert.deepEqual(toldBy((await rig.call("pay", [], options)).report), [
      "InvalidParams",
      "no",
      0,
    ]);
    const stream = rig.client.stream("pay", [], options);
    assert.deepEqual(toldBy(await stream.report)[0], "InvalidParams");
  }
  assert.equal(rig.server(1).calls.length, 0);
  rig.client.close();
});

Deno.test("a call of what has no name, or with what is no signal, fails as typed", async () => {
  const rig = await ClientRig.connected(1);
  for (const method of [undefined, null, 7, {}, "x".repeat(257)]) {
    const { report } = await rig.call(method as string);
    assert.deepEqual(toldBy(report), ["InvalidParams", "no", 0]);
  }
  for (const signal of [null, 7, {}, "abort"]) {
    const options = { signal: signal as unknown as AbortSignal };
    assert.deepEqual(toldBy((await rig.call("pay", [], options)).report)[0], "InvalidParams");
    const stream = rig.client.stream("pay", [], options);
    assert.deepEqual(toldBy(await stream.report)[0], "InvalidParams");
  }
  const { report } = await rig.call("pay", [], { traceparent: 1n as unknown as string });
  assert.deepEqual(toldBy(report), ["InvalidParams", "no", 1]);
  assert.equal(rig.server(1).calls.length, 0);
  assert.equal((await rig.call("pay", ["well"])).report?.result, "well");
  rig.client.close();
});

Deno.test("a client is not made with numbers that cannot be", () => {
  const discovery = new FakeDiscovery();
  for (const value of [...nonsense, 0, -1]) {
    const timeoutMs = value as number;
    assert.throws(() => new Client({ discovery, timeoutMs }), { name: "InvalidParams" });
  }
  for (const value of [...nonsense, -1]) {
    const unavailableAfterMs = value as number;
    assert.throws(() => new Client({ discovery, unavailableAfterMs }), { name: "InvalidParams" });
  }
  assert.throws(() => checkClientOptions({ discovery, balance: "p3c" as "p2c" }), /one of p2c/);
  checkClientOptions({ discovery });
});

Deno.test("a call that waited past its time, as its client was stopped, is not sent", async () => {
  const rig = new ClientRig();
  const server = rig.server(1);
  await settled();
  const outcome = await rig.call("pay", [], { timeoutMs: 5_000 });
  // No timer rings while a process is stopped, and what has come meanwhile is seen first.
  rig.clock.stall(60_000);
  await rig.list(1);
  assert.deepEqual(toldBy(outcome.report), ["DeadlineExceeded", "no", 0]);
  assert.equal(server.calls.length, 0);
  rig.client.close();
});
