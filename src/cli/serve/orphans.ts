import type { Clock, Timer } from "../../base/clock.ts";
import { openCLibrary } from "../../base/system/c_library.ts";

/** How often to look. */
const lookEveryMs = 5_000;

/** `WNOHANG` of `waitpid(2)`: takes an end, or returns at once. */
const withoutWaiting = 1;

/**
 * Takes the ends of processes that others have left to this one, if it is the first process of its
 * system, as in a container without an init: the children of workers that were killed, and what
 * procedures left behind. Each would hold a process number for as long as the container runs.
 *
 * The runtime takes the ends of the processes that it has started at once. What is still there at
 * the next look is nobody's.
 */
export function takeOrphans(clock: Clock, pid = Deno.pid): Timer | undefined {
  if (Deno.build.os !== "linux" || pid !== 1) return undefined;
  const library = openCLibrary({
    waitpid: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  });
  if (library === undefined) return undefined;
  let before = new Set<number>();
  return clock.every(lookEveryMs, () => {
    const ended = new Set(endedChildren());
    for (const child of ended.intersection(before)) {
      library.symbols.waitpid(child, null, withoutWaiting);
    }
    before = ended;
  });
}

/** Children of process 1 that have ended, and whose end nobody has taken. */
function endedChildren(): number[] {
  try {
    // The system gives orphans to the first thread.
    const children = Deno.readTextFileSync("/proc/1/task/1/children");
    return children.split(" ").filter((one) => one !== "").map(Number).filter(hasEnded);
  } catch {
    // Some kernels do not tell.
    return [];
  }
}

/** The state stands behind the name, which is in brackets and may have any of them inside. */
function hasEnded(pid: number): boolean {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return status.slice(status.lastIndexOf(")")).startsWith(") Z");
  } catch {
    // The runtime has taken its end.
    return false;
  }
}
