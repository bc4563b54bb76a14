import assert from "node:assert/strict";
import { openToWrite } from "../../src/terminal/open_to_write.ts";
import { linkTest } from "../support/posix.ts";

linkTest("a named pipe that nobody reads is opened, and what is written to it fails", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/pipe`;
  try {
    assert.ok((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
    using unread = openToWrite(path, { write: true, create: true, truncate: true });
    assert.throws(() => unread.writeSync(new Uint8Array(1)), Deno.errors.BrokenPipe);

    using reader = Deno.openSync(path, { read: true, write: true });
    using read = openToWrite(path, { append: true });
    read.writeSync(new Uint8Array([7]));
    const bytes = new Uint8Array(2);
    assert.equal(reader.readSync(bytes), 1);
    assert.equal(bytes[0], 7);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a directory is no file to write to", async () => {
  const directory = await Deno.makeTempDir();
  try {
    assert.throws(() => openToWrite(directory, { write: true }), /directory|denied/);
  } finally {
    await Deno.remove(directory);
  }
});
