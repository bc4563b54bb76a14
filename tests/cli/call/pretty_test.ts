import assert from "node:assert/strict";
import { prettyText } from "../../../src/cli/call/pretty.ts";
import { displayWidth } from "../../../src/terminal/width.ts";
import { parseExactly } from "../../../src/wire/exact_json.ts";

Deno.test("a result on a terminal is one line if it fits, else broken where it does not, and JSON", () => {
  assert.equal(prettyText([1, 2, 3], 20), "[1,2,3]");
  const value = { name: "a long enough text", sizes: [1, 2, 3], empty: {}, 東京: [["東京都"]] };
  const text = prettyText(value, 30);
  assert.deepEqual(JSON.parse(text), value);
  assert.equal(text.split("\n")[2], '  "sizes": [1,2,3],');
  assert.equal(prettyText("x".repeat(50), 30), JSON.stringify("x".repeat(50)));
});

Deno.test("what a terminal would obey is escaped, and still the same JSON", () => {
  const text = prettyText("a\x9b2Jb\u202e", 80);
  assert.equal(text, '"a\\u009b2Jb\\u202e"');
});

Deno.test("no line is wider than the terminal but one that cannot be broken, its comma included", () => {
  const value = {
    "a rather long name of a member": { one: [1, 2, 3], two: [{ 東京: "東京都" }, { b: "👩‍💻👍🏽" }] },
    "東京都の名前": ["東京都千代田区", "👍👍👍👍", "é".repeat(12)],
    deep: [[[[[[{ x: [], y: {}, z: [null, true, false] }]]]]]],
    hidden: ["\u202e\u202e\u202e\u202e\u202e"],
    numbers: Array.from({ length: 300 }, (_, i) => i * 7_919),
  };
  for (let columns = 40; columns <= 200; columns++) {
    const text = prettyText(value, columns);
    assert.deepEqual(JSON.parse(text), value);
    for (const line of text.split("\n")) {
      assert.ok(displayWidth(line) <= columns, `${displayWidth(line)} of ${columns}: ${line}`);
    }
  }
});

Deno.test("a member's name takes room from its own line, and none from those inside", () => {
  const text = prettyText({ "a name of twenty c.": [{ a: 1, b: 2 }, { a: 3, b: 4 }] }, 24);
  assert.deepEqual(text.split("\n").slice(2, 4), ['    {"a":1,"b":2},', '    {"a":3,"b":4}']);
});

Deno.test("ten thousand numbers fill their lines, and exact ones are numbers too", () => {
  const numbers = Array.from({ length: 10_000 }, (_, i) => i);
  const text = prettyText(numbers, 80);
  assert.deepEqual(JSON.parse(text), numbers);
  assert.ok(text.split("\n").length < 1_000, `${text.split("\n").length} lines`);
  const exact = prettyText(parseExactly("[12345678901234567890,12345678901234567891]"), 40);
  assert.equal(exact, "[\n  12345678901234567890,\n  12345678901234567891\n]");
});

Deno.test("short values share lines, and texts have lines of their own", () => {
  assert.equal(
    prettyText([true, false, null, 1, 20, 300, 4_000], 16),
    "[\n  true, false,\n  null, 1, 20,\n  300, 4000\n]",
  );
  assert.equal(prettyText([true, "a text", null], 16), '[\n  true,\n  "a text",\n  null\n]');
});

Deno.test("a large result that does not fit is broken in a moment, however deep", () => {
  let value: unknown = Array.from({ length: 20_000 }, (_, i) => `text ${i}`);
  for (let depth = 0; depth < 60; depth++) value = { depth, value };
  assert.deepEqual(JSON.parse(prettyText(value, 80)), value);
});
