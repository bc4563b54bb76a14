import assert from "node:assert/strict";
import { basename, isAbsolute, join, resolve } from "node:path";
import { absolutePath, baseName, isAbsolutePath, joinPath } from "../../src/base/paths.ts";

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
  ...(Deno.build.os === "windows" ? ["C:\\a\\..\\b", "C:/a/b", "\\\\host\\share\\a\\..\\b"] : []),
];

Deno.test("absolutePath() and isAbsolutePath() say what node:path says", () => {
  for (const path of paths) {
    // Node.js takes a path without a drive for absolute on Windows, which depends on where one is.
    if (Deno.build.os === "windows" && path.startsWith("/")) continue;
    assert.equal(isAbsolutePath(path), isAbsolute(path), path);
    assert.equal(absolutePath(path), resolve(path), path);
  }
});

Deno.test("joinPath() and baseName() say what node:path says of paths without dots", () => {
  const root = resolve("/a");
  assert.equal(joinPath(root, "b", "c.json"), join(root, "b", "c.json"));
  for (const path of ["/a/b.json", "/a", "a", "a/b"]) assert.equal(baseName(path), basename(path));
});
