import type { ProcessorTime } from "../../base/system/processor_time.ts";
import { heldUpMaxMs, heldUpUsedMs } from "../limits.ts";

/**
 * Whether a worker that does not do what it has to waits for a core, and has had too little time on
 * one to do it. After 30 s it does not count any more, whatever it waits for.
 *
 * @param hadMs what it had had of the processor's time when that was first seen, if anybody knows
 * @param forMs for how long it has not done it
 * @param processorTime what it has had until now
 */
export function waitsForCore(
  hadMs: number | undefined,
  forMs: number,
  processorTime: () => ProcessorTime | undefined,
): boolean {
  if (hadMs === undefined || forMs >= heldUpMaxMs) return false;
  const now = processorTime();
  return now?.isWanted === true && now.usedMs - hadMs < heldUpUsedMs;
}
