import { openCLibrary } from "../../base/system/c_library.ts";
import { isGranted } from "../../base/system/is_granted.ts";

/**
 * Ends a worker of ours when its server ends, even while a procedure computes and the only thread
 * cannot see that stdin has ended.
 *
 * On Linux the kernel does it, by one call of the C library, which costs a millisecond at the start
 * and nothing afterwards. On Windows the runtime does it: it puts each process that it starts into
 * a job that ends with it. On other systems a second thread does it, which costs about 17 ms at the
 * start and 12 MB (docs/adr/0012-workers-end-with-their-server.md).
 */

/** `PR_SET_PDEATHSIG` of `prctl(2)`: the signal to send when the parent dies. */
const setParentDeathSignal = 1;

const sigkill = 9n;

/** How often the thread checks the parent. */
const lookEveryMs = 500;

/**
 * Makes this process end at once when its parent ends. To be called before any user's code runs: if
 * the parent is dead by then, the end of stdin shows it.
 */
export function endWithParent(): void {
  if (Deno.build.os === "windows") return;
  if (Deno.build.os === "linux" && askKernel()) return;
  // In a sandbox a thread may not kill. There `setpriv`, if installed, has asked the kernel.
  if (isGranted({ name: "run" })) watchParent();
}

/** Asks the kernel. Returns `false` if that is not possible. */
function askKernel(): boolean {
  const library = openCLibrary({
    prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  });
  const failure = library?.symbols.prctl(setParentDeathSignal, sigkill, 0n, 0n, 0n);
  library?.close();
  return failure === 0;
}

/**
 * The same by a thread that checks the parent's id, which changes when the parent dies. A thread
 * cannot exit the process, but it can kill it.
 */
export function watchParent(): void {
  const look = `if (Deno.ppid !== ${Deno.ppid}) Deno.kill(Deno.pid, "SIGKILL");`;
  // A clock cannot be passed to a thread.
  const program = "setInterval(() => { " + look + " }, " + lookEveryMs + ");";
  const url = `data:text/javascript,${encodeURIComponent(program)}`;
  const watcher = new Worker(url, { type: "module", name: "parent watcher" });
  // Without the thread the worker still works, and ends after its current call.
  watcher.addEventListener("error", (event) => event.preventDefault());
}
