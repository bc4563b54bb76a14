import assert from "node:assert/strict";
import { withOwnDescriptors } from "../../src/workers/own_descriptors.ts";
import { waitFor } from "../support/wait_for.ts";
import { withPool, workerCommand } from "./fixtures/harness.ts";

const command = withOwnDescriptors(workerCommand());
const ignore = Deno.build.os === "windows";

const uses = [
  "a child prints",
  "a child reads",
  "a child goes on reading",
  "Deno.stdin is read",
  "process.stdin is read",
  "fd 1 is written",
  "both are closed",
];

for (const how of uses) {
  Deno.test({
    name: `a worker's stdin and stdout are its procedures' to use, and cost no call (${how})`,
    ignore,
  }, async () => {
    await withPool({ command }, async (harness) => {
      const pid = await harness.call("stdio", [how]);
      for (let i = 0; i < 6; i++) assert.equal(await harness.call("pid"), pid);
      assert.equal(await harness.call("wait", [1], { kind: "io" }) === pid, false);
      assert.equal(harness.pool.stats().restarts, 0);
    });
  });
}

Deno.test({ name: "what a procedure's child prints on stdout is in the log", ignore }, async () => {
  await withPool({ command }, async (harness) => {
    await harness.call("stdio", ["a child prints"]);
    await waitFor("the line", () => harness.printed().includes("x"));
  });
});

Deno.test({
  name: "a procedure's child inherits none of the protocol's descriptors",
  ignore: Deno.build.os !== "linux",
}, async () => {
  await withPool({ command }, async (harness) => {
    // 1 is the pipe to the procedure, 2 is the log's; whatever the test itself inherited is no pipe of the worker.
    const inherited = await harness.call("inherited") as string[];
    assert.deepEqual(inherited.filter((number) => number === "3" || number === "4"), []);
  });
});
