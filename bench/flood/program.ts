/** What the two programs that do their worst have in common. */

import { type Way, ways } from "./ways.ts";

/** The way of this name. @throws {Error} there is none */
export function wayOf(name: string): Way {
  const way = ways.find((way) => way.name === name);
  if (way === undefined) throw new Error(`There is no ${name}`);
  return way;
}

/**
 * Says that it has begun, waits for so long or until it is told to stop, says what was done, and
 * ends the process.
 */
export async function goOn(durationMs: number, done: Readonly<Record<string, number>>) {
  console.log("ready 1");
  await Promise.race([
    new Promise((resolve) => setTimeout(resolve, durationMs)),
    new Promise<void>((resolve) => Deno.addSignalListener("SIGTERM", resolve)),
  ]);
  console.log(JSON.stringify(done));
  Deno.exit(0);
}

/**
 * Bytes in a write. Many systems interrupt no program while they copy what it writes, and to copy
 * megabytes takes several milliseconds, in which the honest caller does not get the core.
 */
const writeBytes = 64 * 1024;

/** Writes all bytes, and counts them as they are taken. */
export async function send(
  conn: Deno.TcpConn,
  bytes: Uint8Array,
  done: { written: number },
): Promise<void> {
  for (let rest = bytes; rest.length > 0;) {
    const written = await conn.write(rest.subarray(0, writeBytes));
    done.written += written;
    rest = rest.subarray(written);
  }
}
