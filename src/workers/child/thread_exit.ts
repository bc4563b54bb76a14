/**
 * The end of a process whose program runs in a thread: the runtime ends the thread that exits, and
 * drops its exit code.
 */

/** What a thread tells when it exits. */
interface ThreadExit {
  readonly exitCode: number;
}

/** How long the thread waits, in milliseconds, for the end of its process, which comes at once. */
const endWithinMs = 10_000;

/** Has this process, if its program is this thread, exit as the thread does. */
export function exitWithThread(): void {
  if (!("WorkerGlobalScope" in globalThis)) return;
  const thread = globalThis as unknown as { postMessage(message: ThreadExit): void };
  const tell = thread.postMessage.bind(thread);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  globalThis.addEventListener("unload", () => {
    tell({ exitCode: Deno.exitCode });
    Atomics.wait(pause, 0, 0, endWithinMs);
  });
}

/** Calls back, in the process's own thread, when that one exits. */
export function onExit(thread: Worker, exited: (code: number) => void): void {
  thread.addEventListener("message", ({ data }: MessageEvent<Partial<ThreadExit> | null>) => {
    const code = data?.exitCode;
    if (typeof code === "number") exited(code);
  });
}
