/**
 * Opens a file to write to it. A named pipe that nobody reads, whose opening would hold up the
 * whole program until somebody does, is opened all the same: what is written to it then fails.
 *
 * @throws {Error} it is a directory, or the file system's error
 */
export function openToWrite(path: string, options: Deno.OpenOptions): Deno.FsFile {
  const isNamedPipe = isPipe(path);
  // Who reads, so that it can be opened.
  using _reader = isNamedPipe ? Deno.openSync(path, { read: true, write: true }) : undefined;
  const file = Deno.openSync(path, isNamedPipe ? { write: true } : options);
  if (!file.statSync().isDirectory) return file;
  // Windows opens one.
  file.close();
  throw new Error("it is a directory");
}

function isPipe(path: string): boolean {
  try {
    return Deno.statSync(path).isFifo === true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
