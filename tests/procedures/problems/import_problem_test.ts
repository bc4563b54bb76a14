import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { loadModule } from "../../../src/procedures/load.ts";
import { loadProblem } from "../../../src/procedures/problems/load_problem.ts";

/** A directory with these files, by path. */
async function withFiles(
  files: Readonly<Record<string, string>>,
  fn: (at: (name: string) => string) => Promise<void> | void,
): Promise<void> {
  const directory = await Deno.realPath(await Deno.makeTempDir());
  const at = (name: string) => join(directory, name);
  try {
    await Deno.mkdir(at("folder"));
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(at(name), text);
    await fn(at);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const rest = "\nexport function f() { console.log(x); }\n";

/** What goes wrong with `deep.ts`, which `tasks.ts` imports; and how a binary says it. */
const cases: readonly {
  readonly imports: string;
  readonly inBinary: (at: (name: string) => string) => string;
  readonly told: (at: (name: string) => string) => string;
}[] = [
  {
    imports: 'import x from "./gone.ts";',
    inBinary: (at) => `Module not found: ${pathToFileURL(at("gone.ts"))}`,
    told: (at) => `${at("deep.ts")} imports ${at("gone.ts")}, which is not there`,
  },
  {
    imports: 'import * as x from "./folder";',
    inBinary: () =>
      'JsErrorBox { inner: Os { code: 21, kind: IsADirectory, message: "Is a directory" } }',
    told: (at) =>
      `${at("deep.ts")} imports ${
        at("folder")
      }, which is a directory: name a file in it, such as index.ts`,
  },
  {
    imports: 'import x from "./bad.json" with { type: "json" };',
    inBinary: () => "Expected double-quoted property name in JSON at position 9 (line 1 column 10)",
    told: (at) =>
      `Expected double-quoted property name in JSON at position 9 (line 1 column 10) in ${
        at("bad.json")
      }`,
  },
  {
    imports: 'import x from "./good.json";',
    inBinary: (at) => `Cannot resolve module "./good.json" from "${pathToFileURL(at("deep.ts"))}"`,
    told: (at) =>
      `${at("deep.ts")} imports ${at("good.json")} as if it were code: write import ... with { ` +
      'type: "json" }',
  },
];

for (const { imports, inBinary, told } of cases) {
  Deno.test(`a module that cannot be loaded is told with the file at fault: ${imports}`, () =>
    withFiles({
      "tasks.ts":
        `import { f } from "./deep.ts"; // from "./comment.ts"\nexport const g = () => f();`,
      "deep.ts": imports + rest,
      "good.json": '{ "a": 1 }',
      "bad.json": '{ "a": 1,, }',
    }, async (at) => {
      const url = pathToFileURL(at("tasks.ts")).href;
      assert.equal(loadProblem(new TypeError(inBinary(at)), url, true), told(at));
      await assert.rejects(loadModule(at("tasks.ts")), {
        message: `Cannot load ${at("tasks.ts")}: ${told(at)}`,
      });
    }));
}

Deno.test("an error of the module's own that speaks of JSON is not put on a file that it imports", () =>
  withFiles({
    "tasks.ts": `import x from "./good.json" with { type: "json" };
      JSON.parse("{"); export const f = () => x;`,
    "good.json": '{ "a": 1 }',
  }, async (at) => {
    await assert.rejects(loadModule(at("tasks.ts")), {
      message: /JSON .* at file:.*tasks\.ts:2:12$/,
    });
  }));

Deno.test("no colours of the runtime are in what is told of a module", () => {
  const painted = "Cannot do it.\n    at \x1b[0m\x1b[36mfile:///a.ts\x1b[0m:\x1b[33m1\x1b[0m";
  const told = loadProblem(new TypeError(painted), "file:///a.ts", false);
  assert.equal(told, "Cannot do it. at file:///a.ts:1");
});
