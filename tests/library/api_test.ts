import assert from "node:assert/strict";
import { type Api, type builtin, defineProcedure, z } from "rpc";
import { createApi } from "../../src/library/api.ts";

const procedures = {
  area: defineProcedure(
    { input: z.object({ width: z.number(), height: z.number().default(1) }), output: z.number() },
    ({ width, height }) => width * height,
  ),
  label: defineProcedure(
    { input: z.tuple([z.string(), z.int().optional()]), output: z.string().transform(Number) },
    ([text]) => text,
  ),
  add: (a: number, b: number): number => a + b,
  later: async (text: string): Promise<string> => await text,
  found: (): Found => ({ at: new Date(0), kids: [], name: "x" as Name }),
  unknown: (): unknown => 1,
  json: (): Json => [],
  any: () => JSON.parse("1"),
  nothing: (): void => {},
  pair: (): readonly [Date, URL | undefined] => [new Date(0), undefined],
  async *dates(): AsyncGenerator<{ at?: Date }> {
    yield {};
  },
  version: 3,
  Helper: class {},
  default: () => 1,
};

type Name = string & { readonly brand: "name" };

type Json = string | number | null | Json[] | { [name: string]: Json };

interface Found {
  readonly at: Date;
  readonly name: Name;
  readonly note?: string | null;
  readonly kids: Found[];
}

/** {@link Found} as it arrives. */
interface FoundThere {
  readonly at: string;
  readonly name: Name;
  readonly note?: string | null;
  readonly kids: FoundThere[];
}

/** A client that answers with what it was asked. */
function echo<Exports>(): Api<Exports> {
  return createApi((method, params, options) => Promise.resolve({ method, params, options }), {
    timeoutMs: 7,
  });
}

Deno.test("an api's methods make calls, with the options of all", async () => {
  const api = echo<typeof procedures>();
  assert.deepEqual(await api.add(2, 3), {
    method: "add",
    params: [2, 3],
    options: { timeoutMs: 7 },
  });
  assert.deepEqual(await api.area({ width: 3 }), {
    method: "area",
    params: [{ width: 3 }],
    options: { timeoutMs: 7 },
  });
  assert.equal(api.add, api.add);
});

Deno.test("an api is no promise, so that it may come out of an async function", async () => {
  const api = await Promise.resolve(echo<typeof procedures>());
  assert.equal(typeof api.add, "function");
  assert.doesNotThrow(() => `${Object.prototype.toString.call(api)}`);
});

Deno.test("what a language asks objects for by itself calls nothing", async () => {
  const calls: string[] = [];
  const api = createApi<Record<string, unknown>, undefined>(
    (method) => calls.push(method),
    undefined,
  );
  assert.equal(JSON.stringify({ api }), '{"api":{}}');
  assert.equal(`${await Promise.resolve(api)}`, "[object Object]");
  assert.ok(String(api) === "[object Object]" && Deno.inspect(api) === "{}");
  assert.deepEqual(calls, []);
});

/** Fails to compile unless both types are the same. */
function assertType<Expected>() {
  return <Actual>(
    _value: Actual,
    ..._same: [Expected] extends [Actual] ? [Actual] extends [Expected] ? [] : [never] : [never]
  ): void => {};
}

Deno.test("an api's types are those of the procedures", () => {
  const builtins = echo<typeof builtin>();
  const api = echo<typeof procedures>();
  // Never run: what counts is that it compiles, but for the lines that must not.
  const compiled = () => {
    assertType<Promise<number>>()(builtins.fib(32));
    assertType<Promise<string>>()(builtins.ping());
    assertType<Promise<number>>()(api.area({ width: 3 }));
    assertType<Promise<number>>()(api.label("7"));
    assertType<Promise<number>>()(api.add(1, 2));
    assertType<Promise<string>>()(api.later("x"));
    assertType<Promise<FoundThere>>()(api.found());
    assertType<Promise<unknown>>()(api.unknown());
    assertType<Promise<Json>>()(api.json());
    assertType<Promise<boolean>>()(api.any());
    assertType<Promise<void>>()(api.nothing());
    assertType<Promise<readonly [string, string | undefined]>>()(api.pair());
    assertType<Promise<{ at?: string }[]>>()(api.dates());
    assertType<Promise<number>>()(echo<typeof import("./fixtures/tasks.ts")>().multiply(2, 3));
    // @ts-expect-error: fib takes a number
    void builtins.fib("x");
    // @ts-expect-error: fib takes one
    void builtins.fib();
    // @ts-expect-error: there is no such procedure
    void builtins.fob(1);
    // @ts-expect-error: width is missing
    void api.area({ height: 3 });
    // @ts-expect-error: its promise is of a number
    assertType<Promise<string>>()(builtins.fib(32));
    // @ts-expect-error: a constant is no procedure
    void api.version();
    // @ts-expect-error: nor is a class
    void api.Helper();
    // @ts-expect-error: a default export has another name
    void api.default();
  };
  assert.equal(typeof compiled, "function");
});
