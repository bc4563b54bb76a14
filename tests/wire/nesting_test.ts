import assert from "node:assert/strict";
import { isNestedDeeper } from "../../src/wire/nesting.ts";

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
