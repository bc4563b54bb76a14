import assert from "node:assert/strict";
import { workerPipeBytes } from "../../src/workers/limits.ts";
import { withOwnDescriptors } from "../../src/workers/own_descriptors.ts";
import { waitFor } from "../support/wait_for.ts";
import { withPool, workerCommand } from "./fixtures/harness.ts";
import { notLinux, onWindows } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

const command = withOwnDescriptors(workerCommand());

/** What this process itself was started with: its children have it too. */
const handedOn = new Set(notLinux === undefined ? pipesHere() : []);

function pipesHere(): string[] {
  return [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`);
    } catch {
      return "";
    }
  });
}

const uses = [
  "a child prints",
  "a child reads",
  "a child goes on reading",
  "Deno.stdin is read",
  "process.stdin is read",
  "fd 1 is written",
  "both are closed",
];

/** Where there is no shell the worker moves them itself. */
const ways = [
  { command, by: "by a shell", reason: onWindows },
  { command: withOwnDescriptors(workerCommand(), "/no/sh"), by: "without one", reason: notLinux },
];

for (const { command, by, reason } of ways) {
  for (const how of uses) {
    Deno.test({
      ...skippedIf(
        reason,
        `stdin and stdout are the procedures' to use, and that costs no call (${how}, ${by})`,
      ),
    }, async () => {
      await withPool({ command }, async (harness) => {
        const pid = await harness.call("stdio", [how]);
        for (let i = 0; i < 6; i++) assert.equal(await harness.call("pid"), pid);
        assert.notEqual(await harness.call("wait", [1], { kind: "io" }), pid);
        assert.equal(harness.pool.stats().restarts, 0);
      });
    });
  }

  Deno.test({
    ...skippedIf(reason, `what a procedure's child prints on stdout is in the log (${by})`),
  }, async () => {
    await withPool({ command }, async (harness) => {
      await harness.call("stdio", ["a child prints"]);
      await waitFor("the line", () => harness.printed().includes("x"));
    });
  });

  Deno.test({
    ...skippedIf(notLinux, `a procedure's child inherits none of the protocol's pipes (${by})`),
  }, async () => {
    await withPool({ command }, async (harness) => {
      const seen = await harness.call("inherited") as Record<"child" | "own", string[]>;
      const own = seen.own.filter((pipe) => !handedOn.has(pipe));
      assert.equal(own.length, 2, `the worker has its two: ${own}`);
      assert.deepEqual(seen.child.filter((pipe) => own.includes(pipe)), []);
    });
  });

  Deno.test({
    ...skippedIf(
      notLinux,
      `the protocol's pipes take as much as few turns of long messages need (${by})`,
    ),
  }, async () => {
    await withPool({ command }, async (harness) => {
      const { own } = await harness.call("inherited") as { readonly own: string[] };
      const sizes = await harness.call("pipeSizes") as Readonly<Record<string, number>>;
      const protocol = own.filter((pipe) => !handedOn.has(pipe));
      assert.deepEqual(protocol.map((pipe) => sizes[pipe]), [workerPipeBytes, workerPipeBytes]);
    });
  });
}
