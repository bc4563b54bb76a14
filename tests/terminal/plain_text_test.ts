import assert from "node:assert/strict";
import * as fc from "fast-check";
import { plainLine, plainText } from "../../src/terminal/plain_text.ts";

Deno.test("what a terminal obeys or hides becomes visible", () => {
  const cases: readonly (readonly [text: string, plain: string])[] = [
    ["\x1b]0;title\x07", "\\u001b]0;title\\u0007"],
    ["\x9b2J", "\\u009b2J"],
    ["a\rb", "a\\u000db"],
    ["\x7f\b", "\\u007f\\u0008"],
    ["user\u202egnp.exe", "user\\u202egnp.exe"],
    ["\u2066a\u2069\u200f\u061c", "\\u2066a\\u2069\\u200f\\u061c"],
    ["a\u2028b\u200b\ufeff", "a\\u2028b\\u200b\\ufeff"],
    ["\u{e0041}", "\\udb40\\udc41"],
  ];
  for (const [text, plain] of cases) {
    assert.equal(plainText(text), plain);
    assert.equal(plainLine(text), plain);
  }
});

Deno.test("what people write stays as it is", () => {
  for (const text of ["", "fib 10", "日本語", "naïve é", "👩‍💻 नमस्ते", "می‌خواهم", "C:\\new"]) {
    assert.equal(plainText(text), text);
    assert.equal(plainLine(text), text);
  }
});

Deno.test("a text keeps its lines, and a line has none", () => {
  assert.equal(plainText("one\r\n\ttwo\n"), "one\n\ttwo\n");
  assert.equal(plainText("one\r\n\x1b"), "one\n\\u001b");
  assert.equal(plainLine("one\n\ttwo"), "one\\n\\ttwo");
});

Deno.test("JSON means the same afterwards, and any text has nothing unseen", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.equal(JSON.parse(plainText(JSON.stringify(text))), text);
    assert.doesNotMatch(plainLine(text), /\p{Cc}|[\u2028-\u202e\u2066-\u2069]/u);
  }));
});
