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

/**
 * Starts a child whose core files hold what those of this process did before
 * {@link emptyCoreFiles}: it inherits what those of this process hold while it starts. Its own file
 * cannot be written right after its start. It may still be in our memory then (`vfork`), and the
 * setting goes with the memory.
 */
export function withFormerCoreFiles<Child>(start: () => Child): Child {
  // Opened before, so that the setting is taken back though the child took the last handle.
  using file = former === undefined ? undefined : openOwnFilter();
  if (file === undefined) return start();
  const set = (filter: string) => file.writeSync(new TextEncoder().encode(filter));
  try {
    // It is written in hexadecimal digits, without a sign that it is so.
    set(`0x${former}`);
    return start();
  } finally {
    set("0");
  }
}

function openOwnFilter(): Deno.FsFile | undefined {
  try {
    return Deno.openSync(ownFilter, { write: true });
  } catch {
    // No handle is left, and the child may have none either.
    return undefined;
  }
}
