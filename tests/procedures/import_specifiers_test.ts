import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { importedFiles } from "../../src/procedures/import_specifiers.ts";

/** A path of this system without what only Windows has: its drive, and backslashes. */
const plain = (path: string) => path.replace(/^[A-Z]:/, "").replaceAll("\\", "/");

/** The first place of each import. */
const firstOf = (path: string, text: string) =>
  importedFiles(path, text, ["/p"]).map(([first]) => plain(first ?? ""));

Deno.test("importedFiles() finds what a script imports from files, and nothing else", () => {
  const text = `
    import "./a.ts"; import b from '../b.js'; export * from "/abs/c.ts";
    import type { D } from "./d.ts"; import {
      e, // "from ./wrong.ts"
    } from /* here */ "./e.json" with { type: "json" };
    const f = await import("./f.ts?v=2"); const g = require(\`./g.cjs\`); export { h } from"./你好 h.ts";
    import(/* lazily */ "${pathToFileURL("/p/i.ts")}");
    import z from "zod"; import { serve } from "npm:x@1"; import "https://example.org/y.ts";
    const from = "./not/imported.ts"; Deno.writeTextFile("./log.txt", "x");
  `;
  assert.deepEqual(firstOf("/p/q/m.ts", text), [
    ...["/p/q/a.ts", "/p/b.js", "/abs/c.ts", "/p/q/d.ts", "/p/q/e.json", "/p/q/f.ts"],
    ...["/p/q/g.cjs", "/p/q/你好 h.ts", "/p/i.ts"],
  ]);
});

Deno.test("importedFiles() knows where Python looks for a module", () => {
  const text = `
import helper, os.path as p
from . import near
from ..up.more import (
    one,  two as zwei,
)
from package import part  # a comment
name = "import nothing"
`;
  const files = importedFiles("/p/pkg/sub/m.py", text, ["/p"]).flat().map(plain);
  for (
    const path of [
      ...["/p/helper.py", "/p/os/path.py", "/p/pkg/sub/near.py", "/p/pkg/sub/__init__.py"],
      ...["/p/pkg/up/__init__.py", "/p/pkg/up/more.py", "/p/pkg/up/more/one.py"],
      ...["/p/pkg/up/more/two.py", "/p/package/__init__.py", "/p/package/part.py"],
    ]
  ) assert.ok(files.includes(path), path);
  assert.equal(files.some((path) => path.includes("nothing")), false);
});

Deno.test("importedFiles() of a file that is no program is nothing", () => {
  assert.deepEqual(importedFiles("/p/data.json", `import "./a.ts"`, ["/p"]), []);
});
