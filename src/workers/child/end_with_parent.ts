/**
 * How a worker of ours ends when its server does, also while a procedure computes for ever and the
 * worker cannot see that its stdin has ended: somebody beside its only thread has to see to it.
 *
 * On Linux that is the kernel, which is asked by one call of the C library: it costs a millisecond
 * at the start and nothing afterwards. On Windows the runtime has done so already: it puts each
 * process that it starts into a job that ends with it. Elsewhere it is a second thread, which costs
 * a worker about 17 ms at its start and 12 MB (docs/adr/0012-workers-end-with-their-server.md).
 */

/** `PR_SET_PDEATHSIG` of `prctl(2)`: the signal for when the parent dies. */
const setParentDeathSignal = 1;

const sigkill = 9n;

/** How often the thread looks, where there has to be one. */
const lookEveryMs = 500;

/**
 * From now on this process ends, at once, when the one that started it does. To be called before
 * any code of a user runs: a parent that is dead by then is found out by stdin, which has ended.
 */
export function endWithParent(): void {
  if (Deno.build.os === "windows") return;
  if (Deno.build.os === "linux" && askKernel()) return;
  // In a sandbox a thread could not kill: there `setpriv` has asked the kernel, where there is one.
  if (Deno.permissions.querySync({ name: "run" }).state === "granted") watchParent();
}

/** `false`: it cannot be asked. */
function askKernel(): boolean {
  try {
    const library = Deno.dlopen("libc.so.6", {
      prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
    });
    const failure = library.symbols.prctl(setParentDeathSignal, sigkill, 0n, 0n, 0n);
    library.close();
    return failure === 0;
  } catch {
    // No such library, or no right to call it.
    return false;
  }
}

/**
 * The same by a thread that looks at the parent's id: an orphan gets another one. A thread cannot
 * exit for all others, but it can kill the process.
 */
export function watchParent(): void {
  const look = `if (Deno.ppid !== ${Deno.ppid}) Deno.kill(Deno.pid, "SIGKILL");`;
  // A thread of its own has no clock that could be handed in.
  const program = "setInterval(() => { " + look + " }, " + lookEveryMs + ");";
  const url = `data:text/javascript,${encodeURIComponent(program)}`;
  const watcher = new Worker(url, { type: "module", name: "parent watcher" });
  // Without it the worker still does its work, and ends with its call.
  watcher.addEventListener("error", (event) => event.preventDefault());
}
