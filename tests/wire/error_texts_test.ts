import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { encodeError } from "../../src/wire/codec.ts";

Deno.test("an error's text is whole characters, also where it was cut (P-1)", () => {
  const text = (message: string) =>
    JSON.parse(encodeError(1, new RpcError("InternalError", message))).error.message;
  assert.equal(text("no file a\udcff"), "no file a\ufffd");
  for (const start of ["", "a"]) {
    assert.ok(text(start + "\u{1f600}".repeat(2 ** 20)).isWellFormed());
  }
});
