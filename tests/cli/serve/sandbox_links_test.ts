import assert from "node:assert/strict";
import { isIn } from "../../../src/cli/serve/sandbox_links.ts";

Deno.test({
  name: "a path below a directory is in it, whatever its names look like",
  ignore: Deno.build.os === "windows",
  fn() {
    for (const path of ["/data", "/data/a", "/data/..a/b", "/data/c:/tasks.ts", "/data/..\\a"]) {
      assert.ok(isIn(path, "/data"), path);
    }
    for (const path of ["/", "/database", "/etc/data", "/data/../etc"]) {
      assert.ok(!isIn(path, "/data"), path);
    }
  },
});
