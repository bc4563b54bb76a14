import assert from "node:assert/strict";
import * as fc from "fast-check";
import { describeFault, jsonFaultOf } from "../../../src/base/values/json_fault.ts";
import { jsonValuesMax, nestingMax } from "../../../src/base/limits.ts";

function textOf(value: unknown): string {
  const fault = jsonFaultOf(value);
  assert.ok(fault !== undefined);
  return describeFault(fault, "return");
}

class Point {
  readonly x: number;

  constructor(x: number) {
    this.x = x;
  }
}

class Price {
  readonly #cents = 5;
  toJSON() {
    return { cents: this.#cents };
  }
}

Deno.test("what JSON cannot express is named, with what to write in its place (P-17)", () => {
  const cases: readonly (readonly [value: unknown, text: RegExp])[] = [
    [new Map(), /^a Map, which JSON cannot express: return Object\.fromEntries\(map\)$/],
    [new Set([1]), /^a Set, .*\[\.\.\.set\]/],
    [new Error("x"), /^an Error, .*error\.message/],
    [new TypeError("x"), /^a TypeError/],
    [new ArrayBuffer(2), /^an ArrayBuffer, .*toBase64/],
    [new Uint8Array(2), /^a Uint8Array, .*bytes\.toBase64\(\)/],
    [new Float64Array(2), /^a Float64Array, .*\[\.\.\.array\]/],
    [new DataView(new ArrayBuffer(2)), /^a DataView/],
    [new Date(NaN), /^an invalid Date/],
    [NaN, /^NaN, .*null/],
    [-Infinity, /^-Infinity/],
    [1n, /^a BigInt, .*String\(value\)/],
    [() => 1, /^a function/],
    [Symbol("x"), /^a symbol/],
    [/x/, /^a RegExp/],
    [Promise.resolve(), /^a Promise, .*await/],
    [new WeakMap(), /^a WeakMap/],
    [new Point(1), /^an instance of Point, .*toJSON/],
    [new (class {})(), /^an instance of a class without a name/],
    [new Number(NaN), /^a Number/],
    [{ toJSON: () => NaN }, /^NaN/],
    [{ toJSON: () => new Map() }, /^a Map/],
    [[{ toJSON: () => undefined }], /^what toJSON makes undefined of at \[0\], .*null/],
  ];
  for (const [value, text] of cases) assert.match(textOf(value), text);
});

Deno.test("the place of what JSON cannot express is told (P-17)", () => {
  const cases: readonly (readonly [value: unknown, path: string])[] = [
    [{ users: new Map() }, ".users"],
    [[1, [2, { a: NaN }]], "[1][1].a"],
    [{ "two words": [undefined] }, '["two words"][0]'],
    // deno-lint-ignore no-sparse-arrays
    [[1, , 3], "[1]"],
    [{ größe: { a: () => 1 } }, ".größe.a"],
    [{ price: new Price(), at: new Date(NaN) }, ".at"],
  ];
  for (const [value, path] of cases) assert.equal(jsonFaultOf(value)?.path, path);
});

Deno.test("what contains itself, has too many values or is too deep ends soon, and is told (P-17)", () => {
  const self: Record<string, unknown> = { a: [1] };
  self["b"] = { self };
  assert.equal(textOf(self).split(",")[0], "a part that contains itself at .b.self");
  const selves: unknown[] = [];
  for (let i = 0; i < 10; i++) selves.push(selves);
  assert.match(textOf(selves), /contains itself at \[0\]/);
  // Forty levels, each twice the one below: more values than anybody could count.
  let shared: unknown = [1];
  for (let i = 0; i < 40; i++) shared = [shared, shared];
  assert.match(textOf(shared), /^more than \d+ values/);
  assert.match(textOf(new Array(2 ** 31)), /^an empty place at \[0\]/);
  assert.match(textOf(new Array(jsonValuesMax + 1).fill(1)), /^more than \d+ values/);
  let deep: unknown = 1;
  for (let i = 0; i < nestingMax + 2; i++) deep = { deep };
  assert.match(textOf(deep), /^a part nested deeper than 64 levels/);
});

Deno.test("what a getter or a toJSON throws is thrown", () => {
  const thrown = new Error("no luck");
  const throwing = () => {
    throw thrown;
  };
  const values = [
    Object.defineProperty({}, "x", { get: throwing, enumerable: true }),
    { toJSON: throwing },
    new Proxy({}, { ownKeys: throwing }),
  ];
  for (const value of values) assert.throws(() => jsonFaultOf([value]), thrown);
});

Deno.test("all that JSON makes is JSON, and so is what everybody expects of it", () => {
  const ordinary = [
    undefined,
    { a: undefined },
    new Date(0),
    new URL("http://x/"),
    new Price(),
    Object.create(null),
    Object.assign(Object.create(null), { a: [1] }),
    -0,
    "\ud800",
  ];
  for (const value of ordinary) assert.equal(jsonFaultOf(value), undefined);
  fc.assert(fc.property(fc.jsonValue(), (value) => jsonFaultOf(value) === undefined));
});

Deno.test("a BigInt is what a toJSON method of all BigInts makes of it, as JSON has it (P-64)", () => {
  const prototype = BigInt.prototype as { toJSON?: (this: bigint) => unknown };
  try {
    prototype.toJSON = function () {
      return String(this);
    };
    for (const value of [5n, [5n], { a: 5n }]) assert.equal(jsonFaultOf(value), undefined);
    // What that returns is not asked again.
    prototype.toJSON = () => 5n;
    assert.match(textOf([1n]), /^a BigInt at \[0\]/);
    prototype.toJSON = () => NaN;
    assert.match(textOf({ a: 1n }), /^a BigInt at \.a/);
  } finally {
    delete prototype.toJSON;
  }
});
