import assert from "node:assert/strict";
import * as fc from "fast-check";
import { Brackets, isNestedDeeper, isOneValue } from "../../src/wire/nesting.ts";

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

Deno.test("brackets are the same wherever a text is cut into parts", () => {
  const parts = fc.constantFrom(
    "[",
    "]",
    "{",
    "}",
    '"',
    "\\",
    "a",
    ",",
    "[]",
    '"a"',
    "1".repeat(30),
  );
  fc.assert(fc.property(fc.array(parts), fc.array(fc.nat(9)), (list, cuts) => {
    const text = `[${list.join("")}]`;
    const brackets = new Brackets(3, true);
    let at = 0;
    let isGood = true;
    for (const cut of [...cuts, text.length]) {
      isGood &&= brackets.pass(text.slice(at, at + cut));
      at = Math.min(text.length, at + cut);
    }
    assert.equal(isGood && brackets.haveEnded, isOneValue(text, 3), text);
  }));
});
