/**
 * Keeps a program's memory out of the files that a system may write when a process crashes. It has
 * its private key, and what callers have sent. Such a file then says where the program was, and
 * holds no memory. What the process starts inherits that. Only Linux can do it.
 */

const ownFilter = "/proc/self/coredump_filter";

/** What this process had before, as the system writes it. */
let former: string | undefined;

/** Has core files of this process hold no memory from now on, where the system can do that. */
export function emptyCoreFiles(): void {
  if (Deno.build.os !== "linux") return;
  try {
    former = Deno.readTextFileSync(ownFilter).trim();
    Deno.writeTextFileSync(ownFilter, "0");
  } catch {
    // The system shows no such file, or shows it to be read only.
  }
}

/** How often a child that has yet to leave our memory is tried again: it does so at once. */
const triesMax = 1_000;

/**
 * Has core files of a child hold what those of this process did before {@link emptyCoreFiles}.
 *
 * A child that was just started may still be in our memory (`vfork`), and the setting goes with
 * the memory. Then it counts for us, and not for what the child becomes: so it is taken back, and
 * the child is tried again.
 */
export function fillCoreFiles(pid: number): void {
  if (former === undefined) return;
  try {
    for (let tries = 0; tries < triesMax; tries++) {
      // It is written in hexadecimal digits, without a sign that it is so.
      Deno.writeTextFileSync(`/proc/${pid}/coredump_filter`, `0x${former}`);
      if (Number(Deno.readTextFileSync(ownFilter)) === 0) return;
      Deno.writeTextFileSync(ownFilter, "0");
    }
  } catch {
    // It has ended.
  }
}
