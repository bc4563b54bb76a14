import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import { asJson, describeFault, JsonFault, jsonOf } from "../../../src/base/values/json_fault.ts";
import { exactNumber } from "../../../src/base/values/exact_numbers.ts";
import { jsonValuesMax, nestingMax, printedTextMax } from "../../../src/base/limits.ts";
import * as fc from "../../support/fast_check.ts";

function textOf(value: unknown): string {
  const fault = asJson(value);
  assert.ok(fault instanceof JsonFault);
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
    [new Map().keys(), /^an iterator, .*\[\.\.\.items\].* function\*/],
    [(function* () {})(), /^an iterator/],
    [(async function* () {})(), /^an async iterable, .*Array\.fromAsync.* async function\*/],
    [new ReadableStream(), /^an async iterable/],
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
  for (const [value, path] of cases) {
    const fault = asJson(value);
    assert.equal(fault instanceof JsonFault && fault.path, path);
  }
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
  assert.match(textOf(new Array(2 ** 31)), /^more than \d+ values/);
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
  for (const value of values) assert.throws(() => asJson([value]), thrown);
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
  for (const value of ordinary) {
    assert.equal(JSON.stringify(asJson(value)), JSON.stringify(value));
  }
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    assert.equal(asJson(value), value);
    // What is copied is the same, names like __proto__ included.
    const copied = asJson({ a: value, b: new Price() });
    assert.equal(JSON.stringify(copied), JSON.stringify({ a: value, b: { cents: 5 } }));
  }));
});

Deno.test("a BigInt is what a toJSON method of all BigInts makes of it, as JSON has it (P-64)", () => {
  const prototype = BigInt.prototype as { toJSON?: (this: bigint) => unknown };
  try {
    prototype.toJSON = function () {
      return String(this);
    };
    for (const value of [5n, [5n], { a: 5n }]) assert.equal(asJson(value), value);
    // What that returns is not asked again.
    prototype.toJSON = () => 5n;
    assert.match(textOf([1n]), /^a BigInt at \[0\]/);
    prototype.toJSON = () => NaN;
    assert.match(textOf({ a: 1n }), /^NaN at \.a/);
  } finally {
    delete prototype.toJSON;
  }
});

/** A function that returns one thing at first, and another one ever after. */
function firstThen(first: unknown, then: unknown): () => unknown {
  let calls = 0;
  return () => calls++ === 0 ? first : then;
}

Deno.test("what is another value each time it is read arrives as it was looked at, or fails (P-64)", () => {
  const getter = (get: () => unknown) => Object.defineProperty({}, "x", { get, enumerable: true });
  const item = (get: () => unknown) => Object.defineProperty([0], 0, { get });
  for (const other of [NaN, () => 1, Symbol(), new Map(), new Uint8Array(1), new Point(1)]) {
    for (const value of [getter(firstThen(1, other)), item(firstThen(1, other))]) {
      assert.ok(asJson(value) instanceof JsonFault);
    }
    assert.ok(asJson({ toJSON: firstThen(1, other) }) instanceof JsonFault);
    assert.ok(asJson([{ toJSON: firstThen({}, other) }]) instanceof JsonFault);
  }
  let reads = 0;
  const counting = { a: getter(() => ++reads), b: { toJSON: () => [++reads] } };
  const json = JSON.stringify(asJson(counting));
  const { a: { x }, b: [y] } = JSON.parse(json);
  assert.equal(x + 1, y, json);
  // Its members are not looked at through toJSON.
  const own = {
    a: NaN,
    toJSON() {
      return this;
    },
  };
  assert.match(textOf(own), /^NaN at \.a/);
  // What toJSON is told, as JSON tells it.
  const told = { toJSON: (key: string) => [key] };
  assert.equal(JSON.stringify(asJson({ a: told, b: [told] })), '{"a":["a"],"b":[["0"]]}');
  assert.equal(
    JSON.stringify(asJson([told, exactNumber("1.0")])),
    '[["0"],1.0]',
  );
});

Deno.test("literals of another realm are sent as they are, and what is no literal there is no more one", () => {
  const value = runInNewContext("({ a: [{ b: 1 }] })");
  assert.equal(asJson(value), value);
  assert.match(textOf(runInNewContext("new Map()")), /^an instance of Map/);
});

Deno.test("a text is what JSON makes of a value, also where that is done faster", () => {
  const items = [[], [1], [-0], [1e21], [NaN], ["1"], [null], [1, 2], [[1]], { length: 1, 0: 5 }];
  const values = [...items, Object.assign([1], { toJSON: () => "own" }), "x", 7, null];
  for (const value of values) assert.equal(jsonOf(value), JSON.stringify(value));
});

Deno.test("what toJSON returns may have the toJSON that made it, which JSON does not call again", () => {
  const user = {
    name: "Ada",
    password: "x",
    toJSON() {
      const { password: _, ...rest } = this;
      return rest;
    },
  };
  assert.equal(
    JSON.stringify(asJson({ user, all: [user] })),
    JSON.stringify({ user, all: [user] }),
  );
  assert.match(textOf({ ...user, toJSON: () => ({ toJSON: 1, f: () => 1 }) }), /a function at \.f/);
});

Deno.test("members that an old library gives to all objects and arrays are no part of a value", () => {
  const [objects, arrays] = [Object.prototype, Array.prototype] as unknown as [
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  try {
    objects["each"] = () => 1;
    objects["nothing"] = new Map();
    arrays["last"] = () => 1;
    const value = { a: [1, { b: 2 }] };
    assert.equal(asJson(value), value);
    assert.equal(JSON.stringify(asJson([new Price(), value])), '[{"cents":5},{"a":[1,{"b":2}]}]');
    assert.match(textOf({ a: NaN }), /^NaN at \.a/);
  } finally {
    delete objects["each"];
    delete objects["nothing"];
    delete arrays["last"];
  }
});

Deno.test("a text that would end the process where it is printed is a fault, a plain one is not", () => {
  const latin = "x".repeat(printedTextMax + 1);
  assert.equal(asJson(latin), latin);
  const text = `€${"x".repeat(printedTextMax)}`;
  const fault = asJson({ a: [text] }) as JsonFault;
  assert.ok(fault instanceof JsonFault);
  assert.equal(
    describeFault(fault, "return"),
    `a text of ${text.length} characters at .a[0], which JSON cannot express: return it in parts, ` +
      "as a list of texts or a stream",
  );
  const fitting = text.slice(1);
  assert.equal(asJson(fitting), fitting);
});
