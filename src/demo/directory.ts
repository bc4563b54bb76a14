import process from "node:process";
import { dirname } from "node:path";
import { type Clock, sleep } from "../base/clock.ts";

const prefix = "rpc-demo-";

/**
 * Makes the directory of a demo, for its registry and for what its processes print. It is named
 * after this process. Also removes the directories of demos that were killed.
 *
 * @param dir the parent directory. @default the system's temporary directory
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
 * Removes the directory of a demo. Windows does not remove a directory while a process has a file
 * in it open, and processes that the demo has killed may not have ended yet. So this tries for two
 * seconds, and then leaves the directory to the next demo. Never rejects.
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

/** How often removing a directory is tried again, and after which pause: two seconds in all. */
const removeTriesMax = 20;
const removeAgainMs = 100;

/** Removes the directory of a demo at once. Where that fails, the next demo removes it. */
export function dropDemoDirectory(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch {
    // It is another user's, another demo is removing it, or a killed process has not ended yet.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process is another user's: it lives.
    return (error as { code?: unknown }).code === "EPERM";
  }
}
