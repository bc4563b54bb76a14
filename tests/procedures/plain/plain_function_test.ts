import assert from "node:assert/strict";
import { LazyCallContext } from "../../../src/procedures/call_context.ts";
import { toOpenRpc } from "../../../src/procedures/documents/describe.ts";
import { invoke, invokeStream } from "../../../src/procedures/invoke.ts";
import { functionWithSchemas } from "../../../src/procedures/plain/function_schemas.ts";
import { plainFunction } from "../../../src/procedures/plain/plain_function.ts";
import { isObject } from "../../../src/base/values/members.ts";
import type { CallParams } from "../../../src/procedures/params.ts";
import * as fc from "../../support/fast_check.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const functions: Readonly<Record<string, CallableFunction>> = {
  none: () => "none",
  add: (a: number, b: number) => [a, b],
  padded: (text: string, width = 3, fill = "x") => [text, width, fill],
  early: (first = 1, second: Any) => [first, second],
  rest: (...all: Any[]) => all,
  unnamed: ({ a }: Any, [b]: Any = [1]) => [a, b],
  inOne: ({ a, b = 2 }: Any) => [a, b],
  inOneOpen: ({ a, ...more }: Any = {}) => [a, more],
  count: function* (n: number) {
    yield n;
  },
  counted: async function* (n = 1) {
    yield n;
  },
};

const params = fc.oneof(
  fc.constant(undefined),
  fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 4 }),
  fc.dictionary(
    fc.constantFrom("a", "b", "text", "width", "fill", "first", "second", "n", "arg1", "more"),
    fc.jsonValue({ maxDepth: 1 }),
    { maxKeys: 3 },
  ),
) as fc.Arbitrary<CallParams>;

Deno.test("plain functions are described without schemas as with them", () => {
  for (const [name, value] of Object.entries(functions)) {
    const info = { title: "t", version: "1" };
    const [plain, full] = [plainFunction(value), functionWithSchemas(value)];
    assert.deepEqual(toOpenRpc({ [name]: plain }, info), toOpenRpc({ [name]: full }, info));
    const { names, kind, idempotent, stream } = full;
    assert.deepEqual([plain.names, plain.kind, plain.idempotent, plain.stream], [
      names,
      kind,
      idempotent,
      stream,
    ]);
  }
});

Deno.test("plain functions are given without schemas what they are given with them", () => {
  let accepted = 0;
  let refused = 0;
  fc.assert(
    fc.property(fc.constantFrom(...Object.entries(functions)), params, ([name, value], given) => {
      const called = (...all: unknown[]) => all;
      const [plain, full] = [named(called, value), named(called, value)];
      const context = new LazyCallContext();
      const input = plainFunction(plain).accept(name, given);
      // Such an object may have members that nobody knows, as in JavaScript. No schema is asked.
      if (isInOne(name) && Array.isArray(given) && given.length === 1 && isObject(given[0])) {
        assert.deepEqual(input, given);
        return;
      }
      const withSchemas = () => invoke(name, functionWithSchemas(full), given, context);
      if (input === undefined) {
        refused++;
        assert.throws(withSchemas, { name: "InvalidParams" });
        return;
      }
      accepted++;
      assert.deepEqual(input, withSchemas());
    }),
    { numRuns: 2_000 },
  );
  assert.ok(accepted > 100 && refused > 100);
});

Deno.test("a stream whose parameters only schemas can refuse fails at its start, and others do not", async () => {
  const count = plainFunction(functions["count"] as CallableFunction);
  const context = new LazyCallContext();
  assert.deepEqual(await (await invokeStream("count", count, [2], context)).next(), { value: 2 });
  const refused = async () => await invokeStream("count", count, { other: 1 }, context);
  await assert.rejects(refused, { name: "InvalidParams", executed: "no" });
  assert.deepEqual(await (await invokeStream("count", count, [3], context)).next(), { value: 3 });
});

Deno.test("a parameter that a function takes apart is given by name, by position, or as it is", () => {
  const area = plainFunction(({ width, height = 2 }: Any) => width * height);
  const open = plainFunction(({ width, ...others }: Any) => [width, others]);
  const call = (procedure: typeof area, given: CallParams) => {
    const input = procedure.accept("area", given);
    return input === undefined ? "refused" : procedure.handler(input, new LazyCallContext());
  };
  assert.deepEqual(area.names, ["width", "height"]);
  assert.deepEqual(area.described.params.map(({ required, schema }) => [required, schema]), [
    [false, {}],
    [false, { default: 2 }],
  ]);
  assert.equal(call(area, { width: 3, height: 5 }), 15);
  assert.equal(call(area, { width: 3 }), 6);
  assert.equal(call(area, [3, 5]), 15);
  assert.equal(call(area, [3]), 6);
  assert.equal(call(area, [{ width: 3, height: 5 }]), 15, "as the only value");
  assert.equal(call(area, [{ width: 3, height: 5, depth: 7 }]), 15, "with more than it takes");
  assert.equal(call(area, { width: 3, hieght: 5 }), "refused", "a name that it does not take");
  assert.equal(call(area, [3, 5, 7]), "refused");
  assert.deepEqual(call(open, { width: 3, depth: 7 }), [3, { depth: 7 }]);
  assert.deepEqual(call(open, undefined), [undefined, {}]);
  assert.equal(call(open, [3, 5]), "refused");
});

function isInOne(name: string): boolean {
  return name.startsWith("inOne");
}

/** `run` as if it had the parameters of another function. */
function named(run: (...all: unknown[]) => unknown, other: CallableFunction): CallableFunction {
  const copy = (...all: unknown[]) => run(...all);
  Object.defineProperty(copy, "length", { value: other.length });
  copy.toString = () => other.toString();
  return copy;
}
