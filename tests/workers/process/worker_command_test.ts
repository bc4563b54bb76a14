import assert from "node:assert/strict";
import { getPriority } from "node:os";
import { spawnWorker } from "../../../src/workers/process/worker_command.ts";

const isWindows = Deno.build.os === "windows";

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
  name: "a worker gives way to its server, whose priority is ten steps higher",
  ignore: isWindows,
  fn: () => withWorker((pid) => assert.equal(getPriority(pid), Math.min(getPriority(0) + 10, 19))),
});

Deno.test({
  name: "Linux ends a worker sooner than its server where memory runs out",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withWorker((pid) => {
      const scoreOf = (process: number | "self") =>
        Number(Deno.readTextFileSync(`/proc/${process}/oom_score_adj`));
      assert.equal(scoreOf(pid), Math.min(scoreOf("self") + 100, 1_000));
    }),
});
