import assert from "node:assert/strict";
import { Failure } from "../../../src/base/errors.ts";
import { PoolCall } from "../../../src/workers/pool/pool_call.ts";
import { Share } from "../../../src/workers/pool/share.ts";
import type { WorkerSlot } from "../../../src/workers/pool/worker_slot.ts";
import type { WorkerProcess } from "../../../src/workers/process/worker_process.ts";

Deno.test("a call ends its worker for its caller if it has begun there, and not if it was taken back", () => {
  const told: string[] = [];
  const owner = {
    cancel: (call: PoolCall) => call.settle({ error: new Failure("Cancelled", "") }),
    released: () => void told.push("released"),
    requeue: () => void told.push("requeued"),
    ended: () => void told.push("ended"),
  };
  const lose = (begun: boolean, isCancelled: boolean) => {
    const share = new Share<PoolCall>(() => {});
    const params = undefined;
    const task = { method: "fib", kind: "cpu", params, deadlineAtMs: 1, done() {} } as const;
    const call = new PoolCall(owner, task, share, 0);
    call.place = {
      ...{ name: "worker", id: 1 },
      ...{ slot: {} as WorkerSlot, worker: {} as WorkerProcess },
    };
    if (isCancelled) call.cancel();
    call.lost(new Failure("WorkerLost", ""), begun);
    return told.splice(0);
  };
  assert.deepEqual(lose(true, false), ["ended", "released"]);
  assert.deepEqual(lose(true, true), ["ended", "released"]);
  assert.deepEqual(lose(false, false), ["requeued"]);
  assert.deepEqual(lose(false, true), ["released"]);
});
