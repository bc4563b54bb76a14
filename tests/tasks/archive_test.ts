import assert from "node:assert/strict";
import { join } from "node:path";
import { tarGz, unzip, zip } from "../../tasks/archive.ts";
import { archiveName, archiveOf } from "../../tasks/compile.ts";
import { noPython, python } from "../support/python.ts";
import { skippedIf } from "../support/skipped_if.ts";

const program = new Uint8Array(100_001).map((_, i) => i * i);

/** Unpacks an archive by somebody else's program, and returns what came out. */
async function unpackedBy(
  command: (archive: string, directory: string) => readonly string[],
  archive: Uint8Array<ArrayBuffer>,
): Promise<Map<string, { readonly bytes: Uint8Array; readonly mode: number | null }>> {
  const directory = await Deno.makeTempDir({ prefix: "rpc_archive_" });
  try {
    const path = join(directory, "archive");
    await Deno.writeFile(path, archive);
    const out = join(directory, "out");
    await Deno.mkdir(out);
    const [name = "", ...args] = command(path, out);
    const { success, stderr } = await new Deno.Command(name, { args }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return new Map([...Deno.readDirSync(out)].map(({ name }) => {
      const { mode } = Deno.statSync(join(out, name));
      return [name, { bytes: Deno.readFileSync(join(out, name)), mode: mode && mode & 0o777 }];
    }));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("tar unpacks a program that may be run, with its license", async () => {
  const found = await unpackedBy(
    (archive, directory) => ["tar", "-xzf", archive, "-C", directory],
    await archiveOf("rpc-x86_64-linux", program),
  );
  assert.deepEqual([...found.keys()].toSorted(), ["LICENSE", "rpc"]);
  assert.deepEqual(found.get("rpc")?.bytes, program);
  if (Deno.build.os !== "windows") assert.equal(found.get("rpc")?.mode, 0o755);
});

Deno.test({
  ...skippedIf(noPython, "another's unzip unpacks a program for Windows, with its license"),
  async fn() {
    const found = await unpackedBy(
      (archive, directory) => [python as string, "-m", "zipfile", "-e", archive, directory],
      await archiveOf("rpc-x86_64-windows.exe", program),
    );
    assert.deepEqual([...found.keys()].toSorted(), ["LICENSE", "rpc.exe"]);
    assert.deepEqual(found.get("rpc.exe")?.bytes, program);
  },
});

Deno.test("archives of the same files are the same bytes", async () => {
  const entries = [{ name: "rpc", bytes: program, mode: 0o755 }];
  for (const pack of [tarGz, zip]) assert.deepEqual(await pack(entries), await pack(entries));
});

Deno.test("the file of a zip is read, and one that is spoilt is refused", async () => {
  const archive = await zip([{ name: "denort", bytes: program, mode: 0o755 }]);
  assert.deepEqual(await unzip(archive), program);
  await assert.rejects(unzip(program), /no zip file/);
  await assert.rejects(unzip(archive.subarray(0, archive.length / 2)), /no zip file/);
  const spoilt = archive.slice();
  spoilt[60]! ^= 1;
  await assert.rejects(unzip(spoilt));
});

Deno.test("what is downloaded is called as the system's users expect", () => {
  assert.equal(archiveName("rpc-x86_64-linux"), "rpc-x86_64-linux.tar.gz");
  assert.equal(archiveName("rpc-x86_64-windows.exe"), "rpc-x86_64-windows.zip");
});
