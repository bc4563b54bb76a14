import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { encodeRequest } from "../../src/wire/codec.ts";
import { parseExactly } from "../../src/wire/exact_json.ts";
import type { Params } from "../../src/wire/message.ts";
import { plainRequest } from "../../src/wire/fast_path.ts";
import * as fc from "../support/fast_check.ts";

Deno.test("a plain request is the line that every client sends, or none where it refuses or divides it", () => {
  const value = fc.oneof(
    fc.json().map((text) => parseExactly(text)),
    fc.constantFrom("1.0", "12345678901234567890", "1e999", "-0", '{"a":1,"meta":2}')
      .map(parseExactly),
    fc.integer({ min: 0, max: 70 }).map((depth) =>
      parseExactly("[".repeat(depth) + "]".repeat(depth) || "0")
    ),
    fc.integer({ min: 30_000, max: 40_000 }).map((length) => "x".repeat(length)),
  );
  const params: fc.Arbitrary<Params | undefined> = fc.oneof(
    fc.array(value, { maxLength: 3 }),
    fc.dictionary(fc.string(), value, { maxKeys: 3 }),
    fc.constant(undefined),
  );
  fc.assert(fc.property(
    fc.nat(),
    fc.string(),
    params,
    fc.integer({ min: 1, max: 1e9 }),
    fc.option(fc.integer({ min: 1, max: 1_000 }), { nil: undefined }),
    (id, method, given, timeoutMs, stream) => {
      const options = stream === undefined ? undefined : { stream };
      let usual: string | undefined;
      try {
        usual = encodeRequest(id, method, given, timeoutMs, options);
      } catch (error) {
        assert.ok(error instanceof RpcError);
      }
      const plain = plainRequest(id, method, given, { timeoutMs, ...options });
      if (plain === undefined) assert.ok(usual === undefined || usual.length > 32 * 1024);
      else assert.equal(plain, usual);
    },
  ));
});
