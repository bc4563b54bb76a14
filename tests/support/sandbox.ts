/** Declares tests of the sandbox, of the source or of the binary under test. */

import { landlockVersion } from "../../src/workers/sandbox/landlock.ts";
import { binary } from "./program.ts";
import { skippedIf } from "./skipped_if.ts";

/** Why there is no sandbox for what is tested here; `undefined`: there is one. */
const reason = Deno.build.os !== "linux"
  ? "it is tested on Linux"
  : binary !== undefined && landlockVersion() === 0
  ? "this system has no Landlock"
  : undefined;

/** Declares a test that is skipped where there is no sandbox. `only`: or it has another reason. */
export function sandboxTest(name: string, fn: () => Promise<void>, only?: string): void {
  Deno.test({ ...skippedIf(reason ?? only, name), fn });
}
