import assert from "node:assert/strict";

/** What a pipe of Linux holds: the next byte waits for a reader. */
const pipeBytes = 64 * 1024;

/** Makes a pipe at a path that is full and whose reader reads nothing, until it is disposed of. */
export async function fullPipe(path: string): Promise<Deno.FsFile> {
  const made = await new Deno.Command("mkfifo", { args: [path] }).output();
  assert.ok(made.success);
  // Opened for both: a writer finds a reader.
  const pipe = await Deno.open(path, { read: true, write: true });
  await pipe.write(new Uint8Array(pipeBytes));
  return pipe;
}
