import assert from "node:assert/strict";
import * as z from "zod";
import { constraintsOf, exampleOf, typeText } from "../../../src/cli/methods/schema_text.ts";

function json(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, { target: "draft-7", io: "input", unrepresentable: "any" });
}

const cases: [schema: z.ZodType, type: string, constraints: string[], example: unknown][] = [
  [z.int(), "integer", [], 1],
  [z.int().min(5).max(9), "integer", [">= 5", "<= 9"], 5],
  [z.number().gt(0).lt(0.5), "number", ["> 0", "< 0.5"], 0.25],
  [z.number().max(-3), "number", ["<= -3"], -3],
  [z.int().meta({ examples: [32] }), "integer", [], 32],
  [z.string().min(6).max(8), "string", ["at least 6 characters", "at most 8 characters"], "text.."],
  [z.string().default("none"), "string", [`default "none"`], "none"],
  [z.boolean(), "boolean", [], true],
  [z.null(), "null", [], null],
  [z.literal("a"), `"a"`, [], "a"],
  [z.enum(["small", "large"]), `"small" | "large"`, [], "small"],
  [z.union([z.string(), z.int()]), "string | integer", [], "text"],
  [z.array(z.string()).min(2), "string[]", ["at least 2 items"], ["text", "text"]],
  [z.array(z.union([z.string(), z.null()])), "(string | null)[]", [], ["text"]],
  [z.tuple([z.string(), z.boolean()]), "[string, boolean]", [], ["text", true]],
  [
    z.object({ width: z.int(), label: z.string().optional() }),
    "{width: integer, label?: string}",
    [],
    { width: 1 },
  ],
  [z.record(z.string(), z.number()), "object", [], {}],
  [z.unknown(), "any", [], 1],
];

Deno.test("schemas are told as types, bounds and examples", () => {
  for (const [schema, type, constraints, example] of cases) {
    const text = JSON.stringify(json(schema));
    assert.equal(typeText(json(schema)), type, text);
    assert.deepEqual(constraintsOf(json(schema)), constraints, text);
    assert.deepEqual(exampleOf(json(schema)), example, text);
  }
  assert.deepEqual([typeText(true), constraintsOf(true), exampleOf(true)], ["any", [], 1]);
});

Deno.test("a schema that is nested without end is told to a depth", () => {
  interface Tree {
    left?: Tree | undefined;
  }
  const tree: z.ZodType<Tree> = z.lazy(() => z.object({ left: tree.optional() }));
  let nested: z.ZodType = z.int();
  for (let i = 0; i < 9; i++) nested = z.object({ inner: nested });
  assert.equal(typeText(json(nested)), "{inner: {inner: {inner: object}}}");
  assert.equal(typeof typeText(json(tree)), "string");
});

Deno.test("an example stays short, whatever bounds a stranger's schema sets", () => {
  assert.equal(String(exampleOf({ type: "string", minLength: 3e8 })).length, 80);
  for (const minLength of [-1, NaN, Infinity, "9", {}]) {
    assert.ok(String(exampleOf({ type: "string", minLength })).length <= 80);
  }
  let schema: Record<string, unknown> = { type: "string" };
  for (let i = 0; i < 40; i++) schema = { type: "array", minItems: 3, items: schema };
  assert.ok(JSON.stringify(exampleOf(schema)).length < 1_000);
});

Deno.test("a type of many members that are required is not looked through for each of them", () => {
  // A time that grows by the square of this is minutes.
  const names = Array.from({ length: 100_000 }, (_, index) => `p${index}`);
  const properties = Object.fromEntries(names.map((name) => [name, true]));
  const text = typeText({ type: "object", properties, required: names.toReversed() });
  assert.ok(text.endsWith(", p99999: any}"));
});

Deno.test("whatever a stranger has in place of a schema, or of what is in one, is told", () => {
  const odd = { toString: 1 };
  for (const schema of [null, 3, "x", [], undefined, { items: odd }]) {
    assert.equal(typeText({ type: "array", items: [schema] }).slice(0, 4), "[any");
    assert.equal(JSON.stringify(exampleOf({ type: "array", items: [schema] })), "[1]");
  }
  assert.equal(typeText({ type: ["string", odd] }), 'string | {"toString":1}');
  assert.deepEqual(exampleOf({ type: "array", minItems: odd }), [1]);
  const bounds = { minimum: odd, maxLength: odd, multipleOf: odd, pattern: odd };
  const told = '{"toString":1}';
  assert.deepEqual(constraintsOf(bounds), [
    `>= ${told}`,
    `a multiple of ${told}`,
    `at most ${told} characters`,
    `like /${told}/`,
  ]);
});
