import assert from "node:assert/strict";
import { displayWidth, ellipsized, fitted, padded, wrapped } from "../../src/terminal/width.ts";

Deno.test("wide characters take two columns, joining ones none, colours none", () => {
  const cases: [string, number][] = [
    ["", 0],
    ["zone a", 6],
    ["東京", 4],
    ["서울 1", 6],
    ["ｆｕｌｌ", 8],
    ["e\u0301", 1],
    ["😀", 2],
    ["\x1b[1;32mgreen\x1b[0m", 5],
    ["█░▁", 3],
    ["👨‍👩‍👧", 2],
    ["🇩🇪", 2],
    ["❤️", 2],
    ["☕", 2],
    ["⚡", 2],
    ["🫠", 2],
    ["1️⃣", 2],
  ];
  for (const [text, width] of cases) assert.equal(displayWidth(text), width, JSON.stringify(text));
});

Deno.test("a text is cut where it no longer fits, never in the middle of a wide character", () => {
  assert.equal(fitted("abc", 3), "abc");
  assert.equal(fitted("abcd", 3), "abc");
  assert.equal(fitted("東京都", 5), "東京");
  assert.equal(fitted("↑↓ abcdefghij", 6), "↑↓ abc");
  assert.equal(fitted("abc █ defghij", 8), "abc █ de");
  assert.equal(fitted("█░█░█░", 3), "█░█");
  assert.equal(fitted("abc", 0), "");
  assert.equal(fitted("東京都", 6), "東京都");
  assert.equal(fitted("👨‍👩‍👧👨‍👩‍👧", 3), "👨‍👩‍👧");
  assert.equal(displayWidth(fitted("☕☕☕", 5)), 4);
});

Deno.test("an ellipsis stands for what was cut off, within the width", () => {
  assert.equal(ellipsized("abcd", 4), "abcd");
  assert.equal(ellipsized("abcde", 4), "abc…");
  assert.equal(ellipsized("东京都", 5), "东京…");
  assert.equal(ellipsized("a\x07bcd", 4), "abcd");
  assert.equal(ellipsized("ab", 1), "…");
  assert.equal(ellipsized("ab", 0), "");
});

Deno.test("colours survive the cut and end there", () => {
  assert.equal(fitted("\x1b[31mred\x1b[39m!", 4), "\x1b[31mred\x1b[39m!");
  assert.equal(fitted("\x1b[31mred\x1b[39m!", 2), "\x1b[31mre\x1b[0m");
});

Deno.test("whatever else could move the cursor is left out", () => {
  assert.equal(fitted("a\x1b[2Jb\r\n\x07c\x9b", 20), "a[2Jbc");
});

Deno.test("padding counts columns", () => {
  assert.equal(padded("東京", 6), "東京  ");
  assert.equal(padded("abc", 2), "abc");
});

Deno.test("long text is broken at spaces, and what follows is indented", () => {
  assert.equal(wrapped("a bb ccc dddd", 8, 2), "a bb ccc\n  dddd");
  assert.equal(wrapped("a bb ccc dddd", Infinity, 2), "a bb ccc dddd");
  assert.equal(wrapped("unbreakable words", 4, 2), "unbreakable\n  words");
  assert.equal(wrapped("aaa bb cc dd e", 5, 2), "aaa\n  bb\n  cc\n  dd\n  e");
  assert.equal(wrapped("aaa bb cc dd e", 7, 2), "aaa bb\n  cc dd\n  e");
  assert.equal(wrapped("", 4, 2), "");
  assert.equal(wrapped("世界 世界 a", 9, 2), "世界 世界\n  a");
});

Deno.test("a long text of short words is not measured anew for each of them", () => {
  // A time that grows by the square of this is hours.
  const text = "a ".repeat(1_000_000);
  assert.equal(wrapped(text, Infinity, 2), text);
});
