import assert from "node:assert/strict";
import {
  appendIssued,
  assertWritable,
  lockKeys,
  writeKeyFiles,
} from "../../src/keys/file_writing.ts";
import { wasIssued } from "../../src/keys/authority_files.ts";
import { keyFiles } from "../../src/keys/files.ts";
import { fileLockRetryMs, fileLockTimeoutMs } from "../../src/base/limits.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

async function withDirectory(run: (directory: string) => void | Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const namesIn = (directory: string) =>
  [...Deno.readDirSync(directory)].map(({ name }) => name).toSorted();

Deno.test("keys that a writer has left behind when it was killed are removed by a later one", () =>
  withDirectory((directory) => {
    const left = `${directory}/machine.key.${crypto.randomUUID()}`;
    const fresh = `${directory}/machine.key.${crypto.randomUUID()}`;
    for (const path of [left, fresh, `${directory}/machine.key.mine`]) {
      Deno.writeTextFileSync(path, "k");
    }
    Deno.utimeSync(left, new Date(0), new Date(Date.now() - 2 * 3_600_000));
    writeKeyFiles(directory, { [keyFiles.machineKey]: "k" });
    const names = ["machine.key", fresh.slice(directory.length + 1), "machine.key.mine"];
    assert.deepEqual(namesIn(directory), names.toSorted());
  }));

Deno.test("whether keys can be written is found out without leaving anything", () =>
  withDirectory((directory) => {
    assertWritable(`${directory}/keys`);
    assert.deepEqual(namesIn(`${directory}/keys`), []);
    Deno.writeTextFileSync(`${directory}/file`, "");
    assert.throws(() => assertWritable(`${directory}/file/keys`), /Cannot write keys to .*file/);
  }));

Deno.test("half a line in the list of members spoils no other one", () =>
  withDirectory((directory) => {
    appendIssued(directory, JSON.stringify({ name: "alice" }));
    Deno.writeTextFileSync(`${directory}/${keyFiles.issued}`, '{"name":"bo', { append: true });
    appendIssued(directory, JSON.stringify({ name: "carol" }));
    const known = ["alice", "bob", "carol"].filter((name) => wasIssued(directory, name));
    assert.deepEqual(known, ["alice", "carol"]);
  }));

Deno.test("who waits for another one that changes the keys waits in vain no longer than a bound", () =>
  withDirectory(async (directory) => {
    const clock = new VirtualClock();
    const held = await lockKeys(directory, clock);
    // The process goes on meanwhile: a call that blocked it would never come back here.
    const late = lockKeys(directory, clock);
    const refused = assert.rejects(
      late,
      /^CommandError: Cannot write keys to .*: another rpc is changing the keys, and holds .*\.lock /,
    );
    await clock.advanceAsync(fileLockTimeoutMs);
    await refused;

    const patient = lockKeys(directory, clock);
    await clock.advanceAsync(fileLockTimeoutMs / 2);
    held[Symbol.dispose]();
    await clock.advanceAsync(fileLockRetryMs);
    (await patient)[Symbol.dispose]();
    // Neither of them has kept it.
    using _ = await lockKeys(directory, clock);
    assert.equal(clock.pendingTimers, 0);
  }));

Deno.test("keys are changed without a lock where the file system has none", () =>
  withDirectory(async (directory) => {
    const { tryLockSync } = Deno.FsFile.prototype;
    let fault: Error = new Deno.errors.NotSupported("no");
    Deno.FsFile.prototype.tryLockSync = () => {
      throw fault;
    };
    try {
      (await lockKeys(directory))[Symbol.dispose]();
      for (const text of ["No locks available (os error 37)", "Operation not supported"]) {
        fault = new Error(text);
        (await lockKeys(directory))[Symbol.dispose]();
      }
      fault = new Error("Input/output error (os error 5)");
      await assert.rejects(lockKeys(directory), /Cannot write keys to .*: Input\/output error/);
    } finally {
      Deno.FsFile.prototype.tryLockSync = tryLockSync;
    }
  }));

Deno.test("no key for a ZooKeeper is left behind for good by a writer that was killed", () =>
  withDirectory((directory) => {
    for (const name of ["zookeeper.key.pem", "ca.pem", "my.key.pem"]) {
      const left = `${directory}/${name}.${crypto.randomUUID()}`;
      Deno.writeTextFileSync(left, "k");
      Deno.utimeSync(left, new Date(0), new Date(Date.now() - 2 * 3_600_000));
    }
    writeKeyFiles(directory, { "zookeeper.key.pem": "k", "ca.pem": "c" });
    const [ca, mine, key, ...more] = namesIn(directory);
    assert.deepEqual([ca, key, more], ["ca.pem", "zookeeper.key.pem", []]);
    assert.match(mine ?? "", /^my\.key\.pem\./, "another's file is nobody else's to remove");
  }));
