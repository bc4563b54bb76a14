import assert from "node:assert/strict";
import { RpcError } from "../../../src/base/errors.ts";
import { problemDetails } from "../../../src/gateway/door/problem.ts";

Deno.test("an error's text with half a pair of surrogates is JSON that all programs take", () => {
  const error = new RpcError("InternalError", "cannot open a\udcff");
  assert.equal(problemDetails(error).detail, "cannot open a\ufffd");
});
