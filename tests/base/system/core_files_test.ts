import assert from "node:assert/strict";
import { emptyCoreFiles, fillCoreFiles } from "../../../src/base/system/core_files.ts";
import { notLinux } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

const path = "/proc/self/coredump_filter";

/** What core files of this process hold, as a mask. */
function ofCores(): number {
  return Number(`0x${Deno.readTextFileSync(path).trim()}`);
}

Deno.test({
  ...skippedIf(
    notLinux,
    "what a child gets while it is in this process's memory does not stay there",
  ),
  fn: async () => {
    const before = ofCores();
    assert.notEqual(before, 0, "a core file holds something as the system is set");
    const child = new Deno.Command("cat", { stdin: "piped", stdout: "null" }).spawn();
    try {
      emptyCoreFiles();
      assert.equal(ofCores(), 0);
      // The process itself stands for a child that never leaves its memory.
      fillCoreFiles(Deno.pid);
      assert.equal(ofCores(), 0, "a core file of this process still holds no memory");
      fillCoreFiles(child.pid);
      assert.equal(ofCores(), 0);
      const ofChild = Deno.readTextFileSync(`/proc/${child.pid}/coredump_filter`).trim();
      assert.equal(Number(`0x${ofChild}`), before, "the child's holds what it did before");
    } finally {
      Deno.writeTextFileSync(path, `0x${before.toString(16)}`);
      await child.stdin.close();
      await child.status;
    }
  },
});
