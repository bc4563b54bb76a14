import assert from "node:assert/strict";
import { isIn } from "../../../src/cli/serve/sandbox_links.ts";
import { onWindows } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

Deno.test({
  ...skippedIf(onWindows, "a path below a directory is in it, whatever its names look like"),
  fn() {
    for (const path of ["/data", "/data/a", "/data/..a/b", "/data/c:/tasks.ts", "/data/..\\a"]) {
      assert.ok(isIn(path, "/data"), path);
    }
    for (const path of ["/", "/database", "/etc/data", "/data/../etc"]) {
      assert.ok(!isIn(path, "/data"), path);
    }
  },
});
