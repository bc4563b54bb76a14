import assert from "node:assert/strict";
import { messageMaxLeast, messageMaxMost } from "../../../src/base/limits.ts";
import { discoverParamsSchema, type Params } from "../../../src/wire/message.ts";
import { saidMessageMax } from "../../../src/wire/requests/request_checks.ts";
import * as fc from "../../support/fast_check.ts";

Deno.test("a client says what it takes exactly if the schema of rpc.discover's parameters says so", () => {
  const bounds = [messageMaxLeast, messageMaxMost];
  const said = fc.oneof(
    fc.constantFrom<unknown>(...bounds.flatMap((one) => [one - 1, one, one + 1, one + 0.5])),
    fc.jsonValue({ maxDepth: 1 }),
  );
  fc.assert(
    fc.property(fc.record({ messageMax: said, other: said }, { requiredKeys: [] }), (params) => {
      const { data } = discoverParamsSchema.safeParse(params);
      assert.equal(saidMessageMax(params as Params), data?.messageMax);
    }),
  );
  assert.equal(saidMessageMax(undefined), undefined);
  assert.equal(saidMessageMax([messageMaxLeast]), undefined);
});
