import assert from "node:assert/strict";
import { processorTimeOf } from "../../../src/base/system/processor_time.ts";
import { waitFor } from "../../support/wait_for.ts";

const ignore = Deno.build.os !== "linux";

Deno.test({
  name: "what computes has had ever more of the processor's time, and wants more",
  ignore,
}, () => {
  const before = processorTimeOf(Deno.pid);
  assert.equal(before?.isWanted, true);
  while ((processorTimeOf(Deno.pid)?.usedMs ?? Infinity) <= before.usedMs);
  assert.ok(Number.isFinite(processorTimeOf(Deno.pid)?.usedMs));
});

Deno.test({
  name: "what waits for input wants no processor, and of what has ended nothing is known",
  ignore,
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
