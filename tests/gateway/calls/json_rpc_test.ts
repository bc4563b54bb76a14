import assert from "node:assert/strict";
import { answerInTurns } from "../../../src/gateway/calls/json_rpc.ts";
import { gatewayBatchStep } from "../../../src/gateway/limits.ts";

Deno.test("a few members of a batch begin in a turn, and the next ones in the next", async () => {
  let begun = 0;
  const seen: number[] = [];
  await answerInTurns(
    Array.from({ length: 3 * gatewayBatchStep + 1 }),
    {
      caller: "a",
      places: { enter: () => undefined, leave: () => {} },
      turn() {
        seen.push(begun);
        return Promise.resolve();
      },
    },
    () => {
      begun++;
      return Promise.resolve();
    },
  );
  assert.deepEqual(seen, [1, 2, 3].map((turn) => turn * gatewayBatchStep));
  assert.equal(begun, 3 * gatewayBatchStep + 1);
});
