import { openCLibrary } from "./c_library.ts";

/** More than any machine can give, and no more than JavaScript lets one ask for. */
const unavailableBytes = 2 ** 52;

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
export function giveBackMemory(): void {
  collectGarbage();
  // glibc's alone.
  const library = openCLibrary({ malloc_trim: { parameters: ["usize"], result: "i32" } });
  library?.symbols.malloc_trim(0n);
  library?.close();
}

/**
 * Gives memory back to the system that the start of this process left behind, about a third of all
 * that it has: V8 would keep it. The process stands still meanwhile, for some tens of milliseconds,
 * so this is for a moment when nobody waits. It does nothing where the heap is large.
 *
 * Before V8 refuses a buffer for lack of memory it collects all that it can. To call the collector
 * itself would take `node:v8` and `node:vm`, which need more memory than a start leaves behind; and
 * `--expose-gc` on the command line would make V8 reject the code caches, which were written
 * without it.
 */
export function collectGarbage(): void {
  if (Deno.memoryUsage().heapUsed > collectedHeapBytesMax) return;
  try {
    new ArrayBuffer(unavailableBytes);
  } catch {
    // No memory, as expected.
  }
}
