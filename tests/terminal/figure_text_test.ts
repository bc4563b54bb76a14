import assert from "node:assert/strict";
import {
  counted,
  milliseconds,
  perSecond,
  rounded,
  seconds,
} from "../../src/terminal/figure_text.ts";

Deno.test("calls a second are those of a second, and none where no time has passed", () => {
  assert.equal(perSecond(30, 1_500), 20);
  assert.equal(perSecond(1, 0.5), 2_000);
  assert.equal(perSecond(30, 0), 0);
});

Deno.test("seconds have more decimals while they are few", () => {
  assert.deepEqual([0, 1_234, 9_999, 10_000, 123_456].map(seconds), [
    ...["0.000", "1.234", "9.999", "10.0", "123.5"],
  ]);
});

Deno.test("numbers have three significant digits, and whole ones from a hundred on", () => {
  assert.deepEqual([0.012345, 1, 99.94, 100, 100.6, 123_456].map(rounded), [
    ...["0.0123", "1.00", "99.9", "100", "101", "123456"],
  ]);
  assert.equal(milliseconds(1.234), "1.23 ms");
});

Deno.test("a noun is of one or of many", () => {
  assert.deepEqual([0, 1, 2].map((count) => counted(count, "call")), [
    ...["0 calls", "1 call", "2 calls"],
  ]);
  assert.deepEqual([counted(1, "retry"), counted(3, "retry")], ["1 retry", "3 retries"]);
});
