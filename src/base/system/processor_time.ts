import { isGranted } from "./is_granted.ts";

/** What a process has had of the processor's time, and whether it wants more. */
export interface ProcessorTime {
  /** In milliseconds, to ten of them. */
  readonly usedMs: number;
  /** Whether its first thread could go on at once: it has a core, or waits for one. */
  readonly isWanted: boolean;
}

/** Linux counts the time of processes in hundredths of a second (`USER_HZ`). */
const tickMs = 10;

/** Running or waiting for a core, and waiting for the disk. */
const wanting: ReadonlySet<string> = new Set(["R", "D"]);

/**
 * That of a process, as Linux tells it (proc_pid_stat(5)); `undefined`: the system does not, or the
 * process has ended.
 */
export function processorTimeOf(pid: number): ProcessorTime | undefined {
  const path = `/proc/${pid}/stat`;
  if (Deno.build.os !== "linux") return undefined;
  if (!isGranted({ name: "read", path })) return undefined;
  try {
    const text = Deno.readTextFileSync(path);
    // Before that stands the name, in which there may be anything.
    const fields = text.slice(text.lastIndexOf(") ") + 2).split(" ");
    const [user, system] = [Number(fields[11]), Number(fields[12])];
    return { usedMs: tickMs * (user + system), isWanted: wanting.has(fields[0] ?? "") };
  } catch {
    return undefined;
  }
}
