import { unservedWaitMs } from "../limits.ts";
import type { CallQueue } from "./call_queue.ts";
import type { PoolCall } from "./pool_call.ts";
import type { WorkerSlot } from "./worker_slot.ts";

/**
 * Refuses the calls that have waited for long enough for workers that cannot be started. Another
 * server may have some, and there is still half of the call's time, or more.
 */
export function refuseUnserved(
  queue: CallQueue<PoolCall>,
  slots: readonly WorkerSlot[],
  nowMs: number,
): void {
  const tried = slots.filter(({ isResting }) => !isResting);
  if (tried.length === 0 || !tried.every(({ isFailing }) => isFailing)) return;
  for (let call = queue.first; call !== undefined;) {
    const { submittedAtMs, deadlineAtMs, next } = call;
    if (nowMs - submittedAtMs >= Math.min(unservedWaitMs, (deadlineAtMs - submittedAtMs) / 2)) {
      queue.remove(call);
      call.refuse("WorkerLost", ": no worker of its server can be started");
    }
    call = next;
  }
}
