/** Tests of files that are in memory: where none can be made the program does without them. */

import { memoryDirectory } from "../../src/workers/memory_files.ts";
import { notLinux } from "./posix.ts";

/** Why a test of such files is skipped; `undefined`: it is not. */
export const noMemoryFiles: string | undefined = notLinux ?? whyNone();

function whyNone(): string | undefined {
  try {
    Deno.removeSync(Deno.makeTempFileSync({ dir: memoryDirectory, prefix: "rpc-test-" }));
    return undefined;
  } catch {
    return `no file can be made in ${memoryDirectory}`;
  }
}
