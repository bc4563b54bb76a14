import assert from "node:assert/strict";
import { tokenOf } from "../../../src/cli/gateway/token.ts";
import { SmallDisk, smallDiskMissing } from "../../support/small_disk.ts";
import { skippedIf } from "../../support/skipped_if.ts";

Deno.test("a token whose file is removed once it was read is used all the same", async () => {
  const directory = await Deno.makeTempDir();
  const { statSync } = Deno;
  try {
    const path = `${directory}/token`;
    const token = await tokenOf(path);
    Deno.statSync = () => {
      Deno.removeSync(path);
      return statSync(path);
    };
    assert.equal(await tokenOf(path), token);
    assert.throws(() => statSync(path), Deno.errors.NotFound);
  } finally {
    Deno.statSync = statSync;
    await Deno.remove(directory, { recursive: true });
  }
});

const noDisk = smallDiskMissing();

Deno.test({
  ...skippedIf(
    noDisk,
    "a token that cannot be written leaves no file, and is made when there is room",
  ),
}, async () => {
  using disk = new SmallDisk();
  const path = `${disk.directory}/token`;
  disk.fill();
  await assert.rejects(tokenOf(path), /No space left/);
  const { removeSync } = Deno;
  try {
    Deno.removeSync = () => {
      throw new Error("Read-only file system (os error 30)");
    };
    await assert.rejects(tokenOf(path), /No space left/, "what kept it from being written");
  } finally {
    Deno.removeSync = removeSync;
  }
  Deno.removeSync(path);
  disk.makeRoom();
  assert.equal(await tokenOf(path), await tokenOf(path));
});
