import process from "node:process";
import { dirname } from "node:path";
import { type Clock, sleep } from "../base/clock.ts";

const prefix = "rpc-demo-";

/**
 * Makes the directory of a demo, for its registry and its processes' words, named after this
 * process, and removes those of demos that were killed.
 *
 * @param dir where. @default the system's directory for what is temporary
 */
export function makeDemoDirectory(dir?: string): string {
  const path = Deno.makeTempDirSync({
    prefix: `${prefix}${Deno.pid}-`,
    ...(dir === undefined ? {} : { dir }),
  });
  const parent = dirname(path);
  for (const { name } of Deno.readDirSync(parent)) {
    const [, pid] = /^rpc-demo-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    dropDemoDirectory(`${parent}/${name}`);
  }
  return path;
}

/**
 * Removes the directory of a demo. On Windows none is removed that a process has a file open in,
 * and those that the demo has killed may still be about to end: so this waits for a moment, and
 * then leaves it to the next demo. Never rejects.
 */
export async function removeDemoDirectory(
  path: string,
  clock: Clock,
  remove = (path: string): Promise<void> => Deno.remove(path, { recursive: true }),
): Promise<void> {
  for (let triesLeft = removeTriesMax; triesLeft > 0; triesLeft--) {
    try {
      return await remove(path);
    } catch {
      await sleep(clock, removeAgainMs);
    }
  }
}

/** How often, and after how long, a directory is tried to be removed again: for two seconds. */
const removeTriesMax = 20;
const removeAgainMs = 100;

/** Removes the directory of a demo at once; where that cannot be, it is the next demo's affair. */
export function dropDemoDirectory(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch {
    // Another user's, or another demo is at it, or a process that was killed is not yet dead.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Of another user: it lives.
    return (error as { code?: unknown }).code === "EPERM";
  }
}
