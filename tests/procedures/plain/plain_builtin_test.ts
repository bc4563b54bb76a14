import assert from "node:assert/strict";
import { exactNumber } from "../../../src/base/values/exact_numbers.ts";
import { builtin } from "../../../src/procedures/builtin.ts";
import { LazyCallContext } from "../../../src/procedures/call_context.ts";
import { toOpenRpc } from "../../../src/procedures/documents/describe.ts";
import { invoke } from "../../../src/procedures/invoke.ts";
import { checksOf } from "../../../src/procedures/schemas/by_schema.ts";
import { plainBuiltin } from "../../../src/procedures/plain/plain_builtin.ts";
import type { CallParams } from "../../../src/procedures/params.ts";
import * as fc from "../../support/fast_check.ts";

const names = ["ping", "pi", "fib"] as const;

const value = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -1, max: 5 }) },
  fc.constantFrom<unknown>(
    79,
    78,
    1e9,
    1e9 + 1,
    2 ** 53,
    -(2 ** 53),
    0.5,
    -0,
    1e308,
    "1",
    null,
    [],
  ),
);
const params = fc.oneof(
  fc.constant(undefined),
  fc.array(value, { maxLength: 2 }),
  fc.dictionary(fc.constantFrom("n", "index", "other", "__proto__"), value, { maxKeys: 2 }),
) as fc.Arbitrary<CallParams>;

/** What a call ends in. */
async function ending(run: () => unknown): Promise<unknown> {
  try {
    return { result: await run() };
  } catch (error) {
    const { name, message, executed, issues } = error as Record<string, unknown>;
    return { name, message, executed, issues };
  }
}

Deno.test("the built-in procedures are described without schemas as with them", () => {
  const info = { title: "t", version: "1" };
  assert.deepEqual(toOpenRpc(plainBuiltin, info), toOpenRpc(builtin, info));
});

Deno.test("what the built-in procedures accept without schemas is what these accept, by name or position", () => {
  let accepted = 0;
  let refused = 0;
  fc.assert(
    fc.property(fc.constantFrom(...names), params, (name, given) => {
      const input = plainBuiltin[name].accept(name, given);
      const bySchema = () => checksOf(builtin[name]).read(name, given);
      if (input === undefined) {
        refused++;
        assert.throws(bySchema, { name: "InvalidParams" });
        return;
      }
      accepted++;
      assert.deepEqual(input, bySchema());
    }),
    { numRuns: 2_000 },
  );
  assert.ok(accepted > 100 && refused > 100);
});

Deno.test("parameters that the schemas accept are accepted without them too", () => {
  const sound: [typeof names[number], CallParams][] = [
    ...[undefined, [], {}, [7], { index: 7 }, [-7]].map((one) => ["ping", one] as const),
    ...[[0], { n: 78 }, [78]].map((one) => ["fib", one] as const),
    ...[[0], { n: 1 }].map((one) => ["pi", one] as const),
  ].map(([name, one]) => [name, one as CallParams]);
  for (const [name, one] of sound) {
    assert.ok(plainBuiltin[name].accept(name, one) !== undefined, `${name} ${JSON.stringify(one)}`);
  }
});

Deno.test("the built-in procedures do without schemas what they do with them", () => {
  const context = new LazyCallContext();
  for (const [name, given] of [["ping", []], ["ping", [7]], ["pi", [9]], ["fib", [10]]] as const) {
    const input = plainBuiltin[name].accept(name, given);
    assert.ok(input !== undefined);
    const result = plainBuiltin[name].handler(input, context);
    assert.equal(result, invoke(name, builtin[name], given, context));
  }
});

Deno.test("what is not accepted without schemas ends as with them, which say what is wrong", async () => {
  const faulty: [typeof names[number], CallParams][] = [
    ["ping", ["x"]],
    ["ping", [1, 2]],
    ["fib", []],
    ["fib", { m: 1 }],
    ["fib", [79]],
    ["pi", [1e9 + 1]],
    ["fib", [exactNumber("9007199254740993")]],
    ["ping", { index: exactNumber("1e999") }],
    ["fib", [exactNumber("3.0")]],
  ];
  for (const [name, given] of faulty) {
    const context = new LazyCallContext();
    const copy = () => copyOf(given);
    assert.deepEqual(
      await ending(() => invoke(name, plainBuiltin[name], copy(), context)),
      await ending(() => invoke(name, builtin[name], copy(), context)),
      `${name} ${JSON.stringify(given)}`,
    );
  }
  // From then on they are called with their schemas.
  assert.equal(plainBuiltin.fib.full, builtin.fib);
});

/** The parts of parameters are made JavaScript's numbers where they stand. */
function copyOf(params: CallParams): CallParams {
  return Array.isArray(params) ? [...params] : { ...params };
}
