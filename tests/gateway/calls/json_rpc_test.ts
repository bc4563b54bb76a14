import assert from "node:assert/strict";
import { answerInTurns } from "../../../src/gateway/calls/json_rpc.ts";
import { gatewayBatchStep } from "../../../src/gateway/limits.ts";

Deno.test("a few members of a batch are read and begin in a turn, and the next ones in the next", async () => {
  let read = 0;
  let begun = 0;
  const seen: number[] = [];
  function* members(): Generator<number> {
    while (read <= 3 * gatewayBatchStep) yield read++;
  }
  await answerInTurns(
    members(),
    {
      caller: "a",
      places: { enter: () => undefined, leave: () => {} },
      turn() {
        // One more is read before it is known that it has to wait.
        assert.equal(read, begun + 1);
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
