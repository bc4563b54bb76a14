import assert from "node:assert/strict";
import { join } from "node:path";
import {
  checkLiveness,
  OwnRegistration,
  parseFileName,
} from "../../../src/discovery/local/files.ts";

const id = "0f8fad5b-d9cb-469f-a165-70867728950e";

Deno.test("parseFileName() knows our files, and nothing else", () => {
  assert.deepEqual(parseFileName(`${id}.json`), { id, extension: "json" });
  assert.deepEqual(parseFileName(`${id}.lock`), { id, extension: "lock" });
  assert.deepEqual(parseFileName(`${id}.tmp`), { id, extension: "tmp" });
  for (const name of ["package.json", `${id}`, `x${id}.json`, `${id}.json~`, "a.lock", ""]) {
    assert.equal(parseFileName(name), undefined, name);
  }
});

Deno.test("a registration is alive until it is removed, and leaves nothing behind", async () => {
  await inDirectory(async (directory) => {
    const registration = await OwnRegistration.publish(directory, (id) => `text of ${id}`);
    const [own = ""] = [...names(directory)].map((name) => name.slice(0, 36));
    assert.deepEqual(names(directory), [`${own}.json`, `${own}.lock`]);
    assert.equal(await Deno.readTextFile(join(directory, `${own}.json`)), `text of ${own}`);
    // Who may write it can send the server's clients elsewhere.
    const { mode } = await Deno.stat(join(directory, `${own}.json`));
    if (Deno.build.os !== "windows") assert.equal(mode! & 0o777 & Deno.umask(), 0);
    assert.equal(await checkLiveness(directory, own), "alive");
    assert.equal(await registration.isIntact(), true);
    await registration.remove();
    assert.deepEqual(names(directory), []);
  });
});

Deno.test("a registration that cannot be written whole is not there at all", async () => {
  await inDirectory(async (directory) => {
    const full = () => {
      throw new Error("No space left on device");
    };
    await assert.rejects(OwnRegistration.publish(directory, full), /No space left/);
    assert.deepEqual(names(directory), []);
    const missing = join(directory, "missing");
    await assert.rejects(OwnRegistration.publish(missing, (id) => id), Deno.errors.NotFound);
    // A directory in its place: it is written, but cannot be renamed.
    const inTheWay = (id: string) => {
      Deno.mkdirSync(join(directory, `${id}.json`));
      Deno.mkdirSync(join(directory, `${id}.json`, "full"));
      return id;
    };
    await assert.rejects(OwnRegistration.publish(directory, inTheWay));
    assert.deepEqual(names(directory).map((name) => name.slice(36)), [".json"]);
  });
});

Deno.test("a server that is taken for dead before it has the lock tries again at once", async () => {
  await inDirectory(async (directory) => {
    const { openSync } = Deno;
    const opened: Deno.FsFile[] = [];
    // As watchers do that look in that moment: the first one holds the lock, others remove it.
    const disturbed = (times: number): typeof Deno.openSync => (path, options) => {
      const lock = openSync(path, options);
      if (opened.length === times) return lock;
      const other = openSync(path);
      opened.push(other);
      if (opened.length === 1) other.lockSync(false);
      else Deno.removeSync(path);
      return lock;
    };
    try {
      Deno.openSync = disturbed(3);
      const registration = await OwnRegistration.publish(directory, (id) => id);
      assert.equal(opened.length, 3);
      assert.equal(await registration.isIntact(), true);
      assert.equal(names(directory).length, 2, "nothing is left of the first three");
      await registration.remove();
      Deno.openSync = disturbed(Infinity);
      await assert.rejects(OwnRegistration.publish(directory, (id) => id), /locks or removes/);
    } finally {
      Deno.openSync = openSync;
      for (const file of opened) file.close();
    }
    assert.deepEqual(names(directory), []);
  });
});

