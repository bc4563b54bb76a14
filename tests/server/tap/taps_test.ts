import assert from "node:assert/strict";
import { tapEventsMax, tapsMax } from "../../../src/server/limits.ts";
import type { TapEvent } from "../../../src/wire/reports/tap.ts";
import { waitFor } from "../../support/wait_for.ts";
import { Gates, type ServerHarness, serverTest, vectorProcedures } from "../fixtures/harness.ts";
import type { RawPeer } from "../fixtures/peer.ts";

function send(peer: RawPeer, message: Record<string, unknown>): Promise<void> {
  return peer.send(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
}

/** The items that a peer was sent in answer to a tap. */
function itemsOf(peer: RawPeer, id: unknown): (TapEvent | null)[] {
  return peer.lines.map((line) => JSON.parse(line))
    .filter(({ method, params }) => method === "rpc.item" && params.id === id)
    .flatMap(({ params }) => params.items);
}

function eventsOf(peer: RawPeer, id: unknown = "tap"): TapEvent[] {
  return itemsOf(peer, id).filter((item) => item !== null && "method" in item);
}

/** What a peer was told of calls alone that are not told, all together. */
function countedFor(peer: RawPeer, id: unknown = "tap"): number {
  return itemsOf(peer, id).reduce((sum, item) => sum + (item?.missed ?? 0), 0);
}

/** For longer than a test takes on a machine with much else to do. */
const listening = { stream: 1_000, timeoutMs: 600_000 };

/** Has a peer listen, and resolves when it does. */
async function tap(peer: RawPeer, params: unknown = {}, meta = {}, id = "tap"): Promise<void> {
  await send(peer, { id, method: "rpc.tap", params, meta: { ...listening, ...meta } });
  await waitFor("the first item", () => itemsOf(peer, id).length > 0);
}

async function start(harness: ServerHarness, options = {}) {
  const server = harness.listen({ procedures: vectorProcedures, ...options });
  const [peer, other] = await Promise.all([harness.connect(server), harness.connect(server)]);
  return { server, peer, other };
}

async function call(peer: RawPeer, id: number, method: string, params: unknown = []) {
  await send(peer, { id, method, params });
  return await peer.answer(id);
}

serverTest(
  "P-75: a server that lets nobody listen says so by PermissionDenied, and runs calls",
  async (h) => {
    const { peer, other } = await start(h, { tap: false });
    await send(peer, { id: "tap", method: "rpc.tap", params: {}, meta: { stream: 1_000 } });
    const { error } = await peer.answer("tap");
    assert.equal(error?.code, -32_007);
    assert.match(`${error?.message}`, /--no-tap/);
    assert.equal((await call(other, 1, "echo", ["x"])).result, "x");
    assert.deepEqual(itemsOf(peer, "tap"), []);
  },
);

serverTest("P-75: who listens is told of each call that ends after the first item", async (h) => {
  const { peer, other } = await start(h);
  await call(other, 1, "echo", ["before"]);
  await tap(peer);
  assert.deepEqual(itemsOf(peer, "tap"), [null]);
  await call(other, 2, "subtract", { minuend: 3, subtrahend: 1 });
  await call(other, 3, "fail");
  await call(other, 4, "no such");
  await send(other, { method: "update", params: [1] });
  await call(other, 5, "rpc.ping");
  await call(other, 6, "echo", ["x".repeat(10_000)]);
  await waitFor("five events", () => eventsOf(peer).length >= 5);
  const events = eventsOf(peer);
  assert.deepEqual(
    events.map(({ method, params, outcome }) => [method, params?.slice(0, 9), outcome]),
    [
      ["subtract", '{"minuend', "ok"],
      ["fail", "[]", "InternalError"],
      ["no such", "[]", "MethodNotFound"],
      ["update", "[1]", "ok"],
      ["echo", '["xxxxxxx', "ok"],
    ],
  );
  assert.match(events[1]?.message ?? "", /no luck/);
  assert.ok(events.every(({ caller, from }) => caller === null && from.startsWith("127.0.0.1")));
  assert.ok(events.every(({ ms, atMs, missed }) => ms >= 0 && atMs > 0 && missed === 0));
  assert.equal(events.at(-1)?.params?.length, 200);
});

serverTest("P-75: only the calls that were asked for are told", async (h) => {
  const { peer, other } = await start(h);
  await tap(peer, { failed: true }, {}, "failed");
  await tap(peer, { methods: ["sub*", "sum"] }, {}, "methods");
  await tap(peer, { slowMs: 60_000 }, {}, "slow");
  await call(other, 1, "subtract", [3, 1]);
  await call(other, 2, "sum", ["no number"]);
  await call(other, 3, "echo", [1]);
  await waitFor("all events", () => eventsOf(peer, "methods").length === 2);
  assert.deepEqual(eventsOf(peer, "failed").map(({ outcome }) => outcome), ["InvalidParams"]);
  assert.deepEqual(eventsOf(peer, "methods").map(({ method }) => method), ["subtract", "sum"]);
  assert.deepEqual(eventsOf(peer, "slow"), []);
});

serverTest("P-75: calls there is no room for are counted, and nobody waits for them", async (h) => {
  const { peer, other } = await start(h);
  await tap(peer, {}, { stream: 3 });
  for (let i = 1; i <= 10; i++) await call(other, i, "echo", [i]);
  await waitFor("two events", () => eventsOf(peer).length === 2);
  await send(peer, { method: "rpc.more", params: { id: "tap", n: 5 } });
  await call(peer, 11, "rpc.ping");
  await call(other, 12, "echo", [12]);
  await waitFor("the next event", () => eventsOf(peer).length === 3);
  const shown = eventsOf(peer).map(({ params, missed }) => [params, missed]);
  assert.deepEqual(shown, [["[1]", 0], ["[2]", 0], ["[12]", 8]]);
});

serverTest("P-75: as many items are told as there was room for at first", async (h) => {
  const { peer, other } = await start(h);
  await tap(peer, {}, { stream: 8 });
  for (let i = 1; i <= 7; i++) await call(other, i, "echo", [i]);
  await waitFor("all events", () => eventsOf(peer).length === 7);
});

serverTest("P-75: of very many calls a sample is told, and the rest counted", async (h) => {
  const { peer, other } = await start(h);
  await tap(peer);
  const count = 5_000;
  for (let i = 1; i <= count; i++) void send(other, { id: i, method: "echo", params: [i] });
  await other.answer(count);
  const told = () => eventsOf(peer);
  // Those after the last that was told are counted by the next one.
  await waitFor("the next window", async () => {
    await call(other, count + 1, "echo", ["last"]);
    return told().some(({ params }) => params === '["last"]');
  });
  assert.ok(told().length >= tapEventsMax);
  const missed = told().reduce((sum, event) => sum + event.missed, 0);
  assert.ok(
    missed > 0 && missed + told().length > count,
    `${missed} missed, ${told().length} told`,
  );
});

for (const params of [{}, { failed: true }, { methods: ["fa*"] }, { slowMs: 0 }]) {
  serverTest(
    `P-75: what is not told is counted also if no call follows: ${JSON.stringify(params)}`,
    async (h) => {
      const { peer, other } = await start(h);
      await tap(peer, { ...params, counts: true });
      // Older listeners take a number alone for no call.
      await tap(peer, params, {}, "older");
      const count = 50 * tapEventsMax;
      for (let id = 1; id <= count; id++) void send(other, { id, method: "fail" });
      const all = () => eventsOf(peer).length + countedFor(peer);
      await waitFor(() => `all ${count} calls, and not ${all()}`, () => all() === count);
      assert.ok(countedFor(peer) > 0, "none is left out");
      assert.deepEqual(itemsOf(peer, "older").slice(1), eventsOf(peer, "older"));
    },
  );
}

serverTest("P-75: who has granted no more is told the number as soon as it grants", async (h) => {
  const { peer, other } = await start(h);
  await tap(peer, { counts: true }, { stream: 2 });
  for (let i = 1; i <= 5; i++) await call(other, i, "echo", [i]);
  await send(peer, { method: "rpc.more", params: { id: "tap", n: 1 } });
  await waitFor("the number", () => countedFor(peer) === 4);
  assert.deepEqual(eventsOf(peer).map(({ params }) => params), ["[1]"]);
});

serverTest("P-75: it ends at its deadline, at rpc.cancel, and with its connection", async (h) => {
  const { peer, other, server } = await start(h);
  await tap(peer, {}, { timeoutMs: 50 });
  assert.equal((await peer.answer("tap")).error?.message, "The time to listen for is over");
  await tap(peer, {}, {}, "again");
  await send(peer, { method: "rpc.cancel", params: { id: "again" } });
  assert.match((await peer.answer("again")).error?.message ?? "", /Nobody listens/);
  // So many that the server would have no room if the earlier ones were still there.
  const third = await h.connect(server);
  for (const one of [peer, third]) {
    for (let i = 0; i < tapsMax / 2; i++) await tap(one, {}, {}, `tap${i}`);
    await send(one, { id: 1, method: "rpc.tap", meta: { stream: 1 } });
    const { error } = await one.answer(1);
    assert.match(error?.message ?? "", /Cannot listen: 4 of this caller do already/);
  }
  await send(other, { id: 1, method: "rpc.tap", meta: { stream: 1 } });
  assert.match((await other.answer(1)).error?.message ?? "", /Cannot listen: 8 do already/);
  await peer.close();
  await waitFor("room", async () => {
    await send(other, { id: 2, method: "rpc.tap", meta: { stream: 1 } });
    return itemsOf(other, 2).length > 0;
  });
});

serverTest("P-75: what is no stream, or asks for what cannot be, is refused", async (h) => {
  const { peer } = await start(h);
  for (
    const [id, params, meta, paths] of [
      [1, {}, {}, []],
      [2, { methods: [] }, { stream: 1 }, [["methods"]]],
      [3, { slowMs: -1 }, { stream: 1 }, [["slowMs"]]],
      [4, { methods: Array(100).fill("a") }, { stream: 1 }, [["methods"]]],
      [5, { failed: "yes", methods: ["a", 5] }, { stream: 1 }, [["methods", 1], ["failed"]]],
    ] as const
  ) {
    await send(peer, { id, method: "rpc.tap", params, meta });
    const { error } = await peer.answer(id);
    assert.equal(error?.code, -32602);
    const { issues } = error.data as { issues: { path: unknown; message: unknown }[] };
    assert.deepEqual(issues.map(({ path }) => path), paths, "P-21");
    assert.ok(issues.every(({ message }) => typeof message === "string"));
  }
});

serverTest("who listens holds up no drain, and hears the last call", async (h) => {
  const gates = new Gates();
  const { server, peer, other } = await start(h, { procedures: { wait: gates.procedure } });
  await tap(peer);
  await send(other, { id: 1, method: "wait", params: [] });
  await waitFor("the call", () => gates.begun === 1);
  const drained = server.drain({ graceMs: 0, timeoutMs: 60_000 });
  gates.release();
  await drained;
  assert.match((await peer.answer("tap")).error?.message ?? "", /about to stop/);
  assert.deepEqual(eventsOf(peer).map(({ outcome }) => outcome), ["ok"]);
});
