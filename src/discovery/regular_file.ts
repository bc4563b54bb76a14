/**
 * Reads a whole file, if it is a regular one: others may have put an endless pipe, a device or a
 * huge file there. Synchronous, since the files are small, and asynchronous file operations take
 * 170 µs on two threads in place of 10.
 *
 * @throws {Error} it is not a regular file, it is too long, or the file system's error
 */
export function readRegularFile(path: string, bytesMax: number): Uint8Array {
  // Checked before it is opened, because opening a pipe blocks until it has a writer.
  const { isFile, size } = Deno.statSync(path);
  if (!isFile) throw new Error("it is no regular file");
  if (size > bytesMax) throw new Error(`it has ${size} bytes, more than ${bytesMax}`);
  return Deno.readFileSync(path);
}
