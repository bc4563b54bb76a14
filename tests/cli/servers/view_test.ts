import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { linesOf } from "../../../src/cli/servers/table.ts";
import { ServersView } from "../../../src/cli/servers/view.ts";
import type { ServerRow } from "../../../src/library/survey/server_rows.ts";
import { displayWidth } from "../../../src/terminal/width.ts";
import { anInstance } from "../../discovery/recorder.ts";

function row(port: number, fields: Partial<ServerRow> = {}, zone = ""): ServerRow {
  return {
    instance: anInstance({
      id: `id-${port}`,
      host: "10.0.0.1",
      port,
      zone,
      cluster: "a".repeat(20),
    }),
    isListed: true,
    state: "ready",
    answerMs: 1,
    problem: undefined,
    validToMs: undefined,
    stats: undefined,
    callsPerSecond: port,
    busiest: undefined,
    ...fields,
  };
}

const rows = [row(1, {}, "east"), row(2, { state: "no answer" }, "west"), row(3, {}, "East")];
const title = { registry: "local:", service: "rpc", isStale: false };

function press(view: ServersView, ...keys: string[]): boolean {
  view.arrange(rows);
  return keys.map((key) => {
    const isLast = view.press(key);
    view.arrange(rows);
    return isLast;
  }).some((isLast) => isLast);
}

function portsOf(view: ServersView): number[] {
  return view.arrange(rows).map(({ instance }) => instance.port);
}

Deno.test("s goes through the columns, greatest first, and r turns the order round", () => {
  const view = new ServersView();
  assert.deepEqual(portsOf(view), [1, 2, 3]);
  press(view, "s");
  assert.deepEqual(portsOf(view), [2, 1, 3], "no answer, ready, ready");
  press(view, "s");
  assert.deepEqual([view.sort, portsOf(view)], ["calls/s", [3, 2, 1]]);
  press(view, "r");
  assert.deepEqual(portsOf(view), [1, 2, 3]);
});

Deno.test("a server that tells nothing comes last, and a drained one is found and sorted by that word", () => {
  const view = new ServersView();
  const one = row(1, { callsPerSecond: 0 });
  const silent = row(2, { callsPerSecond: undefined });
  const drained = row(3);
  const all = [silent, one, { ...drained, instance: { ...drained.instance, drained: true } }];
  const ports = () => view.arrange(all).map(({ instance }) => instance.port);
  press(view, "s");
  assert.deepEqual([view.sort, ports()], ["state", [3, 2, 1]]);
  press(view, "s");
  assert.deepEqual([view.sort, ports()], ["calls/s", [3, 1, 2]]);
  view.filter = "drained";
  assert.deepEqual(ports(), [3]);
});

Deno.test("a filter takes every key until Enter or Esc, q too", () => {
  const view = new ServersView();
  assert.equal(press(view, "/", "E", "A", "q", "backspace", "s", "t"), false);
  assert.deepEqual([view.filter, portsOf(view)], ["EAst", [1, 3]]);
  press(view, "enter");
  assert.equal(view.isTyping, false);
  assert.equal(view.selected, "id-1");
  press(view, "escape");
  assert.deepEqual(portsOf(view), [1, 2, 3]);
  press(view, "/", "x", "escape");
  assert.equal(view.filter, "");
});

Deno.test("Enter opens the server that is chosen, also when the order changes under it", () => {
  const view = new ServersView();
  press(view, "down", "down", "down");
  assert.equal(view.selected, "id-3");
  press(view, "s", "s", "enter");
  assert.equal(view.opened, "id-3");
  assert.equal(press(view, "q"), false);
  assert.equal(view.opened, undefined);
  press(view, "page up", "k");
  assert.equal(view.selected, "id-3", "the first of those by calls/s");
  assert.equal(press(view, "q"), true);
  assert.equal(press(new ServersView(), "j", "/", "enter", "enter"), false);
});

Deno.test("no line of the table is wider than the terminal, nor one more than it is high", () => {
  const many = Array.from({ length: 100 }, (_, i) => row(i + 1, {}, "zone ".repeat(i)));
  for (const width of [60, 80, 120, 200]) {
    const view = new ServersView();
    view.arrange(many);
    for (let i = 0; i < 50; i++) view.press("down");
    const lines = linesOf(many, title, width, view, 20).map(stripVTControlCharacters);
    assert.ok(lines.length <= 20, `${lines.length} lines`);
    assert.ok(displayWidth(lines[1] ?? "") <= width);
    assert.ok(lines.some((line) => line.includes("10.0.0.1:51 ")), "the chosen one is in view");
  }
});

Deno.test("the methods of a server are shown with what has come of their calls", () => {
  const view = new ServersView();
  const methods = {
    fib: { calls: 3, errors: { InvalidParams: 2 }, latency: { p50Ms: 1, p99Ms: 1234.5 } },
  };
  const stats = {
    ...{ service: "rpc", version: "", uptimeMs: 1, draining: false, connections: 1 },
    ...{ inFlight: 0, queued: 0, workers: { size: 1, busy: 0, restarts: 0 }, methods },
  };
  const own = [row(7, { stats })];
  view.arrange(own);
  view.press("enter");
  const text = linesOf(own, title, 80, view, 24).map(stripVTControlCharacters).join("\n");
  assert.match(text, /^10\.0\.0\.1:7 +id-7/);
  assert.match(text, /fib +3 +2 InvalidParams +1 ms +1235 ms/);
  assert.match(linesOf([], title, 80, view, 24).join("\n"), /The server has gone/);
});
