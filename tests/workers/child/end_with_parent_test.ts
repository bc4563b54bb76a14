import assert from "node:assert/strict";
import { lives } from "../../support/process_table.ts";
import { waitFor } from "../../support/wait_for.ts";
import { onWindows } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

const module = new URL("../../../src/workers/child/end_with_parent.ts", import.meta.url).href;

/** A program that starts another one, prints the other's process id, and waits. */
const parent = `
  const [program] = Deno.args;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", program],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  await child.stdout.getReader().read();
  console.log(child.pid);
  setInterval(() => {}, 1_000);
`;

/**
 * Resolves to the id of a process that has made an arrangement, and computes; and to its parent's
 * end.
 */
async function orphanOf(arrangement: string) {
  const program = `
    const { ${arrangement} } = await import(${JSON.stringify(module)});
    ${arrangement}();
    await Deno.stdout.write(new TextEncoder().encode("computing\\n"));
    while (true);
  `;
  const process = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", parent, program],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  const pid = Number(value);
  assert.ok(await lives(pid), "it lives while its parent does");
  process.kill("SIGKILL");
  await process.status;
  await reader.cancel();
  try {
    await waitFor("the orphan's end", async () => !await lives(pid));
  } finally {
    if (await lives(pid)) Deno.kill(pid, "SIGKILL");
  }
}

Deno.test({
  ...skippedIf(onWindows, "endWithParent() ends a process that computes with its parent"),
}, () => {
  return orphanOf("endWithParent");
});

Deno.test({
  ...skippedIf(onWindows, "watchParent() ends a process with its parent without the kernel's help"),
}, () => {
  return orphanOf("watchParent");
});
