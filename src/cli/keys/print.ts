/**
 * Writes to stdout until all of it is taken, since a pipe takes less at a time than a bundle may
 * have.
 */
export async function printLine(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
}
