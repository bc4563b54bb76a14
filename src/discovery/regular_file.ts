/**
 * Reads a file whole, if it is one: where others may write there can be a pipe that never ends, a
 * device, or more than memory holds.
 *
 * @throws {Error} it is no file or too long, or whatever the file system has against it
 */
export async function readRegularFile(path: string, bytesMax: number): Promise<Uint8Array> {
  // Looked at before it is opened: opening a pipe takes as long as it has no writer.
  const { isFile, size } = await Deno.stat(path);
  if (!isFile) throw new Error("it is no regular file");
  if (size > bytesMax) throw new Error(`it has ${size} bytes, more than ${bytesMax}`);
  return await Deno.readFile(path);
}
