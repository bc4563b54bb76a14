import { type Clock, sleep } from "../../base/clock.ts";
import { exists } from "../../base/paths.ts";

/** A server that runs looks for the file each second: longer than one that is busy takes. */
const noticeTimeoutMs = 5_000;

const lookEveryMs = 100;

/**
 * Asks a server to end by a file, which it removes as it takes notice; it then finishes its calls.
 * Where none does, none runs, and the file is removed again.
 *
 * @throws the file system's error
 */
export async function askToStop(path: string, clock: Clock): Promise<void> {
  await Deno.writeTextFile(path, "");
  const giveUpAtMs = clock.now() + noticeTimeoutMs;
  while (exists(path)) {
    if (clock.now() >= giveUpAtMs) return await Deno.remove(path).catch(() => {});
    await sleep(clock, lookEveryMs);
  }
}
