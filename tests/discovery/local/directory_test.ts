import assert from "node:assert/strict";
import { join } from "node:path";
import { joinPath } from "../../../src/base/paths.ts";
import {
  assertLocalName,
  defaultLocalDirectory,
  type LocalEnvironment,
  namedLocalDirectory,
  ownerText,
  prepareServiceDirectory,
} from "../../../src/discovery/local/directory.ts";
import { linkTest, modeTest, rootTest } from "../../support/posix.ts";

/** A Linux user's environment with these variables and directories. */
function environment(
  variables: Record<string, string>,
  directories: readonly string[] = [],
): LocalEnvironment {
  return {
    os: "linux",
    uid: 1000,
    env: (name) => variables[name],
    isDirectory: (path) => directories.includes(path),
  };
}

rootTest("the user's own directory is in the runtime directory, if there is one", () => {
  const paths = [
    [environment({ XDG_RUNTIME_DIR: "/run/mine" }, ["/run/mine"]), "/run/mine/rpc"],
    [environment({ XDG_RUNTIME_DIR: "/run/mine" }), "/tmp/rpc-1000"],
    [environment({ XDG_RUNTIME_DIR: "relative" }, ["relative"]), "/tmp/rpc-1000"],
    [
      environment({ XDG_RUNTIME_DIR: "relative" }, ["relative", "/run/user/1000"]),
      "/run/user/1000/rpc",
    ],
    [environment({}, ["/run/user/1000"]), "/run/user/1000/rpc"],
    [environment({ XDG_RUNTIME_DIR: "" }, ["/run/user/1000"]), "/run/user/1000/rpc"],
    [environment({ TMPDIR: "/var/tmp" }), "/var/tmp/rpc-1000"],
    [environment({}), "/tmp/rpc-1000"],
  ] as const;
  for (const [given, path] of paths) {
    assert.deepEqual(defaultLocalDirectory(given), { path, isPrivate: true });
  }
});

Deno.test("names that Windows keeps for devices are no services there", () => {
  for (const name of ["CON", "nul", "com1", "LPT9.x", "aux.", "rpc."]) {
    assert.throws(() => assertLocalName(name, "windows"), /Windows keeps no directory/, name);
    assertLocalName(name, "linux");
  }
  for (const name of ["console", "com10", "nul-1", "rpc.v2"]) assertLocalName(name, "windows");
  assert.throws(() => assertLocalName("a b", "linux"), /it must be 1 to/);
});

Deno.test("on Windows it is in %LOCALAPPDATA%, and without that it must be named", () => {
  const windows = {
    ...environment({ LOCALAPPDATA: "C:\\Users\\me\\AppData\\Local" }),
    os: "windows",
  } as const;
  assert.deepEqual(defaultLocalDirectory(windows), {
    path: joinPath("C:\\Users\\me\\AppData\\Local", "rpc"),
    isPrivate: true,
  });
  for (const named of [{}, { LOCALAPPDATA: "" }, { LOCALAPPDATA: "AppData/Local" }]) {
    assert.throws(
      () => defaultLocalDirectory({ ...environment(named), os: "windows" }),
      { name: "InvalidParams", message: /LOCALAPPDATA is no absolute path. Name it: local:/ },
    );
  }
});

Deno.test("a private directory is made for nobody else, and made so if it is not", async () => {
  await inDirectory(async (parent) => {
    const path = join(parent, "private");
    const directory = { path, isPrivate: true };
    assert.equal(prepareServiceDirectory(directory, "rpc"), join(path, "rpc"));
    if (Deno.build.os === "windows") return;
    const mode = async () => ((await Deno.stat(path)).mode ?? 0) & 0o777;
    assert.equal(await mode(), 0o700);
    await Deno.chmod(path, 0o755);
    prepareServiceDirectory(directory, "rpc");
    assert.equal(await mode(), 0o700);
  });
});

linkTest("a private directory that is somebody else's link is not used", async () => {
  await inDirectory(async (parent) => {
    const target = join(parent, "target");
    await Deno.mkdir(target);
    const path = join(parent, "link");
    await Deno.symlink(target, path);
    assert.throws(
      () => prepareServiceDirectory({ path, isPrivate: true }, "rpc"),
      /is not a directory of this user's/,
    );
    assert.deepEqual([...Deno.readDirSync(target)], []);
  });
});

modeTest("a directory that the user named keeps its permissions", async () => {
  await inDirectory(async (path) => {
    await Deno.chmod(path, 0o755);
    prepareServiceDirectory(namedLocalDirectory(path), "rpc");
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o755);
  });
});

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "rpc-local-directory-" });
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a user's own registry says where it is and whose, and a named one has a path already", () => {
  const own = { path: "/run/user/1000/rpc", isPrivate: true };
  const of = (uid: number | null) => ownerText(own, { ...environment({}), uid });
  assert.equal(of(1000), "/run/user/1000/rpc, of the user with uid 1000 alone");
  assert.equal(of(0), "/run/user/1000/rpc, of root alone");
  assert.equal(of(null), "/run/user/1000/rpc, of this user alone");
  assert.equal(ownerText({ path: "/some/dir", isPrivate: false }), undefined);
});
