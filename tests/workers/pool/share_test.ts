import assert from "node:assert/strict";
import { Share } from "../../../src/workers/pool/share.ts";

Deno.test("a share tells when it begins or ceases to wait or to work, and not of each call", () => {
  const told: string[] = [];
  const share = new Share<number>(({ queued, begun }) => told.push(`${queued} ${begun.size}`));
  for (const call of [1, 2, 3]) share.moved(call, "nowhere", "queue");
  share.moved(1, "queue", "worker");
  share.moved(2, "queue", "worker");
  share.moved(3, "queue", "nowhere");
  share.moved(1, "worker", "nowhere");
  share.moved(2, "worker", "queue");
  assert.deepEqual(told, ["1 0", "2 1", "0 2", "1 0"]);
});
