import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { notLinux } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

const entry = import.meta.resolve("../../../src/base/system/spare_memory.ts");

Deno.test("memory that a start has left behind is given back, and no module of Node's is loaded for that", async () => {
  const program = `
    import { collectGarbage } from ${JSON.stringify(entry)};
    let garbage = Array.from({ length: 200_000 }, (_, i) => ({ i }));
    const before = Deno.memoryUsage().heapTotal;
    garbage = garbage.length;
    collectGarbage();
    const after = Deno.memoryUsage().heapTotal;
    console.log(JSON.stringify({ before, after }));
  `;
  const { before, after } = JSON.parse(await printedBy(program));
  assert.ok(after < 0.7 * before, `${before} before, ${after} after`);
  assert.doesNotMatch(await Deno.readTextFile(new URL(entry)), /from "node:|import\("node:/);
});

Deno.test({
  // Elsewhere the C library has no such function.
  ...skippedIf(
    notLinux,
    "memory between what is in use is given back, which no collection alone does",
  ),
}, async () => {
  const program = `
    import { giveBackMemory } from ${JSON.stringify(entry)};
    let dropped = [];
    const kept = [];
    for (let i = 0; i < 1_000; i++) {
      dropped.push(new Uint8Array(100_000).fill(1));
      kept.push(new Uint8Array(100).fill(1));
    }
    const before = Deno.memoryUsage().rss;
    dropped = dropped.length;
    giveBackMemory();
    const after = Deno.memoryUsage().rss;
    console.log(JSON.stringify({ before, after, kept: kept.length }));
  `;
  const { before, after, kept } = JSON.parse(await printedBy(program));
  assert.equal(kept, 1_000);
  assert.ok(after < before - 70_000_000, `${before} before, ${after} after`);
});

/** What a program prints. */
async function printedBy(program: string): Promise<string> {
  const path = await Deno.makeTempFile({ suffix: ".js" });
  try {
    await Deno.writeTextFile(path, program);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-config", path],
      cwd: fileURLToPath(new URL(".", import.meta.url)),
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.notEqual(text, "", new TextDecoder().decode(stderr));
    return text;
  } finally {
    await Deno.remove(path);
  }
}
