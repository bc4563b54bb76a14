import assert from "node:assert/strict";
import { confinementOf } from "../../../src/workers/sandbox/confinement.ts";
import { filesOfModule, isCode } from "../../../src/workers/sandbox/module_files.ts";
import { notLinux, onWindows } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

const module = `
import { a } from "./a.ts";
import b, {
  c, // "./not_this.ts"
} from './parts/b.js';
export * from "../outside.ts";
import data from "./data.json" with { type: "json" };
import outside from "../outside.json" with { type: "json" };
import "./parts";
import "./named.ts";
import{m}from"./m.mjs";
import { z } from "zod";
const later = () => import("./later.ts");
`;

const files: Readonly<Record<string, string>> = {
  "outside.ts": "export const out = 1;\n",
  "outside.json": "{}",
  "real/tasks.ts": module,
  "real/a.ts": 'export const a = 1;\nimport "./tasks.ts";\n',
  "real/data.json": "{}",
  "real/later.ts": "export {};\n",
  "real/m.mjs": "export const m = 1;\n",
  "real/parts/b.js": 'import "./deep.tsx";\nexport default 1;\nexport const c = 2;\n',
  "real/parts/deep.tsx": "export {};\n",
};

/** Calls with these files, a `link` to `real`, and what has the name of code and is none. */
async function withFiles(act: (directory: string) => void): Promise<void> {
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "rpc_confined_" }));
  try {
    await Deno.mkdir(`${directory}/real/parts`, { recursive: true });
    for (const [path, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${directory}/${path}`, text);
    }
    if (Deno.build.os !== "windows") {
      await Deno.symlink("real", `${directory}/link`);
      await Deno.symlink("../outside.json", `${directory}/real/named.ts`);
    }
    act(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test({
  ...skippedIf(onWindows, "a module's files are those that are imported before it runs"),
  fn: () =>
    withFiles((directory) => {
      const found = filesOfModule(`file://${directory}/real/tasks.ts`);
      assert.deepEqual(
        found.map((path) => path.slice(directory.length + 1)).sort(),
        [
          ...["outside.json", "outside.ts", "real/a.ts", "real/data.json", "real/m.mjs"],
          ...[
            "real/named.ts",
            "real/parts",
            "real/parts/b.js",
            "real/parts/deep.tsx",
            "real/tasks.ts",
          ],
        ],
      );
      assert.equal(found.filter(isCode).length, 7);
    }),
});

for (const place of ["real", "link"]) {
  Deno.test({
    ...skippedIf(
      notLinux,
      `a module's code and the data of its directory may be read, by ${place}`,
    ),
    fn: () =>
      withFiles((directory) => {
        const { rules, network } = confinementOf(`${directory}/${place}/tasks.ts`, {});
        const own = rules.map(({ path }) => path).filter((path) => path.startsWith(directory));
        assert.deepEqual(
          own.map((path) => path.slice(directory.length + 1)).sort(),
          [
            ...["a.ts", "data.json", "m.mjs", "parts/b.js", "parts/deep.tsx", "tasks.ts"]
              .map((path) => `${place}/${path}`),
            "outside.ts",
          ].sort(),
        );
        assert.equal(network, false);
      }),
  });
}

Deno.test({
  ...skippedIf(
    notLinux,
    "nothing of a process, of keys or of names' look-up may be read by itself",
  ),
  fn() {
    const paths = (net?: readonly string[]) =>
      confinementOf(undefined, net === undefined ? {} : { net }).rules.map(({ path }) => path);
    const open = /^\/proc\/(?!self\/exe$|meminfo$)|^\/(etc|home|root|run|var|usr|lib)$|^\/$/;
    assert.deepEqual(paths().filter((path) => open.test(path)), []);
    assert.ok(!paths().includes("/etc/resolv.conf"));
    assert.ok(paths(["db:5432"]).includes("/etc/resolv.conf"));
  },
});
