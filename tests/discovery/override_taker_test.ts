import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/log.ts";
import { OverrideTaker } from "../../src/discovery/override_taker.ts";

Deno.test("a change that cannot be says which of its members is wrong (P-21, P-74)", async () => {
  const { take } = new OverrideTaker(silentLogger);
  for (
    const [params, path, message] of [
      [{ weight: -1 }, ["weight"], "must be a number from 0 to 1000"],
      [{ drained: "yes" }, ["drained"], "must be true or false"],
      [[1], [], "must be an object"],
    ]
  ) {
    await assert.rejects(take(params), (error) => {
      assert.ok(error instanceof RpcError);
      assert.equal(error.name, "InvalidParams");
      assert.deepEqual(error.issues, [{ path, message }]);
      return true;
    });
  }
});
