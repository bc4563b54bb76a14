import assert from "node:assert/strict";
import type { Queued } from "../../../src/workers/pool/call_queue.ts";
import { Share } from "../../../src/workers/pool/share.ts";

interface Call extends Queued<Call> {
  readonly name: string;
}

function callOf(name: string): Call {
  return { name, previous: undefined, next: undefined };
}

Deno.test("a share tells when it begins or ceases to wait or to work, and not of each call", () => {
  const told: string[] = [];
  const share = new Share<Call>(({ queued, begun }) => told.push(`${queued} ${begun.size}`));
  const [a, b, c] = ["a", "b", "c"].map(callOf) as [Call, Call, Call];
  for (const call of [a, b, c]) share.moved(call, "nowhere", "queue");
  share.moved(a, "queue", "worker");
  share.moved(b, "queue", "worker");
  assert.deepEqual([share.begun.first, share.begun.last], [a, b]);
  share.moved(c, "queue", "nowhere");
  share.moved(a, "worker", "nowhere");
  share.moved(b, "worker", "queue");
  assert.deepEqual(told, ["1 0", "2 1", "0 2", "1 0"]);
});
