import assert from "node:assert/strict";
import {
  exactNumber,
  isKept,
  withPlainNumbers,
  withRoundedNumbers,
} from "../../../src/base/values/exact_numbers.ts";

Deno.test("numbers that mean the same in JavaScript become its own", () => {
  for (const [text, number] of [["1.0", 1], ["1e3", 1000], ["0.10", 0.1], ["0.0", 0]] as const) {
    assert.deepEqual(withPlainNumbers(exactNumber(text)), { value: number });
    assert.deepEqual(withPlainNumbers([{ a: exactNumber(text) }]), { value: [{ a: number }] });
  }
  assert.ok(Object.is(withPlainNumbers(exactNumber("-0")).value, -0));
  // A fraction is near enough by nature.
  assert.deepEqual(withPlainNumbers(exactNumber("0.1000000000000000055")), { value: 0.1 });
});

Deno.test("one that would become another number is named with its place", () => {
  for (const text of ["9007199254740993", "-12345678901234567890", "1e999", "-1e999", "1e-999"]) {
    const { changed } = withPlainNumbers({ a: ["x", exactNumber(text)] });
    assert.deepEqual(changed, { text, path: ["a", 1] });
  }
  assert.deepEqual(withPlainNumbers(exactNumber("1e999")).changed, { text: "1e999", path: [] });
});

Deno.test("what is only looked at takes the nearest number", () => {
  assert.deepEqual(withRoundedNumbers({ most: exactNumber("9223372036854775807") }), {
    most: 9223372036854775807,
  });
});

Deno.test("a number is kept if JavaScript writes it as it is written", () => {
  assert.ok(["0", "-1", "0.1", "1e+21", "9007199254740992"].every(isKept));
  assert.ok(!["-0", "1.0", "1e3", "9007199254740993", "1e999"].some(isKept));
});
