import assert from "node:assert/strict";
import type { Transport } from "../../../src/client/transport.ts";
import type { Catalogue } from "../../../src/gateway/calls/catalogue.ts";
import { Servers } from "../../../src/gateway/calls/servers.ts";
import {
  gatewayLookMs,
  gatewayOfferMs,
  gatewayServerTimeoutMs,
  gatewayViewWaitMs,
} from "../../../src/gateway/limits.ts";
import { FakeDiscovery } from "../../support/fake_discovery.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";
import { MemoryTransport } from "../../support/memory_transport.ts";
import { waitFor } from "../../support/wait_for.ts";

/** Waits until it is given up. */
const never = (signal?: AbortSignal) =>
  new Promise<never>((_, reject) =>
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true })
  );

Deno.test("a view does not wait for a server or a list of methods that hangs, and the next ones tell of it", async () => {
  const clock = new VirtualClock();
  const discovery = new FakeDiscovery();
  discovery.push([1, 2]);
  const connect: Transport["connect"] = ({ port }, signal) =>
    port === 1 ? never(signal) : Promise.reject(new Error("refused"));
  const servers = new Servers({
    ...{ clock, discovery, service: "rpc", signal: new AbortController().signal },
    catalogue: { document: () => never() } as unknown as Catalogue,
    transport: { connect } as Transport,
  });
  const states = async () => {
    const view = servers.view(new AbortController().signal);
    await waitFor("its timer", () => clock.pendingTimers > 0);
    await settled();
    await clock.advanceAsync(gatewayViewWaitMs);
    return (await view).servers.map(({ state }) => state);
  };
  assert.deepEqual(await states(), ["asking", "no answer"]);
  await clock.advanceAsync(gatewayServerTimeoutMs);
  assert.deepEqual(await states(), ["no answer", "no answer"]);
});

Deno.test("figures of a method are those of all its servers, and its rate what has come since the last look", async () => {
  const clock = new VirtualClock(1_000_000);
  const discovery = new FakeDiscovery();
  discovery.push([1, 2]);
  const transport = new MemoryTransport();
  const tell = (port: number, methods: unknown) => {
    const nothing = { uptimeMs: 1, draining: false, connections: 0, inFlight: 0, queued: 0 };
    transport.server(port).stats = { ...nothing, methods };
  };
  const fib = (calls: number, p99Ms?: number) => {
    const latency = p99Ms === undefined ? null : { p50Ms: 1, p99Ms };
    return { fib: { calls, errors: { Overloaded: 2, WorkerLost: 1 }, latency } };
  };
  let asked = 0;
  const document = () => Promise.resolve({ methods: [`${++asked}`] });
  const servers = new Servers({
    ...{ clock, discovery, service: "rpc", signal: new AbortController().signal },
    catalogue: { document } as unknown as Catalogue,
    transport,
  });
  const view = () => servers.view(new AbortController().signal);
  tell(1, fib(100, 7));
  tell(2, fib(50));
  const first = await view();
  const named = { calls: 150, errors: 6, rate: 0, p50Ms: 1, p99Ms: 7 };
  assert.deepEqual(first.methods, { fib: named });
  assert.deepEqual(first.servers.map(({ p99Ms }) => p99Ms), [7, undefined]);
  assert.equal(await view(), first, "requests at about the same time share one");
  await clock.advanceAsync(gatewayLookMs);
  tell(1, fib(130, 5));
  // It has begun anew, and counts from nothing.
  tell(2, fib(10, 9));
  const second = await view();
  const rate = 30_000 / gatewayLookMs;
  assert.deepEqual(second.methods, {
    fib: { ...named, calls: 140, rate, p99Ms: 9 },
  });
  assert.deepEqual([second.version === first.version, asked], [true, 1]);
  await clock.advanceAsync(gatewayOfferMs);
  const third = await view();
  assert.deepEqual([third.version === first.version, asked], [false, 2]);
  discovery.push([1, 2, 3]);
  await clock.advanceAsync(gatewayLookMs);
  await view();
  assert.equal(asked, 3, "another server may offer others");
});
