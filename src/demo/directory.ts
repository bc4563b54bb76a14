import process from "node:process";
import { dirname } from "node:path";

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
    try {
      Deno.removeSync(`${parent}/${name}`, { recursive: true });
    } catch {
      // Another user's, or another demo is at it.
    }
  }
  return path;
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
