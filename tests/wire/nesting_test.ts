import assert from "node:assert/strict";
import { isNestedDeeper, isOneValue } from "../../src/wire/nesting.ts";
import { Brackets } from "../../src/wire/unread/brackets.ts";
import * as fc from "../support/fast_check.ts";

Deno.test("isNestedDeeper() counts arrays and objects alike (P-6)", () => {
  assert.equal(isNestedDeeper('[{"a":[{"b":1}]}]', 4), false);
  assert.equal(isNestedDeeper('[{"a":[{"b":1}]}]', 3), true);
  assert.equal(isNestedDeeper("[[],[],[],[],[]]", 2), false);
});

Deno.test("isNestedDeeper() sees through strings and their escapes (P-6)", () => {
  assert.equal(isNestedDeeper('["[[[[[[", "]"]', 1), false);
  assert.equal(isNestedDeeper('["\\"[[[[[["]', 1), false);
  assert.equal(isNestedDeeper('["\\\\",[[1]],"x"]', 2), true);
  assert.equal(isNestedDeeper('["\\\\\\"[[[["]', 1), false);
});

Deno.test("isNestedDeeper() ends on text that is not JSON (P-6)", () => {
  assert.equal(isNestedDeeper('"never closed [[[[[[[[', 1), false);
  assert.equal(isNestedDeeper("]]]]]][[[[[[[[[[[[[[[", 20), false);
  assert.equal(isNestedDeeper("[".repeat(1_000_000), 64), true);
});

Deno.test("isNestedDeeper() looks past long stretches without brackets", () => {
  const numbers = Array.from({ length: 100 }, (_, i) => i).join();
  assert.equal(isNestedDeeper(`[[${numbers}],[${numbers},[1]]]`, 2), true);
  assert.equal(isNestedDeeper(`[[${numbers}],[${numbers},"[[["]]`, 2), false);
  assert.equal(isNestedDeeper(`[${numbers}`, 1), false);
  assert.equal(isNestedDeeper(`[[],[1]]${" ".repeat(100)}`, 2), false);
});

Deno.test("isOneValue() is true only of what ends where it is said to", () => {
  const numbers = Array.from({ length: 100 }, (_, i) => i).join();
  const values = ["[]", "{}", `[${numbers}]`, `{"a":[${numbers}]}`, '["]",{"}":"\\""}]', '"a\\"]"'];
  for (const text of values) assert.equal(isOneValue(text, 64), true, text);
  const others = [
    ...["", "1", "null", "[", "]", "[]]", "[][]", "{}{}", '[],"id":9,"x":[]', '[1],"x":2', '["]'],
    ...['"a"b"', '"a', '"a\\"', "[[[]]", `[${numbers}`, `[${numbers}],[${numbers}]`, "[] ", " []"],
  ];
  for (const text of others) assert.equal(isOneValue(text, 64), false, text);
  assert.equal(isOneValue("[[[]]]", 2), false);
});

/** What brackets and quotes may stand among, also at both sides of 64 bytes that hold none. */
const parts = fc.constantFrom(
  ...["[", "]", "{", "}", '"', "\\", "a", ",", "[]", '"a"', "é", "1".repeat(30), "x".repeat(70)],
);

Deno.test("brackets are the same in bytes, wherever they are cut into parts", () => {
  fc.assert(fc.property(fc.array(parts), fc.array(fc.nat(9)), (list, cuts) => {
    const text = `[${list.join("")}]`;
    const bytes = new TextEncoder().encode(text);
    const brackets = new Brackets(3);
    let at = 0;
    let isGood = true;
    let isAscii = true;
    for (const cut of [...cuts, bytes.length]) {
      const end = Math.min(bytes.length, at + cut);
      isGood &&= brackets.pass(bytes, at, end);
      isAscii &&= brackets.isAscii;
      at = end;
    }
    assert.equal(isGood && brackets.haveEnded, isOneValue(text, 3), text);
    if (isGood) assert.equal(isAscii, !text.includes("é"), text);
  }));
});

Deno.test("bytes are one value only if nothing stands before or behind it", () => {
  // Also where it ends with what is looked at in one go.
  for (const value of ["[]", '"a"', `["${"x".repeat(65_532)}"]`]) {
    for (const text of [value, `1${value}`, `${value}1`, `${value}${value}`]) {
      const bytes = new TextEncoder().encode(text);
      const brackets = new Brackets(3);
      const isGood = brackets.pass(bytes, 0, bytes.length);
      assert.equal(isGood && brackets.haveEnded, text === value);
    }
  }
});

Deno.test("long dense text is judged by its bytes as short text is by its characters (P-6)", () => {
  const before = `"\\"é]",[{}],`.repeat(300);
  fc.assert(fc.property(fc.array(parts), (list) => {
    const text = list.join("");
    assert.equal(isOneValue(`[${before}${text}]`, 3), isOneValue(`[[{}],${text}]`, 3), text);
    // Of what is no JSON the answer is arbitrary, also that it is too short for four pairs.
    const short = `[         ${text}]`;
    assert.equal(isNestedDeeper(`[${before}${text}]`, 3), isNestedDeeper(short, 3), text);
  }));
  for (const text of [`${before}[]`, `1[${before}1]`, `[${before}1] `, `[${before}"`]) {
    assert.equal(isOneValue(text, 64), false);
  }
  // Longer than what is looked at in one go.
  const long = before.repeat(30);
  assert.equal(isOneValue(`[${long}[[[]]]]`, 4), true);
  assert.equal(isOneValue(`[${long}[[[]]]]`, 3), false);
  assert.equal(isOneValue(`[${long}],[${long}]`, 3), false);
});
