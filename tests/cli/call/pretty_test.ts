import assert from "node:assert/strict";
import { prettyText } from "../../../src/cli/call/pretty.ts";

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
