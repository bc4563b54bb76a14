import { openCLibrary } from "../../base/system/c_library.ts";
import { isGranted } from "../../base/system/is_granted.ts";
import { workerNiceness } from "../limits.ts";

/** `PRIO_PROCESS` of `setpriority(2)`: the number is a process's id, or 0 for the caller's. */
const ofProcess = 0;

/** The lowest priority that there is. */
const nicenessMax = 19;

let lower: ((pid: number) => void) | undefined;

/**
 * Lets this process go first where it and a worker want the same core, since it has the answers of
 * everybody else to give (docs/adr/0057-workers-give-way-to-their-server.md). To be called before
 * the worker has threads, which are what the system gives priorities to; they and its children
 * inherit it.
 *
 * On Windows a process of less priority gets nothing at all beside others, so nothing is done
 * there.
 */
export function lowerPriority(pid: number): void {
  lower ??= opened();
  lower(pid);
}

function opened(): (pid: number) => void {
  const nothing = () => {};
  if (Deno.build.os === "windows" || !isGranted({ name: "ffi" })) return nothing;
  // It stays open.
  const library = openCLibrary({
    getpriority: { parameters: ["i32", "u32"], result: "i32" },
    setpriority: { parameters: ["i32", "u32", "i32"], result: "i32" },
  });
  if (library === undefined) return nothing;
  const { getpriority, setpriority } = library.symbols;
  const niceness = Math.min(getpriority(ofProcess, 0) + workerNiceness, nicenessMax);
  return (pid) => void setpriority(ofProcess, pid, niceness);
}
