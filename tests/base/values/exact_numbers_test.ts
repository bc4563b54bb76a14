import assert from "node:assert/strict";
import {
  exactNumber,
  isChangedId,
  isKept,
  withPlainNumbers,
  withRoundedNumbers,
} from "../../../src/base/values/exact_numbers.ts";

Deno.test("numbers that mean the same in JavaScript become its own", () => {
  const same: readonly [string, number][] = [
    ...[["1.0", 1], ["1e3", 1000], ["0.10", 0.1], ["0.0", 0], ["0e999", 0]] as [string, number][],
    ["9007199254740992.0", 2 ** 53],
    ["90071992547409920e-1", 2 ** 53],
    ["1.0e23", 1e23],
    ["18446744073709552000.00", 2 ** 64],
    ["9.2233720368547758e+18", 2 ** 63],
    ["-9.9999999999999992E+22", -1e23],
    [`${BigInt(Number.MAX_VALUE)}.0`, Number.MAX_VALUE],
    ["1797693134862315700000E+287", Number.MAX_VALUE],
    // More digits than JavaScript writes, and a zero behind them.
    [`${5n * 2n ** 950n}.0`, 5 * 2 ** 950],
  ];
  for (const [text, number] of same) {
    assert.deepEqual(withPlainNumbers(exactNumber(text)), { value: number });
    assert.deepEqual(withPlainNumbers([{ a: exactNumber(text) }]), { value: [{ a: number }] });
  }
  assert.ok(Object.is(withPlainNumbers(exactNumber("-0")).value, -0));
  // A fraction is near enough by nature.
  assert.deepEqual(withPlainNumbers(exactNumber("0.1000000000000000055")), { value: 0.1 });
});

Deno.test("one that would become another number is named with its place", () => {
  const others = [
    ...["9007199254740993", "-12345678901234567890", "1e999", "-1e999", "1e-999", "0.1e-400"],
    ...[
      "9007199254740993.0",
      "9007199254740993e0",
      "-90071992547409930E-1",
      "9.007199254740993e15",
    ],
    ...["123456789012345678e3", "9007199254740993.000", `${BigInt(Number.MAX_VALUE) - 1n}e0`],
    ...["9223372036854775808"],
  ];
  for (const text of others) {
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

Deno.test("an id is another one if any part of it would be rounded (P-8)", () => {
  const isChanged = (text: string) => isChangedId(exactNumber(text));
  const changed = ["9007199254740990.5", "1.00000000000000000001", "9007199254740993", "1e999"];
  assert.deepEqual(changed.filter((text) => !isChanged(text)), []);
  assert.deepEqual(["1.0", "1e0", "-0", "0.50", "10E-1", "1.5e1"].filter(isChanged), []);
  assert.equal(isChangedId(7) || isChangedId("9007199254740993") || isChangedId(undefined), false);
});
