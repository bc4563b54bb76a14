import assert from "node:assert/strict";
import * as z from "zod";
import { builtin } from "../../src/procedures/builtin.ts";
import { mergeOpenRpc, toOpenRpc } from "../../src/procedures/documents/describe.ts";
import { openRpcSchema } from "../../src/procedures/openrpc.ts";
import { defineProcedure } from "../../src/procedures/procedure.ts";
import { openRpcProblems } from "../support/openrpc_schema.ts";

const info = { title: "rpc", version: "1.2.3" };

Deno.test("toOpenRpc() describes the built-in procedures (P-29)", () => {
  const document = toOpenRpc(builtin, info);
  assert.equal(document.openrpc, "1.3.2");
  assert.deepEqual(document.info, info);
  assert.deepEqual(document.methods.map(({ name }) => name), ["ping", "pi", "fib"]);
  assert.deepEqual(document.methods[2], {
    name: "fib",
    summary: "The nth Fibonacci number by plain recursion: it is there to burn CPU",
    params: [{
      name: "n",
      required: true,
      schema: { type: "integer", minimum: 0, maximum: 78, examples: [32] },
    }],
    result: { name: "result", schema: { type: "number" } },
    paramStructure: "either",
    "x-kind": "cpu",
    "x-idempotent": true,
    "x-stream": false,
  });
  assert.equal(document.methods[0]?.params[0]?.required, false);
});

Deno.test("toOpenRpc() names an object's parameters by its keys, and survives what JSON Schema lacks", () => {
  const procedure = defineProcedure({
    input: z.object({ size: z.number(), when: z.date().optional() }),
    output: z.custom<number>(() => true),
    kind: "io",
  }, () => 1);
  const [method] = toOpenRpc({ it: procedure }, info).methods;
  assert.deepEqual(method?.params.map(({ name, required }) => [name, required]), [
    ["size", true],
    ["when", false],
  ]);
  assert.equal(method?.["x-kind"], "io");
  assert.deepEqual(method?.result, { name: "result", schema: {} });
});

Deno.test("a schema that JSON Schema cannot be made of is described as any value", () => {
  const circle: Record<string, unknown> = {};
  circle["circle"] = circle;
  const schemas: readonly z.ZodType[] = [
    z.any().default(undefined),
    z.unknown().default(circle),
    z.number().default(() => {
      throw new Error("Not yet");
    }),
    z.tuple([z.number().meta({ id: "one" }), z.string().meta({ id: "one" })]),
    z.number().meta({ max: 5n }),
  ];
  for (const schema of schemas) {
    const input = z.tuple([z.number(), schema]);
    const procedure = defineProcedure({ input, output: schema }, () => undefined as never);
    const [method] = toOpenRpc({ it: procedure }, info).methods;
    assert.deepEqual(method?.params.map(({ schema }) => schema), [{ type: "number" }, {}]);
    assert.deepEqual(method?.result?.schema, {});
  }
});

Deno.test("a document crosses the wire unchanged", () => {
  const document = toOpenRpc(builtin, info);
  assert.deepEqual(openRpcSchema.parse(JSON.parse(JSON.stringify(document))), document);
});

Deno.test("another program's document is read with cautious values for what it leaves out (P-29)", () => {
  const document = openRpcSchema.parse({
    openrpc: "1.2.6",
    info: { title: "other", version: "1" },
    methods: [{ name: "add", params: [{ name: "a" }], "x-other": 1 }],
    servers: [],
  });
  const [add] = document.methods;
  assert.equal(add?.["x-kind"], "cpu");
  assert.equal(add?.["x-idempotent"], false);
  assert.deepEqual(add?.params, [{ name: "a", required: false, schema: {} }]);
});

Deno.test("mergeOpenRpc() keeps the first of two methods with one name", () => {
  const one = defineProcedure({ input: z.tuple([]), output: z.null(), kind: "inline" }, () => null);
  const other = defineProcedure({ input: z.tuple([]), output: z.null() }, () => null);
  const merged = mergeOpenRpc(
    toOpenRpc({ one }, info),
    toOpenRpc({ one: other, other }, { title: "other", version: "9" }),
  );
  assert.deepEqual(merged.info, info);
  assert.deepEqual(merged.methods.map((method) => [method.name, method["x-kind"]]), [
    ["one", "inline"],
    ["other", "cpu"],
  ]);
});

Deno.test("toOpenRpc() marks streams, whose result is one item (P-29)", () => {
  const procedures = {
    count: defineProcedure({ input: z.tuple([]), output: z.int() }, async function* () {
      yield 1;
    }),
    relay: defineProcedure(
      { input: z.tuple([]), output: z.int(), stream: true },
      () =>
        (async function* () {
          yield 1;
        })(),
    ),
  };
  for (const method of toOpenRpc(procedures, info).methods) {
    assert.deepEqual([method["x-stream"], method.result?.name], [true, "item"]);
    assert.equal((method.result?.schema as { type: string }).type, "integer");
  }
});

Deno.test("documents are valid by OpenRPC's own schema (P-29)", () => {
  assert.deepEqual(openRpcProblems(toOpenRpc(builtin, info)), []);
  const every = defineProcedure({
    input: z.object({
      size: z.union([z.int(), z.literal("all")]).describe("How many"),
      options: z.record(z.string(), z.array(z.boolean())).default({}),
      rest: z.tuple([z.string()], z.number()).nullable().optional(),
    }),
    output: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("a"), when: z.iso.datetime() }),
      z.object({ kind: z.literal("b"), data: z.custom<number>(() => true) }),
    ]),
    description: "Everything at once",
  }, () => ({ kind: "b" as const, data: 1 }));
  const open = defineProcedure(
    { input: z.tuple([z.unknown()], z.unknown()), output: z.unknown() },
    () => 1,
  );
  assert.deepEqual(openRpcProblems(toOpenRpc({ every, open }, info)), []);
});

Deno.test("OpenRPC's schema can find fault", () => {
  const document = toOpenRpc(builtin, info);
  assert.notDeepEqual(openRpcProblems({ ...document, openrpc: "9" }), []);
  assert.notDeepEqual(openRpcProblems({ ...document, methods: [{ name: 7 }] }), []);
  const method = { name: "a", params: [{ name: "x", schema: { type: "no type" } }] };
  assert.notDeepEqual(openRpcProblems({ ...document, methods: [method] }), []);
});
