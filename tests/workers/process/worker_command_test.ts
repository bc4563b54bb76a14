import assert from "node:assert/strict";
import { getPriority } from "node:os";
import { spawnWorker } from "../../../src/workers/process/worker_command.ts";
import { notLinux, onWindows } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

/** A worker that does nothing until its input ends. */
async function withWorker(test: (pid: number) => void): Promise<void> {
  const child = spawnWorker({ program: "cat", args: [] }, { claims: undefined, bodies: undefined });
  try {
    test(child.pid);
  } finally {
    await child.stdin.close();
    await Promise.all([child.stdout.cancel(), child.stderr.cancel(), child.status]);
  }
}

Deno.test({
  ...skippedIf(onWindows, "a worker gives way to its server, whose priority is ten steps higher"),
  fn: () => withWorker((pid) => assert.equal(getPriority(pid), Math.min(getPriority(0) + 10, 19))),
});

Deno.test({
  ...skippedIf(notLinux, "Linux ends a worker sooner than its server where memory runs out"),
  fn: () =>
    withWorker((pid) => {
      const scoreOf = (process: number | "self") =>
        Number(Deno.readTextFileSync(`/proc/${process}/oom_score_adj`));
      assert.equal(scoreOf(pid), Math.min(scoreOf("self") + 100, 1_000));
    }),
});

const withFewRights = `
const asked = [];
Deno.readTextFileSync = (path) => {
  asked.push(path);
  return "0";
};
const { endSooner } = await import(${
  JSON.stringify(new URL("../../../src/workers/process/end_sooner.ts", import.meta.url).href)
});
endSooner(1);
console.log(asked.length);`;

Deno.test("a program that may write and not read is not stopped to be asked for that", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, withFewRights);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--no-config", "--no-lock", "--allow-write", path],
      stdin: "null",
    }).output();
    assert.equal(new TextDecoder().decode(stdout), "0\n", new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(path);
  }
});
