import { isGranted } from "../../base/system/is_granted.ts";
import { workerOomScore } from "../limits.ts";

/** The highest score that there is. */
const scoreMax = 1_000;

/**
 * Has Linux end a worker sooner than this process where memory runs out. The system ends the
 * greatest process, which is the worker that took the memory. But until that one is gone it may
 * end the next, and that would be this process, which has everybody's connections.
 *
 * What the worker starts inherits it. Any user may raise the score of processes.
 */
export function endSooner(pid: number): void {
  if (Deno.build.os !== "linux") return;
  const own = "/proc/self/oom_score_adj";
  const its = `/proc/${pid}/oom_score_adj`;
  if (!isGranted({ name: "read", path: own }) || !isGranted({ name: "write", path: its })) return;
  try {
    const score = Number(Deno.readTextFileSync(own)) + workerOomScore;
    Deno.writeTextFileSync(its, String(Math.min(score, scoreMax)));
  } catch {
    // It has ended, or the system shows no such file.
  }
}
