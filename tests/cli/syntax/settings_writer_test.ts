import assert from "node:assert/strict";
import { lockFile } from "../../../src/base/system/file_lock.ts";
import { withSetting, writeSetting } from "../../../src/cli/syntax/settings_writer.ts";
import { onWindows } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

Deno.test("one line is changed, and all else stays as it was", () => {
  const toml = '# Ours\nregistry = "local:" # here\n\n  timeout=10 # ms\n"zone" = \'a # b\'\n';
  assert.equal(
    withSetting(toml, "registry", "local:/x"),
    toml.replace('"local:" # here', '"local:/x" # here'),
  );
  assert.equal(withSetting(toml, "timeout", 7), toml.replace("timeout=10", "timeout = 7"));
  assert.equal(withSetting(toml, "zone", "c"), toml.replace("\"zone\" = 'a # b'", 'zone = "c"'));
  assert.equal(withSetting(toml, "workers", 2), `${toml}workers = 2\n`);
  assert.equal(withSetting(toml, "timeout", undefined), toml.replace("  timeout=10 # ms\n", ""));
  assert.equal(withSetting(toml, "workers", undefined), toml);
});

Deno.test("files of every form take a setting: empty, without a last line end, from Windows", () => {
  assert.equal(withSetting("", "workers", 2), "workers = 2\n");
  assert.equal(withSetting("a = 1", "workers", 2), "a = 1\nworkers = 2\n");
  assert.equal(withSetting("a = 1\r\n# b\r\n", "a", 2), "a = 2\r\n# b\r\n");
  const mixed = "# a\r\nzone = 1 # c\r\n\nb = 2\n# d\r\n";
  assert.equal(withSetting(mixed, "zone", 3), mixed.replace("zone = 1", "zone = 3"));
  assert.equal(withSetting(mixed, "b", 3), mixed.replace("b = 2", "b = 3"));
  assert.equal(withSetting(mixed, "workers", 3), `${mixed}workers = 3\r\n`);
  assert.equal(withSetting("a = 1\r\nb = 2", "c", 3), "a = 1\r\nb = 2\r\nc = 3\r\n");
  assert.equal(withSetting("\ufeffa = 1\r\n", "a", 2), "\ufeffa = 2\r\n");
  assert.equal(withSetting("[t]\na = 1\n", "b", 2), "b = 2\n[t]\na = 1\n");
  for (const text of ['a "b"\\c', "東京", "x\x7fy", "#no comment", "${$&}"]) {
    const toml = withSetting('zone = "old"\n', "zone", text);
    assert.equal(withSetting(toml, "zone", undefined), "");
  }
});

Deno.test("a line that cannot be told from others is left to an editor", () => {
  const toml = 'note = """\ntimeout = 1\n"""\n';
  assert.throws(() => withSetting(toml, "timeout", 2), /change it in an editor/);
  for (const text of ['zone = """\nx\n"""\n', "zone = '''x'''\n", "[t]\n[[zone]]\na = 1\n"]) {
    const change = () => withSetting(text, "zone", "d");
    assert.throws(change, /^Error: the line of zone cannot .*: change it in an editor$/, text);
  }
});

Deno.test({
  ...skippedIf(onWindows, "a file with two names, or of another owner, stays the same file"),
  async fn() {
    const directory = Deno.makeTempDirSync();
    const [file, other] = [`${directory}/rpc.toml`, `${directory}/other`];
    const place = () => {
      const { ino, uid, gid, mode } = Deno.statSync(file);
      return { ino, uid, gid, mode };
    };
    try {
      Deno.writeTextFileSync(file, "# Mine\nzone = 'a long one'\n", { mode: 0o640 });
      Deno.linkSync(file, other);
      const linked = place();
      await writeSetting(file, "zone", "b");
      assert.equal(Deno.readTextFileSync(other), '# Mine\nzone = "b"\n');
      assert.deepEqual(place(), linked);
      Deno.removeSync(other);
      // As by `sudo rpc config set` in a user's home.
      if (Deno.uid() === 0) Deno.chownSync(file, 1_234, 1_234);
      const { ino: _before, ...owned } = place();
      await writeSetting(file, "zone", "c");
      const { ino: _after, ...now } = place();
      assert.deepEqual(now, owned);
      assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), ["rpc.toml"]);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
});

Deno.test({
  ...skippedIf(
    onWindows,
    "a link stays a link, its file keeps its mode and its comments, and a read-only one is refused",
  ),
  async fn() {
    const directory = Deno.makeTempDirSync();
    try {
      const [file, link] = [`${directory}/real/settings`, `${directory}/rpc.toml`];
      Deno.mkdirSync(`${directory}/real`);
      Deno.writeTextFileSync(file, "# Mine\nworkers = 1\n");
      Deno.chmodSync(file, 0o640);
      Deno.symlinkSync("real/settings", link);
      await writeSetting(link, "workers", 2);
      assert.ok(Deno.lstatSync(link).isSymlink);
      assert.equal(Deno.readTextFileSync(file), "# Mine\nworkers = 2\n");
      assert.equal((Deno.statSync(file).mode ?? 0) & 0o777, 0o640);
      Deno.chmodSync(file, 0o444);
      await assert.rejects(writeSetting(link, "workers", 3), /Cannot write .*rpc\.toml: /);
      assert.equal(Deno.readTextFileSync(file), "# Mine\nworkers = 2\n");
      Deno.symlinkSync("nowhere/yet", `${directory}/dangling`);
      await writeSetting(`${directory}/dangling`, "workers", 4);
      assert.equal(Deno.readTextFileSync(`${directory}/nowhere/yet`), "workers = 4\n");
      Deno.symlinkSync("circle", `${directory}/circle`);
      await assert.rejects(writeSetting(`${directory}/circle`, "workers", 4), /Cannot write/);
      assert.deepEqual([...Deno.readDirSync(`${directory}/real`)].length, 1, "nothing is left");
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  },
});

Deno.test("who changes a setting waits for others, and keeps what they have set", async () => {
  const directory = Deno.makeTempDirSync();
  const file = `${directory}/rpc.toml`;
  try {
    const other = await lockFile(`${file}.lock`, "the settings", false);
    const mine = writeSetting(file, "zone", "b");
    Deno.writeTextFileSync(file, "workers = 2\n", { mode: 0o600 });
    other[Symbol.dispose]();
    await mine;
    assert.equal(Deno.readTextFileSync(file), 'workers = 2\nzone = "b"\n');
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
