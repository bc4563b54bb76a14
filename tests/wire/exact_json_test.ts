import assert from "node:assert/strict";
import { isExactAnyway, parseExactly } from "../../src/wire/exact_json.ts";
import * as fc from "../support/fast_check.ts";
import "../../src/wire/unread/brackets.ts";

const digits = (max: number) =>
  fc.string({ unit: fc.constantFrom(..."0000123456789"), minLength: 1, maxLength: max });

/** Numbers as anybody may write them in JSON. */
const numbers = fc.tuple(
  fc.constantFrom("", "-"),
  digits(24).map((text) => text.replace(/^0+(?=\d)/, "")),
  fc.oneof(fc.constant(""), digits(24).map((text) => `.${text}`)),
  fc.oneof(
    { weight: 4, arbitrary: fc.constant("") },
    fc.tuple(fc.constantFrom("e", "E", "e+", "e-"), digits(3)).map((parts) => parts.join("")),
  ),
).map((parts) => parts.join(""));

Deno.test("numbers pass through as they were written, whatever stands around them", () => {
  const texts = fc.array(fc.oneof(numbers, fc.string().map((text) => JSON.stringify(text))));
  fc.assert(
    fc.property(texts, (parts) => {
      const text = `{"a":[${parts.join(",")}],"b":{"c":[${parts.join(",")}]}}`;
      assert.equal(JSON.stringify(parseExactly(text)), text);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("in long text, too, wherever it is cut to be looked at", () => {
  // Long enough for more than one look, with numbers and texts at all places around its end.
  const before = `1.5,0,"\\"é,1.0",100.05,0.05,-3,`.repeat(2_200);
  fc.assert(
    fc.property(fc.nat(60), fc.array(numbers, { maxLength: 3 }), (spaces, parts) => {
      const text = `[${"1,".repeat(9)}"${"x".repeat(spaces)}",${before}${[...parts, 1].join(",")}]`;
      assert.equal(JSON.stringify(parseExactly(text)), text);
      assert.equal(isExactAnyway(text), isExactAnyway(`[${[...parts, 1].join(",")}]`));
    }),
    { numRuns: 100 },
  );
});

Deno.test("what JavaScript writes is never taken for a number that it would change", () => {
  fc.assert(
    fc.property(fc.oneof(fc.double({ noNaN: true }), fc.integer(), fc.float()), (number) => {
      if (!Number.isFinite(number) || Object.is(number, -0)) return;
      assert.ok(isExactAnyway(JSON.stringify([number, { a: number }])));
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("other JSON is what JSON.parse makes of it", () => {
  fc.assert(fc.property(fc.json(), (text) => {
    if (isExactAnyway(text)) assert.deepEqual(parseExactly(text), JSON.parse(text));
  }));
  for (const text of ["", "[1", "1e", "-", '{"a":01}', "[1.]", "9007199254740993x"]) {
    assert.throws(() => parseExactly(text), SyntaxError, text);
  }
});
