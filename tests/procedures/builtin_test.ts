import assert from "node:assert/strict";
import { builtin } from "../../src/procedures/builtin.ts";
import { LazyCallContext } from "../../src/procedures/call_context.ts";
import { invoke } from "../../src/procedures/invoke.ts";

function call(method: keyof typeof builtin, ...params: unknown[]): unknown {
  const procedure = builtin[method];
  assert.ok(procedure !== undefined);
  return invoke(method, procedure, params, new LazyCallContext());
}

Deno.test("ping answers pong, and the index that it was given", () => {
  assert.equal(call("ping"), "pong");
  assert.equal(call("ping", 7), "pong 7");
  assert.equal(call("ping", 0), "pong 0");
});

Deno.test("fib begins with 0 and 1 and adds the last two from there on", () => {
  assert.deepEqual([0, 1, 2, 3, 10].map((n) => call("fib", n)), [0, 1, 1, 2, 55]);
  assert.equal(call("fib", 25), 75_025);
});

Deno.test("pi is the Leibniz series, term by term", () => {
  assert.equal(call("pi", 0), 0);
  assert.equal(call("pi", 1), 4);
  assert.equal(call("pi", 2), 4 - 4 / 3);
  assert.ok(Math.abs(call("pi", 1_000_000) as number - Math.PI) < 1e-5);
});

Deno.test("the built-in procedures refuse what they cannot take", () => {
  const refused: [keyof typeof builtin, unknown[]][] = [
    ["ping", ["x"]],
    ["ping", [1, 2]],
    ["pi", [-1]],
    ["pi", [1_000_000_001]],
    ["pi", [1.5]],
    ["fib", []],
    ["fib", [79]],
    ["fib", [-1]],
    ["fib", [null]],
  ];
  for (const [method, params] of refused) {
    assert.throws(() => call(method, ...params), { name: "InvalidParams", executed: "no" });
  }
});

Deno.test("all built-in procedures are idempotent, and only ping runs in the main process", () => {
  assert.ok(Object.values(builtin).every(({ idempotent }) => idempotent));
  const inline = Object.entries(builtin).filter(([, { kind }]) => kind === "inline");
  assert.deepEqual(inline.map(([name]) => name), ["ping"]);
});
