import assert from "node:assert/strict";
import * as z from "zod";
import { LazyCallContext } from "../../src/procedures/call_context.ts";
import { invoke, invokeStream } from "../../src/procedures/invoke.ts";
import { toOpenRpc } from "../../src/procedures/documents/describe.ts";
import { defineProcedure } from "../../src/procedures/procedure.ts";
import type { Api } from "../../src/library/api.ts";

const context = new LazyCallContext();

Deno.test("defineProcedure() takes any schema, which is the only parameter then", async () => {
  const shout = defineProcedure(
    { input: z.string().min(1), output: z.string() },
    (text) => text.toUpperCase(),
  );
  assert.deepEqual(shout.names, ["text"]);
  assert.equal(invoke("shout", shout, ["a"], context), "A");
  assert.equal(invoke("shout", shout, { text: "a" }, context), "A");
  assert.throws(() => invoke("shout", shout, [1], context), {
    name: "InvalidParams",
    message: "Cannot call shout: text must be a string (got 1)",
  });
  assert.throws(() => invoke("shout", shout, [], context), /text is missing/);
  assert.throws(() => invoke("shout", shout, ["a", "b"], context), /takes at most 1/);
  const [method] = toOpenRpc({ shout }, { title: "t", version: "1" }).methods;
  assert.deepEqual(method?.params, [
    { name: "text", required: true, schema: { type: "string", minLength: 1 } },
  ]);

  const cases: [z.ZodType, unknown, unknown][] = [
    [z.array(z.number()), [1, 2], [1, 2]],
    [z.union([z.string(), z.number()]), 1, 1],
    [z.record(z.string(), z.int()), { a: 1 }, { a: 1 }],
    [z.enum(["a", "b"]), "a", "a"],
    [z.literal(null), null, null],
    [z.any(), [], []],
    [z.lazy(() => z.string()), "x", "x"],
    [z.string().transform((text) => text.length), "abc", 3],
    [z.discriminatedUnion("t", [z.object({ t: z.literal(1) })]), { t: 1 }, { t: 1 }],
    [z.boolean().default(true), undefined, true],
    [z.string().optional(), undefined, undefined],
    [z.tuple([z.int()]).readonly(), [1], [1]],
  ];
  for (const [input, given, taken] of cases) {
    const procedure = defineProcedure({ input, output: z.unknown() }, (value) => value);
    const params = given === undefined ? [] : [given];
    assert.deepEqual(await invoke("f", procedure, params, context), taken, input.def.type);
  }
  const count = defineProcedure({ input: z.int(), output: z.int() }, function* (max) {
    for (let i = 1; i <= max; i++) yield i;
  });
  assert.deepEqual(await (await invokeStream("count", count, [2], context)).next(), { value: 1 });
  const module = {
    shout,
    sum: defineProcedure({ input: z.array(z.int()), output: z.int() }, () => 1),
  };
  // It type-checks: an array is one argument.
  const callAll = (api: Api<typeof module>) => [api.shout("a"), api.sum([1, 2])];
  assert.equal(callAll.length, 1);
});

