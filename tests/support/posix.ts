/**
 * Tests of what only systems of Unix' kind have: on Windows they are skipped, with the reason in
 * the name.
 */

import { skippedIf } from "./skipped_if.ts";

/** Why a test of such things is skipped; `undefined`: it is not. */
export const onWindows: string | undefined = Deno.build.os === "windows"
  ? "there is no such thing on Windows"
  : undefined;

/** Why a test of what the program does by Linux' own means is skipped; `undefined`: it is not. */
export const notLinux: string | undefined = Deno.build.os === "linux"
  ? undefined
  : "only Linux has what it needs";

type Declare = (name: string, fn: () => Promise<void> | void) => void;

/** Declares tests that need something, `lack` being what to call it. */
function needing(lack: string): Declare {
  const reason = Deno.build.os === "windows" ? `Windows has no ${lack}` : undefined;
  return (name, fn) => Deno.test({ ...skippedIf(reason, name), fn });
}

/** A test that sends signals: there `kill` ends a process at once, whatever it is told to send. */
export const signalTest = needing("signals");

/** A test of files' permissions. */
export const modeTest = needing("file modes");

/** A test of what becomes of a worker's stderr: there it is the server's own. */
export const stderrTest = needing("pipe for a worker's stderr");

/** A test with symbolic links. */
export const linkTest = needing("links that anybody may make");

/** A test with a shell's own commands. */
export const shTest = needing("sh");

/** A test of paths that begin at one root. */
export const rootTest = needing("root that all paths begin at");
