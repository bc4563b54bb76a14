import assert from "node:assert/strict";
import { checkNumber, numberFault } from "../../src/base/checks.ts";

Deno.test("a number is taken within its bounds, and where none is given", () => {
  for (const value of [undefined, 0, 0.5, 10]) {
    assert.equal(numberFault(value, { name: "n", bounds: [0, 10] }), undefined);
  }
  checkNumber(10, { name: "n", bounds: [0, 10], whole: true });
});

Deno.test("what is no such number is told by its name, its bounds and what it was", () => {
  const rule = { name: "workers", bounds: [1, 9], whole: true } as const;
  const expected = "Cannot use workers: it must be a whole number from 1 to 9 (got ";
  for (
    const [value, shown] of [
      [0, "0"],
      [1.5, "1.5"],
      [NaN, "NaN"],
      [Infinity, "Infinity"],
      ["3", '"3"'],
      [null, "null"],
      [{}, "an object"],
      [[], "an object"],
      [() => 1, "a function"],
      [Symbol("s"), "Symbol(s)"],
      [1n, "1n"],
      [true, "true"],
    ]
  ) {
    assert.throws(() => checkNumber(value, rule), {
      name: "InvalidParams",
      executed: "no",
      message: `${expected}${String(shown)})`,
    });
  }
});

Deno.test("a number without a least one is told what it may be at the most", () => {
  const rule = { name: "timeoutMs", bounds: [-Number.MAX_VALUE, 9] } as const;
  assert.equal(numberFault(-1, rule), undefined);
  assert.throws(() => checkNumber(10, rule), {
    message: "Cannot use timeoutMs: it must be a number of at most 9 (got 10)",
  });
});
