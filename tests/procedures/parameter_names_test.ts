import assert from "node:assert/strict";
import {
  definitionsIn,
  membersOf,
  parameterNames,
  parametersOf,
} from "../../src/procedures/parameter_names.ts";

Deno.test("parameterNames() reads the names from a function's source", () => {
  const cases: [CallableFunction, string[]][] = [
    [function add(a: number, b: number) {
      return a + b;
    }, ["a", "b"]],
    [async function later(what: string, delayMs = 10) {
      return await [what, delayMs];
    }, ["what", "delayMs"]],
    [function* count(max: number) {
      yield max;
    }, ["max"]],
    [(x: number) => x, ["x"]],
    [(x: number, ...others: number[]) => [x, others], ["x"]],
    [async (x: number, label = "none") => await [x, label], ["x", "label"]],
    [(...all: number[]) => all, []],
    [() => 1, []],
  ];
  for (const [value, names] of cases) assert.deepEqual(parameterNames(value), names, String(value));
});

Deno.test("parameterNames() numbers what has no plain name", () => {
  const cases: [CallableFunction, string[]][] = [
    [({ width }: { width: number }, factor: number) => width * factor, ["arg1", "factor"]],
    [({ width }: { width: number }, arg1: number) => width * arg1, ["arg1", "arg2"]],
    [((a: number, b: number) => a + b).bind(undefined), ["arg1", "arg2"]],
    [Math.max, ["arg1", "arg2"]],
  ];
  for (const [value, names] of cases) assert.deepEqual(parameterNames(value), names, String(value));
});

