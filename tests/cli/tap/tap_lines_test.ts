import assert from "node:assert/strict";
import { jsonOf, TapLines } from "../../../src/cli/tap/tap_lines.ts";
import { displayWidth } from "../../../src/terminal/width.ts";
import { instanceAt } from "../../support/fake_discovery.ts";

const instance = instanceAt(7);

Deno.test("calls that are not told have a line of their own, or one before the next call", () => {
  const event = {
    atMs: 0,
    caller: null,
    from: "127.0.0.1:1",
    method: "m",
    params: "[1]",
    outcome: "ok",
    ms: 1,
  };
  const lines = new TapLines();
  assert.deepEqual(lines.of(instance, { missed: 1 }, undefined), ["... 1 more call, not shown"]);
  const [first, second, ...rest] = lines.of(instance, { ...event, missed: 2 }, undefined);
  assert.equal(first, "... 2 more calls, not shown");
  assert.match(second ?? "", /m\(1\)$/);
  assert.deepEqual(rest, []);
  assert.equal(lines.of(instance, { ...event, missed: 0 }, undefined).length, 1);
});

Deno.test("a line that is too long for the terminal ends with an ellipsis, Chinese included", () => {
  for (const columns of [60, 80, 120, 200]) {
    const [line = ""] = new TapLines().of(instance, {
      ...{ atMs: 0, caller: null, from: "127.0.0.1:1", outcome: "ok", ms: 1, missed: 0 },
      ...{ method: "计算图片的缩放尺寸", params: `["${"图片".repeat(60)}"]` },
    }, columns);
    assert.match(line, /…$/);
    assert.ok(displayWidth(line) <= columns && displayWidth(line) >= columns - 1, line);
  }
});

Deno.test("a line tells the method on the narrowest terminal, and of an error its name", () => {
  const event = {
    ...{ atMs: 0, caller: null, from: "127.0.0.1:1", ms: 12.34, missed: 0 },
    ...{ method: "resize", params: "[1]" },
  };
  const [ok] = new TapLines().of(instance, { ...event, outcome: "ok" }, 30);
  assert.equal(ok, " 12.3 ms  resize(1)");
  const outcome = "NotFound";
  const [failed = ""] = new TapLines().of(instance, { ...event, outcome, message: "no" }, 40);
  assert.match(failed, /12\.3 ms {2}NotFound {2}resize\(1\): no/);
});

Deno.test("the wider the terminal, the more of a call is told, and columns keep their width", () => {
  const lines = new TapLines();
  const event = {
    ...{ atMs: Date.UTC(2026, 0, 1, 12, 34, 56, 789), from: "10.0.0.7:1", ms: 12.34, missed: 0 },
    ...{ method: "m", params: null, outcome: "ok" },
  };
  const lineOf = (port: number, caller: string | null, columns?: number) =>
    lines.of(instanceAt(port), { ...event, caller }, columns).join("");
  assert.match(
    lineOf(12_345, "the-name-of-alice", 200),
    /^12:34:56\.789Z +12\.3 ms {2}ok +127\.0\.0\.1:12345 {2}the-name-of-alice {2}m\(\?\)$/,
  );
  assert.match(lineOf(7, null, 200), / 127\.0\.0\.1:7 {4} {2}10\.0\.0\.7:1 {7} {2}m\(\?\)$/);
  assert.match(lineOf(7, null, 100), /^12:34:56 +12\.3 ms {2}ok +127\.0\.0\.1:7 {4} {2}m\(\?\)$/);
  assert.match(lineOf(7, null, 60), /^12:34:56 +12\.3 ms {2}ok +m\(\?\)$/);
  assert.match(lineOf(7, null), /^12:34:56\.789Z .*10\.0\.0\.7:1 {7} {2}m\(\?\)$/);
});

Deno.test("what a caller names a method costs programs no line", () => {
  const event = {
    ...{ atMs: 0, caller: null, from: "127.0.0.1:1", params: "[]", outcome: "ok", ms: 1 },
    ...{ method: "a\ud800", missed: 0 },
  };
  assert.equal(JSON.parse(jsonOf(instance, event)).method, "a\ufffd");
});

Deno.test("for programs a number of calls is no call", () => {
  assert.deepEqual(JSON.parse(jsonOf(instance, { missed: 3 })), {
    server: "127.0.0.1:7",
    id: "instance-7",
    missed: 3,
  });
});
