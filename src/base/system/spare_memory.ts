/**
 * Longest heap that is looked through: for a tenth of a second or two. A worker that stands still
 * for a second is taken for one that hangs.
 */
const collectedHeapBytesMax = 64 * 1024 * 1024;

/**
 * Gives back to the system what the start of this process has left behind: a third of what it has
 * for itself, which V8 keeps until it needs it. Everything stands still meanwhile, for ten
 * milliseconds and more, so it is for a moment in which nobody waits. Where there is much to look
 * through nothing is done.
 */
export async function giveBackMemory(): Promise<void> {
  try {
    if (Deno.memoryUsage().heapUsed > collectedHeapBytesMax) return;
    const [v8, vm] = await Promise.all([import("node:v8"), import("node:vm")]);
    // A flag of the command line would do as well, but then V8 takes nothing from the caches that
    // were written without it, and each start takes a quarter longer.
    v8.setFlagsFromString("--expose-gc");
    const collect = vm.runInNewContext("gc");
    v8.setFlagsFromString("--no-expose-gc");
    collect({ type: "major", execution: "sync", flavor: "last-resort" });
  } catch {
    // A sandbox forbids it, or this runtime cannot: it is no more than memory.
  }
}