Deno.test("parametersOf() reads names in any script, and defaults that are plain values", () => {
  const object = {
    method(a: number, /* b, c) */ b = "x, y)") {
      return [a, b];
    },
    async *["computed(x)"](n: number) {
      yield await n;
    },
  };
  const cases: [CallableFunction, Record<string, unknown>][] = [
    [function 你好(名字: string) {
      return 名字;
    }, { 名字: "none" }],
    [(été: number) => été, { été: "none" }],
    [(point = { x: 1, y: 2 }) => point, { point: "code" }],
    [(list = [1, 2], text = "a)b", f = (x: number) => x) => [list, text, f], {
      list: [1, 2],
      text: "a)b",
      f: "code",
    }],
    [(pattern = /[,)"]/g, last = null) => [pattern, last], { pattern: "code", last: null }],
    [(n = -1.5, big = 1_000, yes = true, now = Date) => [n, big, yes, now], {
      ...{ n: -1.5, big: 1000, yes: true, now: "code" },
    }],
    // As a minifier writes it, and as another style does.
    [Function("return (n=5,text='a',both='\"')=>n")(), { n: 5, text: "a", both: "code" }],
    [object.method, { a: "none", b: "x, y)" }],
    [object["computed(x)"], { n: "none" }],
  ];
  for (const [value, expected] of cases) {
    const found = parametersOf(value);
    assert.deepEqual(found.map(({ name }) => name), Object.keys(expected), String(value));
    for (const { name, fallback } of found) {
      if (fallback === undefined) assert.match(String(expected[name]), /none|code/, name);
      else assert.deepEqual(fallback.value, expected[name], name);
    }
  }
});

Deno.test("membersOf() reads what a function takes out of its only parameter", () => {
  // deno-lint-ignore no-explicit-any
  type Any = any;
  const cases: [CallableFunction, string[] | undefined, boolean?][] = [
    [({ width }: Any) => width, ["width"]],
    [async ({ width, height = 2 /* , depth */ }: Any = {}) => await [width, height], [
      "width",
      "height",
    ]],
    [({ width: w, at: { x = 1, y } = { x: 1, y: 2 }, list: [first] }: Any) => [w, x, y, first], [
      "width",
      "at",
      "list",
    ]],
    [function* ({ 名字, text = "a, b}" }: Any) {
      yield [名字, text];
    }, ["名字", "text"]],
    [({ a, ...others }: Any) => [a, others], ["a"], true],
    [({ ...others }: Any) => others, [], true],
    [({ "a-b": a }: Any) => a, undefined],
    [({ ["a"]: a }: Any) => a, undefined],
    [({ a: x, a: y }: Any) => [x, y], undefined],
    [({}: Any) => 1, undefined],
    [({ a }: Any, b: number) => [a, b], undefined],
    [({ a }: Any, ...others: Any[]) => [a, others], undefined],
    [([a]: Any) => a, undefined],
    [(point = { x: 1 }) => point, undefined],
    [() => 1, undefined],
    [Math.max, undefined],
  ];
  for (const [value, names, isOpen = false] of cases) {
    const found = membersOf(value);
    assert.deepEqual(found?.members.map(({ name }) => name), names, String(value));
    if (found !== undefined) assert.equal(found.isOpen, isOpen, String(value));
  }
  const { members } =
    membersOf(({ a = 2, b = "x", c = [1], d: e = 3, f }: Any) => [a, b, c, e, f]) ??
      { members: [] };
  assert.deepEqual(members.map(({ fallback }) => fallback?.value), [
    ...[2, "x", [1], undefined, undefined],
  ]);
});

Deno.test("definitionsIn() tells parameters that TypeScript marks as optional, in overloads too", () => {
  const optionalOf = (source: string) => [...definitionsIn(source)("f")?.optional ?? []];
  assert.deepEqual(optionalOf("function f(a: number, b?: string, c = 1, d?) {}"), ["b", "d"]);
  assert.deepEqual(optionalOf("function f(a: Map<string, number>, b?: (x?: 1) => 2) {}"), ["b"]);
  assert.deepEqual(optionalOf("function f(a = b ? c : d, e: { x?: 1 }) {}"), []);
  assert.deepEqual(
    optionalOf("function f(a?: 1): 2;\nfunction f(a?: 1, b?: 2): 3;\nfunction f(...all) {}"),
    ["a", "b"],
  );
});

Deno.test("definitionsIn() takes a function's own comment, in texts of any kind", () => {
  const descriptionOf = (text: string) => definitionsIn(text)("f")?.description;
  assert.equal(descriptionOf("/** Of f. */\nexport async function f(b) {}"), "Of f.");
  assert.equal(descriptionOf("/** Of a. */ const a = 1; /* plain */ function f(b) {}"), "");
  assert.equal(descriptionOf("/** Of a. */ const a = 1; /**/ function f(b) {}"), "");
  assert.equal(descriptionOf("x = { /** Of f. */ f(b) {} }"), "Of f.");
  assert.equal(descriptionOf("x = { /* plain */ f(b) {} }"), undefined);
  // It took minutes: a path such as /**/x begins a comment that does not end.
  const paths = "'/** /x';".repeat(20_000);
  assert.equal(descriptionOf(`${paths}\n/** Of f. */ function f(b) {}`), "Of f.");
  assert.equal(descriptionOf(`${paths}${" ".repeat(100_000)}function f(b) {}${paths}`), "");
});

Deno.test("definitionsIn() reads each line of @param once, whatever its type and default", () => {
  const cases: [comment: string, params: Record<string, string>, optional: string[]][] = [
    ["@param {number=} a no tag is in a line: @param [b]", {
      a: "no tag is in a line: @param [b]",
    }, ["a"]],
    ["@param {{x: number}} a of x\n@param {Record<string, {y?: 1}>=} b of y", {
      a: "of x",
      b: "of y",
    }, ["b"]],
    ["@param {number[]} [a=[1, 2]] a list", { a: "a list" }, ["a"]],
    ["\n * @param a what me@param.org says\n * @param [b]\n", { a: "what me@param.org says" }, [
      "b",
    ]],
  ];
  for (const [comment, params, optional] of cases) {
    const found = definitionsIn(`/** ${comment} */ function f(a, b) {}`)("f");
    assert.deepEqual(Object.fromEntries(found?.params ?? []), params, comment);
    assert.deepEqual([...found?.optional ?? []], optional, comment);
  }
});
