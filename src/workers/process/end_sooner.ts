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
  const path = `/proc/${pid}/oom_score_adj`;
  // Without this look a program with few permissions would be asked for another one.
  if (Deno.permissions.querySync({ name: "write", path }).state !== "granted") return;
  try {
    const own = Number(Deno.readTextFileSync("/proc/self/oom_score_adj"));
    Deno.writeTextFileSync(path, String(Math.min(own + workerOomScore, scoreMax)));
  } catch {
    // It has ended, or the system shows no such file.
  }
}
