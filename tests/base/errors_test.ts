import assert from "node:assert/strict";
import {
  type ErrorName,
  errorNameOf,
  errorTable,
  messageOf,
  RpcError,
  withoutStack,
} from "../../src/base/errors.ts";

Deno.test("each error has a code of its own, inside the range that JSON-RPC reserves (P-22)", () => {
  const codes = Object.values(errorTable).map(({ code }) => code);
  assert.equal(new Set(codes).size, codes.length);
  for (const code of codes) assert.ok(code >= -32768 && code <= -32000, `${code}`);
});

Deno.test("errorNameOf() turns every code back into its name, and somebody else's into none", () => {
  for (const name of Object.keys(errorTable) as ErrorName[]) {
    assert.equal(errorNameOf(errorTable[name].code), name);
  }
  assert.equal(errorNameOf(-32000), undefined);
  assert.equal(errorNameOf(1), undefined);
});

Deno.test("an RpcError takes code and executed from the table", () => {
  const error = new RpcError("DeadlineExceeded", "Cannot finish fib within 5 ms");
  assert.ok(error instanceof Error);
  assert.equal(error.name, "DeadlineExceeded");
  assert.equal(error.code, -32001);
  assert.equal(error.executed, "maybe");
  assert.equal(error.message, "Cannot finish fib within 5 ms");
  assert.equal(error.issues, undefined);
  assert.equal("cause" in error, false);
});

Deno.test("an RpcError can know better than the table whether the call ran", () => {
  const cause = new Error("deep inside");
  const issues = [{ path: [0], message: "n must be a number" }];
  const error = new RpcError("DeadlineExceeded", "Late", { executed: "no", issues, cause });
  assert.equal(error.executed, "no");
  assert.equal(error.issues, issues);
  assert.equal(error.cause, cause);
});

Deno.test("an RpcError in JSON says all that another process can be told", () => {
  const issues = [{ path: [0], message: "must be a number" }];
  const error = new RpcError("InvalidParams", "Cannot call f", { issues, cause: new Error("x") });
  assert.deepEqual(JSON.parse(JSON.stringify({ error })), {
    error: {
      name: "InvalidParams",
      code: -32602,
      message: "Cannot call f",
      executed: "no",
      issues,
    },
  });
});

Deno.test("messageOf() finds words for anything that can be thrown", () => {
  assert.equal(messageOf(new Error("no luck")), "no luck");
  assert.equal(messageOf(new RangeError()), "RangeError");
  // The longest text that there can be fits no sentence.
  const long = messageOf(new Error("x".repeat(2 ** 29 - 24)));
  assert.equal(long.length, 1024 * 1024);
  assert.equal(messageOf("a string"), "a string");
  assert.equal(messageOf(undefined), "undefined");
  assert.equal(messageOf(null), "null");
});

Deno.test("an object that was thrown without being an error tells its message, text or JSON", () => {
  const circular: Record<string, unknown> = { a: [1n, new Error("inner")] };
  circular["self"] = circular;
  const told: [unknown, string][] = [
    [{ code: 5, message: "full" }, "full"],
    [Object.assign(Object.create(null), { message: "bare" }), "bare"],
    [{ code: 5, reason: "full" }, '{"code":5,"reason":"full"}'],
    [{ message: { code: 5 } }, '{"message":{"code":5}}'],
    [[1, "two", { three: 3 }], '[1,"two",{"three":3}]'],
    [new Proxy(Object.freeze({ a: 1 }), {}), '{"a":1}'],
    [circular, '{"a":["1","inner"],"self":"[circular]"}'],
    [{}, "{}"],
    [Object.create(null), "{}"],
    [new Map([[1, 2]]), "[object Map]"],
    [{ toString: () => "own text" }, "own text"],
    [{ toJSON: () => undefined }, "[object Object]"],
    [new URL("http://a/"), "http://a/"],
  ];
  for (const [thrown, text] of told) assert.equal(messageOf(thrown), text);
  const long = messageOf({ data: "x".repeat(2 ** 20), more: Array(1_000).fill("x") });
  assert.ok(long.startsWith('{"data":"xxx') && long.endsWith("...") && long.length === 1_003);
});

Deno.test("an AggregateError tells its errors", () => {
  const [one, two] = [new Error("one"), new TypeError()];
  assert.equal(messageOf(new AggregateError([one, two], "both")), "both: one; TypeError");
  assert.equal(messageOf(new AggregateError([])), "AggregateError");
  const many = new AggregateError([one, "two", { message: "three" }, 4, 5], "all");
  assert.equal(messageOf(many), "all: one; two; three; and 2 more");
  many.errors = [many];
  assert.equal(messageOf(many), "all: all");
});

Deno.test("RpcError.from() keeps an error, adopts another copy's, and makes one of anything else", () => {
  const own = new RpcError("Overloaded", "Full");
  assert.equal(RpcError.from(own), own);
  const foreign = Object.assign(new Error("Full"), { name: "Overloaded", executed: "no" });
  const adopted = RpcError.from(foreign);
  assert.ok(adopted instanceof RpcError);
  assert.deepEqual([adopted.name, adopted.executed, adopted.code], ["Overloaded", "no", own.code]);
  for (const thrown of [new TypeError("odd"), "odd", undefined, null, { toString: 1 }]) {
    const error = RpcError.from(thrown);
    assert.equal(error.name, "InternalError");
    assert.equal(error.cause, thrown);
  }
});

Deno.test("an error that is caught at once has no stack, and the next one has", () => {
  const thrownBy = (run: () => unknown): Error => {
    try {
      run();
    } catch (error) {
      assert.ok(error instanceof Error);
      return error;
    }
    assert.fail("nothing was thrown");
  };
  const look = () => Deno.statSync(import.meta.resolve("./nowhere").replace("file://", ""));
  assert.match(thrownBy(look).stack ?? "", /\n +at /);
  assert.doesNotMatch(thrownBy(() => withoutStack(look)).stack ?? "", /\n +at /);
  assert.match(thrownBy(look).stack ?? "", /\n +at /);
  assert.equal(withoutStack(() => 1), 1);
});

Deno.test("the message of what was thrown has no colours, as Deno's own errors do", () => {
  const coloured = "no package\n    at \x1b[0m\x1b[36mfile:///a.ts\x1b[0m:\x1b[33m1\x1b[0m";
  assert.equal(messageOf(new TypeError(coloured)), "no package\n    at file:///a.ts:1");
  assert.equal(messageOf("\x1b[31mred\x1b[m"), "red");
});
