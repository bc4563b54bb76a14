import { openCLibrary } from "./c_library.ts";

/**
 * Largest heap that is collected, in a tenth of a second or two: a worker that stands still for a
 * second would be taken for one that hangs.
 */
const collectedHeapBytesMax = 64 * 1024 * 1024;

/**
 * Gives memory back to the system: first {@link collectGarbage}, since buffers that nobody uses are
 * memory of the allocator's only then, and afterwards what the allocator keeps, which does that by
 * itself only with its longest pieces. After hundreds of long messages that is most of all that the
 * process has. It stands still meanwhile, for some tens of milliseconds.
 */
export async function giveBackMemory(): Promise<void> {
  await collectGarbage();
  // V8 frees the buffers on another thread, and has done so when the next collection begins.
  await collectGarbage();
  // glibc's alone.
  const library = openCLibrary({ malloc_trim: { parameters: ["usize"], result: "i32" } });
  library?.symbols.malloc_trim(0n);
  library?.close();
}

/**
 * Gives memory back to the system that the start of this process left behind, about a third of all
 * that it has: V8 would keep it. The process stands still meanwhile, for ten milliseconds or more,
 * so this is for a moment when nobody waits. It does nothing where the heap is large.
 */
export async function collectGarbage(): Promise<void> {
  try {
    if (Deno.memoryUsage().heapUsed > collectedHeapBytesMax) return;
    const [v8, vm] = await Promise.all([import("node:v8"), import("node:vm")]);
    // As a flag of the command line it would make V8 reject the code caches, which were written
    // without it, and every start would take a quarter longer.
    v8.setFlagsFromString("--expose-gc");
    const collect = vm.runInNewContext("gc");
    v8.setFlagsFromString("--no-expose-gc");
    collect({ type: "major", execution: "sync", flavor: "last-resort" });
  } catch {
    // A sandbox forbids it, or the runtime cannot do it. Only memory is lost by that.
  }
}
