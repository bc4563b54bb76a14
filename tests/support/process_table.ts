/**
 * The processes of this machine, as `ps` tells them: by POSIX's own columns, so on each system but
 * Windows.
 */

/** One process that has not ended: who waits only to be asked for its exit code is not listed. */
export interface ProcessRow {
  readonly pid: number;
  readonly parentPid: number;
  /** What it has computed, in whole seconds. */
  readonly cpuSeconds: number;
}

/** All of them. */
export async function processTable(): Promise<ProcessRow[]> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-A", "-o", "pid=,ppid=,time=,stat="],
  }).output();
  return new TextDecoder().decode(stdout).split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state = "Z"]) => !state.startsWith("Z"))
    .map(([pid, parentPid, time = "0"]) => ({
      pid: Number(pid),
      parentPid: Number(parentPid),
      cpuSeconds: secondsOf(time),
    }));
}

/** Whether a process has not ended; of Windows' nothing is known, and they count as ended. */
export async function lives(pid: number): Promise<boolean> {
  if (Deno.build.os === "windows") return false;
  return (await processTable()).some((row) => row.pid === pid);
}

/** `[[dd-]hh:]mm:ss[.ff]` */
function secondsOf(time: string): number {
  return time.split(/[-:]/).reduce((sum, part) => sum * 60 + Math.floor(Number(part)), 0);
}
