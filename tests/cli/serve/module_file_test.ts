import assert from "node:assert/strict";
import { join } from "node:path";
import { assertModule } from "../../../src/cli/serve/module_file.ts";
import { onWindows } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

Deno.test("what is no module is told of by what it is", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = join(directory, "tasks.ts");
    await Deno.mkdir(path);
    assert.throws(() => assertModule(path), /as a module, .* file: it is a directory$/);
    assert.throws(() => assertModule("tasks.json"), /^.*Cannot serve tasks\.json as a module, /);
    assert.throws(() => assertModule("tasks.rb"), /--exec "ruby tasks\.rb"/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a module that is not there is told with where it was looked for, and what was meant", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(directory, "hello.py"), "");
    const cases: [name: string, hint: string][] = [
      ["hello", "; did you mean hello.py?"],
      ["helo.py", "; did you mean hello.py?"],
      ["other.ts", ""],
    ];
    for (const [name, hint] of cases) {
      const path = join(directory, name);
      assert.throws(() => assertModule(path), {
        message: `Cannot serve ${path}: there is no such file in ${directory}${hint}`,
      });
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test({
  ...skippedIf(onWindows, "a device is no module, though it can be read for ever"),
}, () => {
  assert.throws(() => assertModule("/dev/zero"), /it is no regular file$/);
});

Deno.test("a module in UTF-16 is refused in that word, where it would not be understood", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const code = "export const a = () => 1;";
    const little = new Uint8Array(
      new Uint16Array([...code].map((one) => one.charCodeAt(0))).buffer,
    );
    const marked = new Uint8Array([0xff, 0xfe, ...little]);
    for (
      const [name, bytes, isRefused] of [
        ["little.ts", little, true],
        ["big.ts", little.toReversed(), true],
        ["marked.py", marked, true],
        // Deno understands it.
        ["marked.ts", marked, false],
        ["plain.ts", new TextEncoder().encode(code), false],
        ["bom.py", new Uint8Array([0xef, 0xbb, 0xbf, 0x61]), false],
        ["short.ts", new Uint8Array([0x61]), false],
        ["empty.ts", new Uint8Array(), false],
      ] as const
    ) {
      const path = join(directory, name);
      await Deno.writeFile(path, bytes);
      if (isRefused) {
        assert.throws(() => assertModule(path), /it is UTF-16, and must be UTF-8/, name);
      } else assertModule(path);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
