import assert from "node:assert/strict";
import { emptyCoreFiles, withFormerCoreFiles } from "../../../src/base/system/core_files.ts";
import { notLinux } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

/** What core files of a process hold, as a mask. */
function ofCores(process: number | "self" = "self"): number {
  return Number(`0x${Deno.readTextFileSync(`/proc/${process}/coredump_filter`).trim()}`);
}

Deno.test({
  ...skippedIf(
    notLinux,
    "core files of a child hold what they did, and those of its parent nothing",
  ),
  fn: async () => {
    const before = ofCores();
    assert.notEqual(before, 0, "a core file holds something as the system is set");
    const start = () => new Deno.Command("cat", { stdin: "piped", stdout: "null" }).spawn();
    const children: Deno.ChildProcess[] = [];
    try {
      emptyCoreFiles();
      assert.equal(ofCores(), 0);
      for (let i = 0; i < 20; i++) {
        const child = withFormerCoreFiles(start);
        children.push(child);
        assert.equal(ofCores(), 0, "a core file of this process still holds no memory");
      }
      assert.throws(() => withFormerCoreFiles(() => assert.fail("no such program")), /no such/);
      assert.equal(ofCores(), 0, "nor after a start that failed");
      for (const { pid } of children) assert.equal(ofCores(pid), before, "it holds what it did");
    } finally {
      Deno.writeTextFileSync("/proc/self/coredump_filter", `0x${before.toString(16)}`);
      for (const child of children) {
        await child.stdin.close();
        await child.status;
      }
    }
  },
});
