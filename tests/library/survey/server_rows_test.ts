import assert from "node:assert/strict";
import { RpcError } from "../../../src/base/errors.ts";
import { displayWidth } from "../../../src/terminal/width.ts";
import { type ServerEvent, ServerRows } from "../../../src/library/survey/server_rows.ts";
import { linesOf } from "../../../src/cli/servers/table.ts";
import { eventJson } from "../../../src/cli/servers/watch.ts";
import type { Instance } from "../../../src/discovery/discovery.ts";
import type { Stats } from "../../../src/wire/reports/stats.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

function instance(port: number, more: Partial<Instance> = {}): Instance {
  return {
    id: `id-${port}`,
    service: "rpc",
    host: "127.0.0.1",
    port,
    weight: 1,
    zone: "",
    version: "0.1.0",
    methods: [],
    startedAtMs: 1_767_225_600_000,
    ...more,
  };
}

function stats(calls: Readonly<Record<string, number>>, more: Partial<Stats> = {}): Stats {
  return {
    service: "rpc",
    version: "0.1.0",
    uptimeMs: 1,
    draining: false,
    connections: 1,
    inFlight: 2,
    queued: 0,
    workers: { size: 4, busy: 1, restarts: 0 },
    methods: Object.fromEntries(
      Object.entries(calls).map(([name, count]) => [name, {
        calls: count,
        errors: {},
        latency: { p50Ms: 1.5, p99Ms: 250 },
      }]),
    ),
    ...more,
  };
}

/** Rows whose servers answer what a test says. */
function rig() {
  const clock = new VirtualClock();
  const answers = new Map<number, Stats | Error>();
  const events: ServerEvent[] = [];
  const rows = new ServerRows({
    ask({ port }) {
      const answer = answers.get(port) ?? new Error("Nobody there");
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    clock,
    onEvent: (event) => events.push(event),
  });
  const told = () =>
    events.splice(0).map(({ event, row }) => `${event} ${row.instance.port} ${row.state}`);
  return { clock, answers, rows, told };
}

Deno.test("a server is told of when it has been asked, when its state changes, and when it goes", async () => {
  const { answers, rows, told } = rig();
  answers.set(1, stats({}));
  await rows.update([instance(1)]);
  assert.deepEqual(told(), ["here 1 ready"]);
  await rows.ask();
  assert.deepEqual(told(), []);
  answers.set(1, stats({}, { draining: true }));
  await rows.ask();
  assert.deepEqual(told(), ["changed 1 draining"]);
  answers.delete(1);
  await rows.ask();
  assert.deepEqual(told(), ["changed 1 no answer"]);
  await rows.update([]);
  assert.deepEqual(told(), ["gone 1 no answer"]);
  assert.deepEqual(rows.all, []);
});

Deno.test("one that has left the registry drains for as long as it answers", async () => {
  const { answers, rows, told } = rig();
  answers.set(1, stats({})).set(2, stats({}));
  await rows.update([instance(1), instance(2)]);
  await rows.update([instance(2)]);
  assert.deepEqual(told(), ["here 1 ready", "here 2 ready", "changed 1 draining"]);
  answers.delete(1);
  await rows.ask();
  assert.deepEqual(told(), ["gone 1 no answer"]);
});

Deno.test("one that never answered is shown with the reason, and one that cannot count is ready", async () => {
  const { answers, rows, told } = rig();
  answers.set(2, new RpcError("MethodNotFound", "No rpc.stats here"));
  await rows.update([instance(1), instance(2)]);
  assert.deepEqual(told().sort(), ["here 1 no answer", "here 2 ready"]);
  assert.equal(rows.all[0]?.problem, "Nobody there");
});

Deno.test("the rate is that between two answers, and the busiest procedure is the one of then", async () => {
  const { clock, answers, rows } = rig();
  answers.set(1, stats({ fib: 1_000, ping: 5 }));
  await rows.update([instance(1)]);
  assert.equal(rows.all[0]?.callsPerSecond, undefined);
  assert.equal(rows.all[0]?.busiest, "fib");
  clock.advance(2_000);
  answers.set(1, stats({ fib: 1_010, ping: 195 }));
  await rows.ask();
  assert.equal(rows.all[0]?.callsPerSecond, 100);
  assert.equal(rows.all[0]?.busiest, "ping");
});

Deno.test("the table has what fits: all columns where there is room, the address and state at the least", async () => {
  const { clock, answers, rows } = rig();
  answers.set(1, stats({ fib: 100 })).set(2, stats({ fib: 100 }));
  await rows.update([instance(1, { zone: "東京\x1b[2J-1" }), instance(2, { zone: "大阪" })]);
  clock.advance(1_000);
  await rows.ask();
  const title = { registry: "local:", service: "rpc", isStale: false };
  const wide = linesOf(rows.all, title, 200).join("\n");
  for (const head of ["id", "version", "up since", "zone", "p50/p99", "busy"]) {
    assert.ok(wide.includes(head), wide);
  }
  assert.match(wide, /fib 1\.5\/250 ms/);
  assert.match(wide, /1\/4/);
  const narrow = linesOf(rows.all, title, 80);
  for (const line of narrow) assert.ok(displayWidth(line) <= 80, line);
  assert.ok(narrow.some((line) => line.includes("東京")));
  assert.ok(!narrow.join("\n").includes("version"));
  assert.match(linesOf(rows.all, title, 20).join("\n"), /127\.0\.0\.1:1 +ready/);
  assert.match(linesOf([], title, 80).join("\n"), /None is registered/);
  assert.match(linesOf([], { ...title, isStale: true }, 80).join("\n"), /cannot be asked/);
});

Deno.test("programs are told whether a server answers, and what it does", async () => {
  const { answers, rows } = rig();
  answers.set(1, stats({ fib: 1 }));
  await rows.update([instance(1, { zone: "a" })]);
  const [row] = rows.all;
  assert.ok(row);
  const here = eventJson({ event: "here", row });
  assert.deepEqual(
    [here.event, here.address, here.zone, here.state, here.answers, here.inFlight],
    ["here", "127.0.0.1:1", "a", "ready", true, 2],
  );
  const gone = eventJson({ event: "gone", row });
  assert.deepEqual([gone.state, gone.answers], ["gone", false]);
});
