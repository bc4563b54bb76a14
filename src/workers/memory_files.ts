/** Small files that a server and its workers share, where they can be in memory. */

import { isGranted } from "../base/system/is_granted.ts";

/** Linux keeps the files of this directory in memory. */
export const memoryDirectory = "/dev/shm";

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