Deno.test("defineProcedure() says what to write in place of what is no schema", () => {
  const define = defineProcedure as unknown as (options: object, handler: () => unknown) => unknown;
  const output = z.unknown();
  const cases: [object, RegExp][] = [
    [{ output }, /^Cannot use this input of a procedure: it must be a schema, such as z\.tuple/],
    [{ input: { a: z.int() }, output }, /input .* write z\.object\(\{\.\.\.\}\) around/],
    [{ input: [z.int()], output }, /input .* write z\.tuple\(\[\.\.\.\]\) around/],
    [{ input: "string", output }, /input .* must be a schema/],
    [{ input: { _def: {} }, output }, /input .* older zod; import \{ z \} from "rpc"/],
    [{ input: z.string() }, /output .* must be a schema, such as z\.unknown\(\)/],
    [{ input: z.tuple([z.int()]), names: ["a", "b"], output }, /Cannot name 1 parameters/],
    [
      { input: z.object({ a: z.int() }), names: ["b"], output },
      /Cannot name 1 parameters with \["b"\]: those of an object are its keys, a$/,
    ],
    [{ input: { type: "string" }, output }, /JSON Schema; write z\.fromJSONSchema\(\{/],
    [{ input: { "~standard": { vendor: "valibot" } }, output }, /schema of valibot, and only/],
    [
      { input: Object.assign(() => {}, { "~standard": { vendor: "arktype" } }), output },
      /schema of arktype, and only/,
    ],
  ];
  for (const [options, message] of cases) {
    assert.throws(() => define(options, () => 1), { name: "TypeError", message });
  }
});

Deno.test("defineProcedure() takes no option for another, and says what each must be", () => {
  const define = defineProcedure as unknown as (options: unknown, handler: unknown) => unknown;
  const schemas = { input: z.tuple([z.int()]), output: z.int() };
  const cases: [unknown, RegExp][] = [
    [{ kind: "CPU" }, /Cannot use this kind of a procedure: it must be "cpu", "io" or "inline"/],
    [{ kind: null }, /this kind/],
    [{ idempotent: "no" }, /this idempotent of a procedure: it must be true or false/],
    [{ idempotent: 0 }, /this idempotent/],
    [{ stream: "yes" }, /this stream/],
    [{ description: {} }, /this description of a procedure: it must be a text/],
    [{ names: "a" }, /this names of a procedure: it must be an array of texts/],
    [{ names: [1] }, /this names/],
    [{ callers: "alice" }, /this callers of a procedure: it must be an array of texts/],
    [{ callers: [{}] }, /this callers/],
    [{ callers: ["alice,bob"] }, /this callers.*letters, digits/],
    [{ callers: ["!alice"] }, /this callers/],
    [{ idempotant: true }, /A procedure has no option idempotant: did you mean idempotent\?/],
  ];
  for (const [options, message] of cases) {
    const given = { ...schemas, ...options as object };
    assert.throws(() => define(given, () => 1), { name: "TypeError", message });
  }
  for (const options of [null, undefined, () => 1]) {
    assert.throws(() => define(options, schemas), /options of a procedure: they must be an object/);
  }
  // What is left out is the default, and what is a module's own is its own.
  define({ ...schemas, kind: undefined, names: undefined, owner: "us" }, () => 1);
});

Deno.test("defineProcedure() takes a schema of nothing for no parameters", () => {
  for (const input of [z.void(), z.undefined()]) {
    const tick = defineProcedure({ input, output: z.int() }, () => 1);
    assert.deepEqual(tick.names, []);
    assert.equal(invoke("tick", tick, [], context), 1);
    assert.equal(invoke("tick", tick, undefined, context), 1);
    assert.throws(() => invoke("tick", tick, [1], context), /takes no parameters|at most 0/);
    assert.deepEqual(toOpenRpc({ tick }, { title: "t", version: "1" }).methods[0]?.params, []);
  }
});

Deno.test("defineProcedure() says what to write in place of what is no function", () => {
  const define = defineProcedure as unknown as (options: object, handler: unknown) => unknown;
  for (const handler of [undefined, null, {}, "f"]) {
    assert.throws(() => define({ input: z.string(), output: z.string() }, handler), {
      name: "TypeError",
      message: /^Cannot use this handler of a procedure: it must be a function, the second/,
    });
  }
});

Deno.test("a schema that waits for a promise is told of in words for who wrote it", () => {
  const later = z.string().refine((text) => Promise.resolve(text !== ""));
  const message = /^f failed: its schema waits for a promise .*: do that in the procedure$/;
  const takes = defineProcedure({ input: later, output: z.unknown() }, (text) => text);
  assert.throws(() => invoke("f", takes, ["a"], context), { name: "InternalError", message });
  const gives = defineProcedure({ input: z.string(), output: later }, (text) => text);
  assert.throws(() => invoke("f", gives, ["a"], context), { name: "InternalError", message });
});
