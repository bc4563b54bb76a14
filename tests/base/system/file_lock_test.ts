import assert from "node:assert/strict";
import { fileLockRetryMs } from "../../../src/base/limits.ts";
import { lockFile } from "../../../src/base/system/file_lock.ts";
import { linkTest } from "../../support/posix.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

Deno.test("a lock that goes with its owner is held by one of those who wait at a time", async () => {
  const directory = await Deno.makeTempDir();
  const clock = new VirtualClock(1_000);
  let holders = 0;
  let most = 0;
  let done = 0;
  const change = async () => {
    using _ = await lockFile(`${directory}/lock`, "a file", false, clock);
    most = Math.max(most, ++holders);
    // Others try meanwhile, and open what will be gone when they have its lock.
    await clock.advanceAsync(fileLockRetryMs);
    holders--;
    done++;
  };
  try {
    const all = Array.from({ length: 5 }, change);
    while (done < all.length) await clock.advanceAsync(fileLockRetryMs);
    await Promise.all(all);
    assert.equal(most, 1);
    assert.deepEqual([...Deno.readDirSync(directory)], []);
    assert.equal(clock.pendingTimers, 0);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("who has the lock of a file that was removed meanwhile takes that of the next one", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/lock`;
  const clock = new VirtualClock(1_000);
  const { tryLockSync } = Deno.FsFile.prototype;
  let tries = 0;
  Deno.FsFile.prototype.tryLockSync = function (isExclusive) {
    // Its owner ends just before.
    if (tries++ === 0) Deno.removeSync(path);
    return tryLockSync.call(this, isExclusive);
  };
  try {
    const locking = lockFile(path, "a file", true, clock);
    await clock.advanceAsync(fileLockRetryMs);
    using _ = await locking;
    assert.equal(tries, 2);
    using other = await Deno.open(path, { write: true });
    assert.equal(tryLockSync.call(other, true), false);
  } finally {
    Deno.FsFile.prototype.tryLockSync = tryLockSync;
    await Deno.remove(directory, { recursive: true });
  }
});

linkTest("a pipe, a directory or a link in the place of a lock is an error", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const made = await new Deno.Command("mkfifo", { args: [`${directory}/pipe`] }).output();
    assert.ok(made.success);
    Deno.mkdirSync(`${directory}/directory`);
    Deno.symlinkSync(`${directory}/elsewhere`, `${directory}/link`);
    for (const name of ["pipe", "directory", "link"]) {
      await assert.rejects(
        lockFile(`${directory}/${name}`, "a file", true),
        new RegExp(`^Error: .*/${name} is no regular file: remove it$`),
      );
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

linkTest("a lock that another user's program has left is told as such", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/lock`;
  Deno.writeTextFileSync(path, "");
  const { lstatSync, openSync } = Deno;
  const owner = (Deno.uid() ?? 0) + 1;
  Deno.lstatSync = (one) => ({ ...lstatSync(one), uid: owner });
  let refusal: Error = new Deno.errors.PermissionDenied("Permission denied (os error 13)");
  Deno.openSync = () => {
    throw refusal;
  };
  try {
    await assert.rejects(
      lockFile(path, "a file", true),
      new RegExp(`^Error: an rpc of the user with the id ${owner} .*${path}: remove that if none`),
    );
    refusal = new Error("Read-only file system (os error 30)");
    await assert.rejects(lockFile(path, "a file", true), refusal);
  } finally {
    Object.assign(Deno, { lstatSync, openSync });
    await Deno.remove(directory, { recursive: true });
  }
});
