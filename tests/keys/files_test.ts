import assert from "node:assert/strict";
import { writeKeyFiles } from "../../src/keys/file_writing.ts";
import { assertUnread, readKeyFile } from "../../src/keys/file_reading.ts";
import { keyFiles, keysDirectory } from "../../src/keys/files.ts";
import { readKeys } from "../../src/keys/keys.ts";
import { TestCluster } from "../support/test_pki.ts";
import { onWindows } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

async function withDirectory(run: (directory: string) => void): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    run(`${directory}/rpc/keys`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test({
  ...skippedIf(
    onWindows,
    "keys are kept beside the settings, and never below the working directory",
  ),
}, () => {
  const at = (env: Record<string, string>, os: typeof Deno.build.os = "linux") =>
    keysDirectory((name) => env[name], os);
  assert.equal(at({ HOME: "/h" }), "/h/.config/rpc/keys");
  assert.equal(at({ HOME: "/h", XDG_CONFIG_HOME: "/c" }), "/c/rpc/keys");
  assert.equal(at({ HOME: "/h", RPC_KEYS: "/k" }), "/k");
  assert.equal(at({}), undefined);
  assert.equal(at({ HOME: "" }), undefined);
  assert.equal(at({ XDG_CONFIG_HOME: "config" }), undefined);
  assert.equal(at({ XDG_CONFIG_HOME: "config", HOME: "/h" }), "/h/.config/rpc/keys");
  assert.equal(at({ XDG_CONFIG_HOME: "config", HOME: "h" }), undefined);
  assert.throws(() => at({ RPC_KEYS: "keys" }), /absolute/);
});

Deno.test({
  ...skippedIf(
    onWindows,
    "a private key is its owner's alone, whatever the umask, and so is the directory",
  ),
  fn: () =>
    withDirectory((directory) => {
      const before = Deno.umask(0);
      try {
        writeKeyFiles(directory, { [keyFiles.machineKey]: "k", [keyFiles.machine]: "c" });
      } finally {
        Deno.umask(before);
      }
      const modeOf = (path: string) => (Deno.statSync(path).mode ?? 0) & 0o777;
      assert.equal(modeOf(directory), 0o700);
      assert.equal(modeOf(`${directory}/machine.key`), 0o600);
      assert.equal(modeOf(`${directory}/machine.crt`), 0o644);
      assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name).toSorted(), [
        "machine.crt",
        "machine.key",
      ]);
    }),
});

Deno.test({
  ...skippedIf(onWindows, "a key that others can read is refused, with the command that mends it"),
  fn: () =>
    withDirectory((directory) => {
      writeKeyFiles(directory, { [keyFiles.machineKey]: "k" });
      for (const mode of [0o640, 0o604, 0o660, 0o644]) {
        Deno.chmodSync(`${directory}/machine.key`, mode);
        assert.throws(
          () => readKeyFile(directory, keyFiles.machineKey),
          /chmod 600 .*machine\.key/,
        );
      }
      Deno.chmodSync(`${directory}/machine.key`, 0o400);
      assert.equal(readKeyFile(directory, keyFiles.machineKey), "k");
      assert.throws(() => assertUnread("/a b", { mode: 0o644 } as Deno.FileInfo), /'\/a b'/);
    }),
});

Deno.test({
  ...skippedIf(
    onWindows,
    "keys that others can change are refused, with the command that mends it",
  ),
  async fn() {
    await using cluster = await TestCluster.create();
    const directory = cluster.write(await cluster.member("alice"));
    const mended = [
      [directory, 0o777, 0o700],
      ...["ca.crt", "machine.crt"].map(
        (name) => [`${directory}/${name}`, 0o646, 0o644] as const,
      ),
    ] as const;
    for (const [path, open, closed] of mended) {
      Deno.chmodSync(path, open);
      const told = new RegExp(`can change it; first: chmod ${closed.toString(8)} '?${path}'?$`);
      assert.throws(() => readKeys(directory), told);
      Deno.chmodSync(path, closed);
      assert.equal(readKeys(directory)?.own.name, "alice");
    }
    // As a mounted secret is.
    Deno.chmodSync(directory, 0o1777);
    assert.equal(readKeys(directory)?.own.name, "alice");
  },
});

Deno.test({
  ...skippedIf(onWindows, "files that cannot all be written change none, and leave nothing behind"),
  fn: () =>
    withDirectory((directory) => {
      writeKeyFiles(directory, { [keyFiles.machineKey]: "old", [keyFiles.machine]: "old" });
      assert.throws(
        () => writeKeyFiles(directory, { [keyFiles.machineKey]: "new", "no/such/place": "new" }),
        /Cannot write keys/,
      );
      assert.equal(readKeyFile(directory, keyFiles.machineKey), "old");
      assert.equal([...Deno.readDirSync(directory)].length, 2);
    }),
});

Deno.test("no keys are none, and some of them are an error and not a way round", () =>
  withDirectory((directory) => {
    assert.equal(readKeys(directory), undefined);
    writeKeyFiles(directory, { [keyFiles.authority]: "c" });
    assert.throws(() => readKeys(directory), /machine\.crt is missing/);
    writeKeyFiles(directory, { [keyFiles.machine]: "c" });
    assert.throws(() => readKeys(directory), /machine\.key is missing/);
    writeKeyFiles(directory, { [keyFiles.machineKey]: "c" });
    assert.throws(() => readKeys(directory), /ca\.crt holds is not whole PEM/);
  }));

Deno.test("a file of keys whose disk fails while it is read is told by its name", () =>
  withDirectory((directory) => {
    writeKeyFiles(directory, { [keyFiles.machineKey]: "k" });
    const { readSync, statSync } = Deno.FsFile.prototype;
    const fail = () => {
      throw new Error("Input/output error (os error 5)");
    };
    try {
      for (const fault of [{ readSync: fail }, { statSync: fail }]) {
        Object.assign(Deno.FsFile.prototype, { readSync, statSync }, fault);
        assert.throws(
          () => readKeyFile(directory, keyFiles.machineKey),
          /^CommandError: Cannot read .*machine\.key: Input\/output error/,
        );
      }
    } finally {
      Object.assign(Deno.FsFile.prototype, { readSync, statSync });
    }
  }));

Deno.test({
  ...skippedIf(
    onWindows,
    "a file of keys that is cut off, empty or a directory is told by its name",
  ),
  fn: () =>
    withDirectory((directory) => {
      const whole = "-----BEGIN X-----\nAAAA\n-----END X-----\n";
      const names = [keyFiles.authority, keyFiles.machine, keyFiles.machineKey];
      for (const name of names) {
        for (const text of ["", whole.slice(0, 20)]) {
          const files = Object.fromEntries(names.map((one) => [one, one === name ? text : whole]));
          writeKeyFiles(directory, files);
          const told = new RegExp(`what ${name.replace(".", "\\.")} holds is not whole PEM`);
          assert.throws(() => readKeys(directory), told);
        }
      }
      Deno.removeSync(`${directory}/${keyFiles.machineKey}`);
      Deno.mkdirSync(`${directory}/${keyFiles.machineKey}`, { mode: 0o755 });
      assert.throws(() => readKeys(directory), /machine\.key: that is no certificate and no key/);
    }),
});
