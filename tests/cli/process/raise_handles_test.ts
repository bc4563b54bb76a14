import assert from "node:assert/strict";
import { exists } from "../../../src/base/paths.ts";
import { raiseHandles } from "../../../src/cli/process/raise_handles.ts";
import { notLinux } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

const prlimit = "/usr/bin/prlimit";

/** The soft and the hard limit of this process, as texts. */
function limits(): readonly string[] {
  const text = Deno.readTextFileSync("/proc/self/limits");
  return /^Max open files +(\w+) +(\w+)/m.exec(text)?.slice(1) ?? [];
}

async function setSoft(limit: string): Promise<void> {
  const args = ["--pid", String(Deno.pid), `--nofile=${limit}:`];
  const { success } = await new Deno.Command(prlimit, { args }).output();
  assert.ok(success);
}

const missing = notLinux ?? (exists(prlimit) ? undefined : "there is no prlimit");

Deno.test({
  ...skippedIf(missing, "a soft limit of file handles is raised, and none is lowered"),
  async fn() {
    const [before = "", hard] = limits();
    const wanted = hard === "unlimited" ? 65_536 : Math.min(Number(hard), 65_536);
    try {
      await setSoft("500");
      raiseHandles();
      assert.deepEqual(limits(), [String(wanted), hard]);
      await setSoft(hard ?? "");
      raiseHandles();
      assert.deepEqual(limits(), [hard, hard]);
    } finally {
      await setSoft(before);
    }
  },
});
