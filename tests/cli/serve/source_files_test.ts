import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  differenceOf,
  readSources,
  rootFiles,
  stampOf,
  stampWhenRead,
} from "../../../src/cli/serve/source_files.ts";

import { waitFor } from "../../support/wait_for.ts";
import { onWindows } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

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
    const shell = Deno.build.os === "windows" ? "cmd" : "/bin/sh";
    assert.deepEqual(rootFiles({ exec: [shell, x, "--port", "1"] }), [x]);
    assert.deepEqual(rootFiles({ exec: ["python3", x] }), [x]);
    const own = join(directory, "worker");
    assert.deepEqual(rootFiles({ exec: [own, x] }), [own, x]);
    assert.deepEqual(rootFiles({ exec: ["python3", "-c", "pass"] }), []);
    assert.deepEqual(rootFiles({ module: pathToFileURL(x).href }), [x]);
  });
});

Deno.test("rootFiles() names the module that Python is told to run, by its launcher too", () => {
  const file = resolve("clients/python/rpc_client.py");
  const python = [
    "python3",
    "/usr/bin/python3.12",
    "C:\\Python312\\Python.exe",
    "py",
    "C:\\Windows\\py.exe",
  ];
  for (const program of python) {
    const exec = [program, "-B", "-m", "clients.python.rpc_client"];
    assert.deepEqual(rootFiles({ exec }).filter((one) => one !== program), [file], program);
  }
  assert.deepEqual(rootFiles({ exec: ["./copy", "-m", "clients.python.rpc_client"] }), []);
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

Deno.test({
  // There is no time there that cannot be set.
  ...skippedIf(onWindows, "a text of the same length and with the same time is another one"),
  async fn() {
    await withFiles({ "a.ts": "export const a = 1;" }, async (directory) => {
      const path = join(directory, "a.ts");
      const old = new Date(0);
      await Deno.utime(path, old, old);
      const before = readSources([path]);
      // The system tells that time by the second.
      await waitFor("another second", async () => {
        await Deno.writeTextFile(path, "export const a = 2;");
        await Deno.utime(path, old, old);
        return stampOf(before) !== stampWhenRead(before);
      });
    });
  },
});

Deno.test({
  ...skippedIf(onWindows, "what a linked Python file imports from beside itself is part of it"),
  async fn() {
    await withFiles({ "link.txt": "" }, async (directory) => {
      await Deno.mkdir(join(directory, "real"));
      await Deno.writeTextFile(
        join(directory, "real/tasks.py"),
        "import helper\nfrom pkg import a\n",
      );
      await Deno.writeTextFile(join(directory, "real/helper.py"), "");
      await Deno.symlink("real/tasks.py", join(directory, "tasks.py"));
      const files = readSources([join(directory, "tasks.py")]);
      assert.notEqual(files.get(join(directory, "real/helper.py"))?.content ?? "-", "-");
      assert.ok(
        files.has(join(directory, "pkg/a.py")) && files.has(join(directory, "helper.py")) === false,
      );
    });
  },
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
