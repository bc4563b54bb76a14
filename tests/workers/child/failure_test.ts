import assert from "node:assert/strict";
import { invoke } from "../../../src/procedures/invoke.ts";
import { LazyCallContext } from "../../../src/procedures/call_context.ts";
import { defineProcedure, z } from "../../../src/mod.ts";
import { describeFailure } from "../../../src/workers/child/failure.ts";

function thrownBy(run: () => unknown): unknown {
  try {
    return assert.fail(`it returned ${run()}`);
  } catch (error) {
    return error;
  }
}

Deno.test("a stack has the frames of the user's code and none of this program's", () => {
  const procedure = defineProcedure(
    { input: z.tuple([]), output: z.null() },
    function risky() {
      throw new RangeError("too much");
    },
  );
  const error = thrownBy(() => invoke("risky", procedure, [], new LazyCallContext(undefined)));
  const { message, stack } = describeFailure("risky failed", (error as Error).cause);
  assert.equal(message, "risky failed: RangeError: too much");
  assert.match(stack[0] ?? "", /^at .*risky .*tests\/workers\/child\/failure_test\.ts:\d+:\d+/);
  assert.deepEqual(stack.filter((line) => /\/src\/|ext:|node:/.test(line)), []);
});

Deno.test("causes are told, and a circle of them ends", () => {
  const first = new Error("first");
  const second = new TypeError("second", { cause: first });
  first.cause = second;
  const { stack } = describeFailure("it failed", second);
  const causes = stack.filter((line) => line.startsWith("Caused by"));
  assert.deepEqual(causes.slice(0, 2), ["Caused by Error: first", "Caused by TypeError: second"]);
  assert.ok(causes.length <= 3);
});

Deno.test("the errors of an AggregateError are told, with their frames", () => {
  const { stack } = describeFailure("it failed", new AggregateError([new RangeError("one"), 2]));
  const errors = stack.flatMap((line, i) => line.startsWith("One of its errors") ? [i] : []);
  assert.deepEqual(errors.map((i) => stack[i]), [
    "One of its errors: RangeError: one",
    "One of its errors: 2",
  ]);
  assert.match(stack[(errors[0] ?? 0) + 1] ?? "", /^at .*failure_test\.ts/);
});

Deno.test("whatever is thrown can be described", () => {
  const evil = new Error("evil");
  Object.defineProperty(evil, "stack", {
    get() {
      throw new Error("no stack");
    },
  });
  Object.defineProperty(evil, "cause", {
    get() {
      throw new Error("no cause");
    },
  });
  const cases: [unknown, RegExp][] = [
    [evil, /^it failed: evil$/],
    ["a string", /^it failed: a string$/],
    [undefined, /^it failed: undefined$/],
    [{ message: "an object" }, /^it failed: an object$/],
    [Object.create(null), /^it failed: /],
    [Object.assign(new Error("x"), { stack: 7 }), /^it failed: x$/],
    [new Error("several\nlines"), /^it failed: Error: several\nlines$/],
  ];
  for (const [thrown, expected] of cases) {
    const { message } = describeFailure("it failed", thrown);
    assert.match(message, expected);
  }
});

Deno.test("a fault of this program keeps its stack, which is all there is to tell", () => {
  const own = new URL("../../../src/", import.meta.url).href;
  const frame = `at work (${own}workers/child/worker.ts:1:2)`;
  const error = Object.assign(new TypeError("x"), { stack: `TypeError: x\n    ${frame}` });
  assert.deepEqual(describeFailure("it failed", error).stack, [frame]);
});

Deno.test("an error with the longest message that there can be is told, without its stack", () => {
  const error = new RangeError("x".repeat(2 ** 29 - 24));
  const { message, stack } = describeFailure("f failed", error);
  assert.match(message, /^f failed: xxx/);
  assert.deepEqual(stack, []);
});

Deno.test("an import that fails in a compiled program is logged in plain words", () => {
  const box = 'JsErrorBox { inner: Os { code: 13, kind: PermissionDenied, message: "No" } }';
  const { message } = describeFailure("load failed", new TypeError(box));
  assert.equal(message, "load failed: A module cannot be read: No (os error 13)");
});
