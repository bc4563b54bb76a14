/** Small files that a server and its workers share, where they can be in memory. */

import { isGranted } from "../base/system/is_granted.ts";

/** Linux keeps the files of this directory in memory. */
export const memoryDirectory = "/dev/shm";

/** How the names of all files begin that are made there. */
export const filePrefix = { bodies: "rpc-bodies-", claims: "rpc-claims-" } as const;

/** A worker is ready within a minute, and has deleted the names of its files then. */
const leftAfterMs = 60 * 60 * 1_000;

/**
 * Deletes the files of servers that were killed before their workers had opened them, or before it
 * was seen that these never do, as programs in other languages: each keeps some memory. Never
 * throws.
 *
 * @param nowMs milliseconds since 1970 UTC
 */
export function removeLeftFiles(nowMs: number, directory = memoryDirectory): void {
  if (!mayUseMemoryFiles()) return;
  try {
    for (const { name, isFile } of Deno.readDirSync(directory)) {
      if (!isFile || !Object.values(filePrefix).some((prefix) => name.startsWith(prefix))) continue;
      const path = `${directory}/${name}`;
      const { mtime } = Deno.lstatSync(path);
      // A worker that is so late that it does not find its file goes on without one.
      if (mtime !== null && mtime.getTime() < nowMs - leftAfterMs) remove(path);
    }
  } catch {
    // Somebody else was quicker, or there is no such directory: the next start tries again.
  }
}

/** Whether this process may make files there. */
export function mayUseMemoryFiles(): boolean {
  return Deno.build.os === "linux" &&
    isGranted({ name: "read", path: memoryDirectory }) &&
    isGranted({ name: "write", path: memoryDirectory });
}

/** Deletes a file, if it is still there and can be deleted while it is open. */
export function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // The other side was quicker, or the system keeps what is open.
  }
}

/** Writes a number of eight bytes. */
export function writeAt(file: Deno.FsFile, offset: number, value: number): void {
  file.seekSync(offset, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array(BigInt64Array.of(BigInt(value)).buffer));
}

/** Reads a number of eight bytes. */
export function readAt(file: Deno.FsFile, offset: number): number {
  const number = new BigInt64Array(1);
  file.seekSync(offset, Deno.SeekMode.Start);
  file.readSync(new Uint8Array(number.buffer));
  return Number(number[0]);
}
