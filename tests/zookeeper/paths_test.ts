import assert from "node:assert/strict";
import { isZooKeeperError } from "../../src/zookeeper/errors.ts";
import { checkPath, fromServerPath, prefixesOf, toServerPath } from "../../src/zookeeper/paths.ts";

Deno.test("checkPath() takes what ZooKeeper takes", () => {
  for (const path of ["/", "/a", "/a/b c/ü-1", "/...", "/.a"]) checkPath(path);
});

Deno.test("checkPath() refuses what ZooKeeper refuses", () => {
  for (
    const path of ["", "a", "a/b", "/a/", "//", "/a//b", "/.", "/a/..", "/a\u0000", "/a\u001f"]
  ) {
    assert.throws(
      () => checkPath(path),
      (error) => isZooKeeperError(error, "BAD_ARGUMENTS"),
      JSON.stringify(path),
    );
  }
});

Deno.test("paths go below the chroot and come back", () => {
  for (const chroot of ["", "/lab", "/lab/x"]) {
    for (const path of ["/", "/a", "/a/b", "/lab"]) {
      const serverPath = toServerPath(chroot, path);
      assert.ok(serverPath.startsWith(chroot));
      assert.equal(fromServerPath(chroot, serverPath), path);
    }
  }
  assert.equal(toServerPath("/lab", "/"), "/lab");
});

Deno.test("prefixesOf() lists the way down to a node", () => {
  assert.deepEqual(prefixesOf("/a/b/c"), ["/a", "/a/b", "/a/b/c"]);
  assert.deepEqual(prefixesOf("/"), []);
});