Deno.test("a registration notices that one of its files was removed or replaced", async () => {
  await inDirectory(async (directory) => {
    for (const harm of ["json", "lock", "replaced lock"]) {
      const registration = await OwnRegistration.publish(directory, (id) => id);
      const path = (extension: string) =>
        join(directory, names(directory).find((name) => name.endsWith(extension)) ?? "");
      const harmed = path(harm === "json" ? "json" : "lock");
      // The new file is made before the old one goes, so that it cannot get the same inode.
      if (harm === "replaced lock") {
        await Deno.writeTextFile(join(directory, "new"), "");
        await Deno.rename(join(directory, "new"), harmed);
      } else {
        await Deno.remove(harmed);
      }
      assert.equal(await registration.isIntact(), false, harm);
      await registration.remove();
    }
  });
});

Deno.test("a registration that cannot be looked at for a while is not taken for removed", async () => {
  await inDirectory(async (directory) => {
    const registration = await OwnRegistration.publish(directory, (id) => id);
    const { lstat } = Deno;
    try {
      Deno.lstat = () => Promise.reject(new Error("Stale file handle (os error 116)"));
      assert.equal(await registration.isIntact(), true);
    } finally {
      Deno.lstat = lstat;
    }
    await registration.remove();
    assert.equal(await registration.isIntact(), false);
  });
});

Deno.test("checkLiveness() removes what a dead server left, and only that", async () => {
  await inDirectory(async (directory) => {
    for (const extension of ["json", "lock", "tmp"]) {
      await Deno.writeTextFile(join(directory, `${id}.${extension}`), "");
    }
    assert.equal(await checkLiveness(directory, id), "dead");
    assert.deepEqual(names(directory), []);
    await Deno.writeTextFile(join(directory, `${id}.json`), "{}");
    assert.equal(await checkLiveness(directory, id), "unlocked");
    assert.deepEqual(names(directory), [`${id}.json`]);
  });
});

Deno.test("where the file system cannot tell, no server is taken for dead, and nobody tries again", async () => {
  await inDirectory(async (directory) => {
    const registration = await OwnRegistration.publish(directory, (id) => id);
    const own = names(directory)[0]!.slice(0, 36);
    const { lstatSync } = Deno;
    let looks = 0;
    try {
      Deno.lstatSync = () => {
        looks++;
        throw new Error("Stale file handle (os error 116)");
      };
      assert.equal(await checkLiveness(directory, own), "alive");
      await assert.rejects(OwnRegistration.publish(directory, (id) => id), /Stale file handle/);
      assert.equal(looks, 2);
    } finally {
      Deno.lstatSync = lstatSync;
    }
    assert.equal(await checkLiveness(directory, own), "alive");
    await registration.remove();
  });
});

Deno.test("to look at a registration leaves no file open", async () => {
  await inDirectory(async (directory) => {
    const registration = await OwnRegistration.publish(directory, (id) => id);
    const own = names(directory)[0]!.slice(0, 36);
    await Deno.writeTextFile(join(directory, `${id}.lock`), "");
    const { openSync } = Deno;
    const opened: Deno.FsFile[] = [];
    try {
      Deno.openSync = (path, options) => {
        const file = openSync(path, options);
        opened.push(file);
        return file;
      };
      assert.equal(await checkLiveness(directory, own), "alive");
      assert.equal(await checkLiveness(directory, id), "dead");
    } finally {
      Deno.openSync = openSync;
    }
    assert.equal(opened.length, 2);
    for (const file of opened) assert.throws(() => file.statSync(), Deno.errors.BadResource);
    await registration.remove();
  });
});

Deno.test("watchers that look at the same moment do not take each other for the server", async () => {
  await inDirectory(async (directory) => {
    await Deno.writeTextFile(join(directory, `${id}.lock`), "");
    using other = await Deno.open(join(directory, `${id}.lock`));
    assert.ok(await other.tryLock(false));
    assert.equal(await checkLiveness(directory, id), "dead");
  });
});

function names(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "rpc-local-files-" });
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
