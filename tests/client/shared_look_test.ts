import assert from "node:assert/strict";
import { wheelTickMs } from "../../src/base/deadline_wheel.ts";
import type { Clock } from "../../src/base/clock.ts";
import { Client } from "../../src/client/client.ts";
import { FakeDiscovery } from "../support/fake_discovery.ts";
import { MemoryTransport } from "../support/memory_transport.ts";
import { settled, VirtualClock } from "../support/virtual_clock.ts";
import { ClientRig } from "./client_rig.ts";

Deno.test("a call has its whole time also after its caller computed since another call", async () => {
  const rig = await ClientRig.connected(1);
  rig.server(1).answer = () => {};
  const ended: string[] = [];
  const start = (name: string) => {
    void rig.client.report("fib", [1], { timeoutMs: 1_000 }).then(() => ended.push(name));
  };
  start("first");
  rig.clock.advance(300);
  start("second");
  await settled();
  assert.deepEqual(rig.server(1).calls.map(({ timeoutMs }) => timeoutMs), [1_000, 1_000]);
  await rig.pass(700, wheelTickMs);
  assert.deepEqual(ended, ["first"]);
  await rig.pass(300 - wheelTickMs, wheelTickMs);
  assert.deepEqual(ended, ["first"], "a call ended before its time");
  await rig.pass(2 * wheelTickMs, wheelTickMs);
  assert.deepEqual(ended, ["first", "second"]);
  rig.client.close();
});

Deno.test("the deadline of a call that was begun before counts from there, and is told as given", async () => {
  const rig = await ClientRig.connected(1);
  rig.server(1).answer = () => {};
  const begunAtMs = rig.clock.now();
  rig.clock.advance(300);
  const report = rig.client.report("fib", [1], { timeoutMs: 1_000, begunAtMs });
  await settled();
  assert.deepEqual(rig.server(1).calls.map(({ timeoutMs }) => timeoutMs), [700]);
  await rig.pass(800);
  const { error, durationMs } = await report;
  assert.match(`${error?.message}`, /within 1 s/);
  assert.ok(durationMs >= 1_000, `${durationMs}`);
  for (const begunAtMs of [NaN, 1n as unknown as number]) {
    const wrong = await rig.client.report("fib", [1], { timeoutMs: 1_000, begunAtMs });
    assert.equal(wrong.error?.name, "InvalidParams");
  }
  rig.client.close();
});

Deno.test("a call that waits for servers waits as long after its caller has computed", async () => {
  const rig = new ClientRig();
  await rig.list();
  const ended: string[] = [];
  const start = (name: string) => {
    void rig.client.report("fib", [1]).then(() => ended.push(name));
  };
  start("first");
  rig.clock.advance(1_000);
  start("second");
  await settled();
  await rig.pass(1_400);
  assert.deepEqual(ended, ["first"]);
  await rig.pass(200);
  assert.deepEqual(ended, ["first", "second"]);
  rig.client.close();
});

Deno.test("a call waits for a silent registry as long after its caller has computed", async () => {
  const rig = new ClientRig();
  const ended: string[] = [];
  const start = (name: string) => {
    void rig.client.report("fib", [1], { timeoutMs: 1_000 }).then(() => ended.push(name));
  };
  start("first");
  rig.clock.advance(900);
  start("second");
  await settled();
  await rig.pass(900);
  assert.deepEqual(ended, ["first"]);
  await rig.pass(200);
  assert.deepEqual(ended, ["first", "second"]);
  rig.client.close();
});

Deno.test("calls of one go take two looks at the clock, however many they are", async () => {
  const clock = new VirtualClock();
  let looks = 0;
  const counting: Clock = {
    now: () => (looks++, clock.now()),
    wallTimeMs: () => clock.wallTimeMs(),
    after: (delayMs, callback) => clock.after(delayMs, callback),
    every: (periodMs, callback) => clock.every(periodMs, callback),
  };
  const transport = new MemoryTransport();
  transport.server(1).describe = () => ({ methods: [] });
  const discovery = new FakeDiscovery();
  const client = new Client({ discovery, transport, clock: counting });
  discovery.push([1]);
  await settled();
  await client.call("fib", [1]);
  const looksOf = async (calls: number) => {
    const before = looks;
    await Promise.all(Array.from({ length: calls }, (_, i) => client.call("fib", [i])));
    await settled();
    return looks - before;
  };
  // Each read of answers is a look too.
  assert.ok(await looksOf(8) <= 2 + 8, "one look for each call");
  const [few, many] = [await looksOf(16), await looksOf(60)];
  assert.ok(many - few <= 60 - 16, `${few} looks for 16 calls, ${many} for 60`);
  client.close();
});
