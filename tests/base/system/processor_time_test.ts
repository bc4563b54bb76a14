import assert from "node:assert/strict";
import { processorTimeOf } from "../../../src/base/system/processor_time.ts";
import { waitFor } from "../../support/wait_for.ts";
import { notLinux } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

Deno.test({
  ...skippedIf(notLinux, "what computes has had ever more of the processor's time, and wants more"),
}, async () => {
  const computing = new Deno.Command("sh", { args: ["-c", "while :; do :; done"] }).spawn();
  try {
    await waitFor("it to compute", () => (processorTimeOf(computing.pid)?.usedMs ?? 0) > 0);
    const { usedMs = Infinity } = processorTimeOf(computing.pid) ?? {};
    await waitFor("more", () => (processorTimeOf(computing.pid)?.usedMs ?? 0) > usedMs);
    assert.equal(processorTimeOf(computing.pid)?.isWanted, true);
  } finally {
    computing.kill("SIGKILL");
    await computing.status;
  }
});

Deno.test({
  ...skippedIf(
    notLinux,
    "what waits for input wants no processor, and of what has ended nothing is known",
  ),
}, async () => {
  const directory = await Deno.makeTempDir();
  // Its name looks like the fields behind it.
  const program = `${directory}/) R 1`;
  await Deno.writeTextFile(program, "#!/bin/sh\nread line\n", { mode: 0o755 });
  const waiting = new Deno.Command(program, { stdin: "piped" }).spawn();
  try {
    await waitFor("it to wait", () => processorTimeOf(waiting.pid)?.isWanted === false);
    assert.ok((processorTimeOf(waiting.pid)?.usedMs ?? Infinity) < 60_000);
  } finally {
    await waiting.stdin.close();
    await waiting.status;
    await Deno.remove(directory, { recursive: true });
  }
  assert.equal(processorTimeOf(waiting.pid), undefined);
});
