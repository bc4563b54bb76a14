import assert from "node:assert/strict";
import { decodeFailure, encodeFailure, failureText } from "../../src/workers/failure_report.ts";
import { stderrLineLengthMax } from "../../src/workers/process/stderr_lines.ts";

Deno.test("a failure comes out of its line as it went in", () => {
  const report = { message: "risky failed: Error: a\nb \x1b[31m世界", stack: ["at a (b.ts:1:2)"] };
  const line = encodeFailure(report);
  assert.equal(line.includes("\n"), false);
  assert.deepEqual(decodeFailure(line), report);
});

Deno.test("where nobody reads the lines a failure is told in some that are safe to print", () => {
  const stack = [
    "at a (C:\\jobs\\b.ts:1:2)",
    "Caused by Error: \x1b[31m\x9b\u2028\u115f of ftp://u:p@h",
  ];
  assert.deepEqual(failureText({ message: "risky failed: Error: a\nb 世界", stack }).split("\n"), [
    "risky failed: Error: a\\nb 世界",
    "    at a (C:\\jobs\\b.ts:1:2)",
    "    Caused by Error: \\u001b[31m\\u009b\\u2028\\u115f of ftp://u:***@h",
  ]);
});

Deno.test("whatever fails, its line fits what is logged", () => {
  for (const character of ["y", "世", "\u0001"]) {
    const stack = Array.from({ length: 500 }, () => character.repeat(10_000));
    const line = encodeFailure({ message: character.repeat(100_000), stack });
    assert.ok(line.length < stderrLineLengthMax, `${line.length}`);
    assert.ok((decodeFailure(line)?.stack.length ?? 0) > 0);
  }
});

Deno.test("what only looks like a failure is what somebody has printed", () => {
  const others = [
    ...["", "x", '{"message":"a","stack":[]}', "\x1e", "\x1e{", "\x1enull", '\x1e{"message":1}'],
    '\x1e{"message":"a","stack":"b"}',
  ];
  for (const line of others) assert.equal(decodeFailure(line), undefined, line);
});
