import assert from "node:assert/strict";
import { Shares } from "../../../src/base/bounds/shares.ts";

Deno.test("each caller has as many as were added for it and not yet removed", () => {
  const shares = new Shares();
  assert.deepEqual([shares.add("a"), shares.add("a"), shares.add("b")], [1, 2, 1]);
  shares.remove("a");
  assert.deepEqual([shares.of("a"), shares.of("b"), shares.of("c")], [1, 1, 0]);
  shares.remove("a");
  shares.remove("a");
  assert.deepEqual([shares.of("a"), shares.add("a"), shares.of("b")], [0, 1, 1]);
});
