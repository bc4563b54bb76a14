/** Peers that have to be built: each in its own folder, whose `target` git ignores. */

import { canRun, type Command, runToEnd } from "./child.ts";
import { pathOf } from "./deno_command.ts";

let mayBuild = true;

/** From now on only what was built before is there: a build takes minutes and the network. */
export function buildNothing(): void {
  mayBuild = false;
}

/** What is built, and how. */
interface Build {
  /** Its folder in `bench/peers`. */
  readonly folder: string;
  /** What builds it, and the arguments by which that tells its version. */
  readonly tool: readonly [program: string, ...args: string[]];
  readonly args: readonly string[];
  /** What there is afterwards, in `target`. */
  readonly result: string;
}

/**
 * Builds a peer, which takes a moment if it is built already, and returns the path of what there is
 * then.
 *
 * @throws {Error} if its tool is not installed, the build fails, or nothing may be built now
 */
export async function built({ folder, tool, args, result }: Build): Promise<string> {
  const [program, ...versionArgs] = tool;
  if (!await canRun(program, versionArgs)) throw new Error(`${program} is not installed`);
  const cwd = pathOf(`../peers/${folder}`);
  const path = `${cwd}/target/${result}`;
  if (!mayBuild && !await isThere(path)) {
    throw new Error(`${folder} is not built yet: a run without --quick builds it`);
  }
  const command: Command = { program, args, cwd };
  await runToEnd(command);
  return path;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}
