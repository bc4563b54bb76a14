import assert from "node:assert/strict";
import { join } from "node:path";
import {
  differenceOf,
  readSources,
  rootFiles,
  stampOf,
  stampWhenRead,
} from "../../../src/cli/serve/source_files.ts";

async function withFiles(
  texts: Record<string, string>,
  test: (directory: string) => void | Promise<void>,
): Promise<void> {
  const directory = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const [name, text] of Object.entries(texts)) {
      await Deno.writeTextFile(join(directory, name), text);
    }
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("rootFiles() names the program of a command, and not what runs it", async () => {
  await withFiles({ "x.py": "", "worker": "" }, (directory) => {
    const x = join(directory, "x.py");
    assert.deepEqual(rootFiles({ exec: ["/bin/sh", x, "--port", "1"] }), [x]);
    assert.deepEqual(rootFiles({ exec: ["python3", x] }), [x]);
    const own = join(directory, "worker");
    assert.deepEqual(rootFiles({ exec: [own, x] }), [own, x]);
    assert.deepEqual(rootFiles({ exec: ["python3", "-c", "pass"] }), []);
    assert.deepEqual(rootFiles({ module: `file://${x}` }), [x]);
  });
});

Deno.test("readSources() follows imports, in a circle too, and waits for what is missing", async () => {
  await withFiles({
    "a.ts": `import "./b.ts"; import "./gone.ts";`,
    "b.ts": `import "./a.ts"; import data from "./data.json" with { type: "json" };`,
    "data.json": "{}",
    "log.txt": "",
  }, async (directory) => {
    const roots = [join(directory, "a.ts")];
    const before = readSources(roots);
    const present = [...before].filter(([, { content }]) => content !== "-").map(([path]) => path);
    assert.deepEqual(
      present.toSorted(),
      ["a.ts", "b.ts", "data.json"].map((name) => join(directory, name)),
    );
    assert.equal(stampOf(before), stampWhenRead(before));
    await Deno.writeTextFile(join(directory, "gone.ts"), "export {};");
    assert.notEqual(stampOf(before), stampWhenRead(before));
    assert.equal(differenceOf(before, readSources(roots)), join(directory, "gone.ts"));
  });
});

Deno.test("a file that was written again as it was is no difference", async () => {
  await withFiles({ "a.ts": "export {};" }, async (directory) => {
    const path = join(directory, "a.ts");
    const before = readSources([path]);
    await Deno.remove(path);
    await Deno.writeTextFile(path, "export {};");
    assert.equal(differenceOf(before, readSources([path])), undefined);
  });
});
