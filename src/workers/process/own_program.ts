import { isGranted } from "../../base/system/is_granted.ts";

const link = "/proc/self/exe";

/** What Linux adds to the path of a file that was deleted, or replaced by another. */
const deleted = " (deleted)";

/**
 * The words of a command, in which the path of this process's program still means that program if
 * the file was replaced or deleted since, as by an upgrade: the kernel keeps it for as long as a
 * process runs it. So a server's later workers are of its own version. On other systems than Linux,
 * and without the right to look, the words are as they were.
 */
export function withOwnProgram(words: readonly string[]): string[] {
  const path = replacedProgram();
  if (path === undefined) return [...words];
  // `Deno.execPath()` was read before that, or after it.
  const names = [path, path + deleted];
  return words.map((word) => names.includes(word) ? `/proc/${Deno.pid}/exe` : word);
}

/** The path of this process's program, if another file or none is there now. */
function replacedProgram(): string | undefined {
  if (Deno.build.os !== "linux") return undefined;
  if (!isGranted({ name: "read", path: link })) return undefined;
  try {
    const path = Deno.readLinkSync(link);
    return path.endsWith(deleted) ? path.slice(0, -deleted.length) : undefined;
  } catch {
    return undefined;
  }
}
