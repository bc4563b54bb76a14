import assert from "node:assert/strict";
import { paramsMaker } from "../../../src/cli/call/params.ts";
import { UsageError } from "../../../src/cli/syntax/usage_error.ts";

Deno.test("an argument is JSON if it parses, else text", () => {
  const args = ["32", "-1.5", "true", "null", '"32"', '{"a":[1]}', "[1]", "hello", "", "01", "{i"];
  assert.deepEqual(paramsMaker(args, undefined)(1), [
    ...[32, -1.5, true, null, "32", { a: [1] }, [1], "hello", "", "01", "{i"],
  ]);
  assert.deepEqual(paramsMaker([], undefined)(1), []);
});

Deno.test("{i} is the call's number: alone a number, in a text its digits", () => {
  const make = paramsMaker(["{i}", "job-{i}", '{"n": {i}}', "{i}{i}"], undefined);
  assert.deepEqual(make(1), [1, "job-1", { n: 1 }, 11]);
  assert.deepEqual(make(42), [42, "job-42", { n: 42 }, 4242]);
});

Deno.test("named parameters are a JSON object, with the call's number in it", () => {
  assert.deepEqual(paramsMaker([], '{"n": 32}')(5), { n: 32 });
  assert.deepEqual(paramsMaker([], '{"n": {i}}')(5), { n: 5 });
});

Deno.test("what is no JSON object, or comes beside arguments, is refused before any call", () => {
  for (const named of ["[1]", "1", '"x"', "null", "{", "", "{n: 1}", '{"n": {j}}']) {
    assert.throws(() => paramsMaker([], named), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /^Cannot use --params .*it must be a JSON object, such as/);
      return true;
    });
  }
  assert.throws(() => paramsMaker(["1"], "{}"), /give one or the other/);
});
