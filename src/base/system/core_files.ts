/**
 * Keeps a program's memory out of the files that a system may write when a process crashes. It has
 * its private key, and what callers have sent. Such a file then says where the program was, and
 * holds no memory. What the process starts inherits that. Only Linux can do it.
 */

/** What this process had before, as the system writes it. */
let former: string | undefined;

/** Has core files of this process hold no memory from now on, where the system can do that. */
export function emptyCoreFiles(): void {
  if (Deno.build.os !== "linux") return;
  try {
    former = Deno.readTextFileSync("/proc/self/coredump_filter").trim();
    Deno.writeTextFileSync("/proc/self/coredump_filter", "0");
  } catch {
    // The system shows no such file, or shows it to be read only.
  }
}

/** Has core files of a child hold what those of this process did before {@link emptyCoreFiles}. */
export function fillCoreFiles(pid: number): void {
  if (former === undefined) return;
  try {
    // It is written in hexadecimal digits, without a sign that it is so.
    Deno.writeTextFileSync(`/proc/${pid}/coredump_filter`, `0x${former}`);
  } catch {
    // It has ended.
  }
}
