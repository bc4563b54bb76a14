import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const entry = import.meta.resolve("../../../src/base/system/spare_memory.ts");

Deno.test("memory that a start has left behind is given back, and nobody else is given the collector", async () => {
  const program = `
    import * as vm from "node:vm";
    import { giveBackMemory } from ${JSON.stringify(entry)};
    let garbage = Array.from({ length: 200_000 }, (_, i) => ({ i }));
    const before = Deno.memoryUsage().heapTotal;
    garbage = garbage.length;
    await giveBackMemory();
    const after = Deno.memoryUsage().heapTotal;
    const collectors = [typeof globalThis.gc, vm.runInNewContext("typeof gc")];
    console.log(JSON.stringify({ before, after, collectors }));
  `;
  const path = await Deno.makeTempFile({ suffix: ".js" });
  try {
    await Deno.writeTextFile(path, program);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-config", path],
      cwd: fileURLToPath(new URL(".", import.meta.url)),
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.notEqual(text, "", new TextDecoder().decode(stderr));
    const { before, after, collectors } = JSON.parse(text);
    assert.ok(after < 0.7 * before, `${before} before, ${after} after`);
    assert.deepEqual(collectors, ["undefined", "undefined"]);
  } finally {
    await Deno.remove(path);
  }
});
