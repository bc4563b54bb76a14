import assert from "node:assert/strict";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  absolutePath,
  baseName,
  directoryOf,
  fileUrlOf,
  isAbsolutePath,
  isSameFile,
  joinPath,
  pathOfFileUrl,
  replaceFile,
  takePlace,
  userDirectory,
} from "../../src/base/paths.ts";

const paths = [
  "/",
  "/a",
  "/a/b.json",
  "/a/../b",
  "/../a",
  "/a//b/./c",
  "/a/b/..",
  "a",
  "./a",
  "../a",
  "..",
  ".",
  ...(Deno.build.os === "windows"
    ? [
      ...[
        "C:\\a\\..\\b",
        "C:/a/b",
        "\\\\host\\share\\a\\..\\b",
        "//host/share/a/../b",
        "\\\\?\\C:\\a",
      ],
      ...[`${Deno.cwd().slice(0, 2)}a`, `${Deno.cwd().slice(0, 2)}..\\a`, "Q:a"],
    ]
    : []),
];

Deno.test("absolutePath() and isAbsolutePath() say what node:path says", () => {
  for (const path of paths) {
    // Node.js takes a path without a drive for absolute on Windows, which depends on where one is.
    if (Deno.build.os === "windows" && /^\/(?!\/)/.test(path)) continue;
    assert.equal(isAbsolutePath(path), isAbsolute(path), path);
    assert.equal(absolutePath(path), resolve(path), path);
  }
});

Deno.test("joinPath() and baseName() say what node:path says of paths without dots", () => {
  const root = resolve("/a");
  assert.equal(joinPath(root, "b", "c.json"), join(root, "b", "c.json"));
  for (const path of ["/a/b.json", "/a", "a", "a/b"]) assert.equal(baseName(path), basename(path));
});

Deno.test("directoryOf() says what node:path says of absolute paths", () => {
  for (const path of ["/", "/a", "/a/b", "/a/b/", "/a b/c.ts"].map((one) => resolve(one))) {
    assert.equal(directoryOf(path), dirname(path), path);
  }
});

const odd = 'a b/c%20d/?e#f/[g]{h}|i^`j~k"<l>/ü/日本/😀/a:b/ end ';

Deno.test("fileUrlOf() and pathOfFileUrl() say what node:url says, of signs in names too", () => {
  // Node.js goes by the system.
  if (Deno.build.os === "windows") return;
  for (const path of ["/", "/a/b.ts", `/${odd}`, "/a\\b\tc\nd\re.ts", "/\u00a0/\u2028", "/ "]) {
    const url = fileUrlOf(path, false);
    // Node.js encodes more signs than the parser of URLs, by which modules are told apart.
    const known = pathToFileURL(path).href;
    assert.equal(decodeURIComponent(url), decodeURIComponent(known), path);
    assert.equal(new URL(url).href, url);
    assert.equal(pathOfFileUrl(url, false), path);
  }
});

Deno.test("fileUrlOf() and pathOfFileUrl() know drives and shares of Windows", () => {
  const urls = {
    "C:\\a\\b.ts": "file:///C:/a/b.ts",
    "c:\\": "file:///c:/",
    "C:\\a b\\100%#1.ts": "file:///C:/a%20b/100%25%231.ts",
    "\\\\host\\share\\a b.ts": "file://host/share/a%20b.ts",
  };
  for (const [path, url] of Object.entries(urls)) {
    assert.equal(fileUrlOf(path, true), url);
    assert.equal(pathOfFileUrl(url, true), path);
  }
  assert.equal(fileUrlOf("C:/a/b.ts", true), "file:///C:/a/b.ts");
  assert.equal(fileUrlOf("\\\\?\\C:\\a b.ts", true), "file:///C:/a%20b.ts");
  assert.equal(fileUrlOf("\\\\?\\UNC\\server\\share\\b.ts", true), "file://server/share/b.ts");
});

Deno.test("a module has the same URL by its path as where another one imports it", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const name = Deno.build.os === "windows" ? "a b ü~[1]{2}.js" : `${odd.replaceAll("/", "-")}.js`;
    const path = joinPath(directory, name);
    await Deno.writeTextFile(path, "export const url = import.meta.url;\n");
    const { url } = await import(fileUrlOf(path));
    assert.equal(url, fileUrlOf(path));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("replaceFile() writes all of a file, or leaves nothing beside it", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = join(directory, "a");
    replaceFile(path, "first", 0o600);
    replaceFile(path, "second", 0o600);
    assert.equal(await Deno.readTextFile(path), "second");
    if (Deno.build.os !== "windows") {
      assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    }
    for (
      const [umask, mode] of Deno.build.os === "windows" ? [] : [[0o022, 0o644], [0o077, 0o600]]
    ) {
      const before = Deno.umask(umask);
      try {
        replaceFile(path, "third");
      } finally {
        Deno.umask(before);
      }
      assert.equal((await Deno.stat(path)).mode! & 0o777, mode, "nobody may write it by accident");
    }
    // No file takes the place of a directory with something in it.
    const full = join(directory, "full");
    await Deno.mkdir(join(full, "b"), { recursive: true });
    assert.throws(() => replaceFile(full, "fourth"));
    assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name).sort(), [
      "a",
      "full",
    ]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("userDirectory() is the first that is an absolute path", () => {
  const found = (environment: Record<string, string>) =>
    userDirectory("APPDATA", "/in/home", (name) => environment[name]);
  const root = resolve("/");
  assert.equal(found({ APPDATA: `${root}a`, HOME: `${root}h` }), `${root}a`);
  const relative = { APPDATA: "a", HOME: "h" };
  assert.equal(found({ ...relative, HOME: `${root}h`, USERPROFILE: "u" }), `${root}h/in/home`);
  assert.equal(found({ ...relative, USERPROFILE: `${root}u` }), `${root}u/in/home`);
  assert.equal(found({ HOME: "", USERPROFILE: `${root}u` }), `${root}u/in/home`);
  assert.equal(found({ ...relative, USERPROFILE: "u" }), undefined);
});

Deno.test("isSameFile() knows a file by its links, and what is not there is none", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const [file, other, hard] = ["a", "b", "c"].map((name) => join(directory, name)) as [
      string,
      string,
      string,
    ];
    Deno.writeTextFileSync(file, "a");
    Deno.writeTextFileSync(other, "a");
    Deno.linkSync(file, hard);
    assert.ok(isSameFile(file, join(directory, "..", baseName(directory), "a")));
    assert.ok(isSameFile(file, hard));
    assert.ok(!isSameFile(file, other));
    assert.ok(!isSameFile(file, join(directory, "none")));
    assert.ok(!isSameFile("/dev/null", "/dev/null"));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("takePlace() tries again on Windows, where what has a file open for a moment forbids it", () => {
  const renamed = (failures: number, windows: boolean, Failure: new () => Error) => {
    let tries = 0;
    takePlace("a", "b", {
      windows,
      rename() {
        if (++tries <= failures) throw new Failure();
      },
    });
    return tries;
  };
  const { PermissionDenied, NotFound } = Deno.errors;
  assert.equal(renamed(3, true, PermissionDenied), 4);
  assert.throws(() => renamed(Infinity, true, PermissionDenied), PermissionDenied);
  assert.throws(() => renamed(1, true, NotFound), NotFound);
  assert.throws(() => renamed(1, false, PermissionDenied), PermissionDenied);
});
