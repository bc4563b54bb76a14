import assert from "node:assert/strict";
import { waiterFor } from "../../src/workers/poll_file.ts";
import { notLinux } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

Deno.test({
  ...skippedIf(
    notLinux,
    "whoever waits for a pipe is told whether there is something to read, also that it ended",
  ),
}, async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/pipe`;
    await new Deno.Command("mkfifo", { args: [path] }).output();
    const writer = Deno.openSync(path, { read: true, write: true });
    const before = numbersOf(path);
    using reader = Deno.openSync(path, { read: true });
    const [number] = numbersOf(path).filter((other) => !before.includes(other));
    const wait = waiterFor(number as number);
    assert.equal(wait?.(1), false);
    writer.writeSync(new Uint8Array(1));
    assert.equal(wait?.(60_000), true);
    reader.readSync(new Uint8Array(8));
    assert.equal(wait?.(0), false);
    writer.close();
    assert.equal(wait?.(60_000), true);
    assert.equal(reader.readSync(new Uint8Array(8)), null);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

function numbersOf(path: string): number[] {
  return [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => Number(name)).filter((number) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${number}`) === path;
    } catch {
      return false;
    }
  });
}
