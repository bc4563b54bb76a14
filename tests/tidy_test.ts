import assert from "node:assert/strict";
import { brokenLinks, faultsOfMap } from "./tidy/documents.ts";
import { unusedExports, usedByNoProgram } from "./tidy/exports.ts";
import * as structure from "./tidy/rooms.ts";
import * as rules from "./tidy/rules.ts";
import { codeOf, importsOf, type Rule } from "./tidy/source.ts";

const root = new URL("../", import.meta.url);

const files = [...filesUnder("")].map((path) => ({
  path,
  text: Deno.readTextFileSync(new URL(path, root)),
}));
const code = files.filter(({ path }) => path.endsWith(".ts"));

/** What a person wrote, by path: not what tools put there. */
function* filesUnder(directory: string): Iterable<string> {
  const skipped = new Set([".git", "node_modules", "coverage", "dist", "results", "deno.lock"]);
  for (const entry of Deno.readDirSync(new URL(directory, root))) {
    if (skipped.has(entry.name)) continue;
    const path = directory + entry.name;
    if (entry.isDirectory) yield* filesUnder(`${path}/`);
    else if (/\.(ts|json|md|ya?ml|sh|py)$|^\.ci\/|\/Dockerfile$/.test(path)) yield path;
  }
}

function check(rule: Rule, sources = code): void {
  assert.deepEqual(sources.flatMap(rule), []);
}

/** Proves that a rule can fail: how many faults it finds in made-up files. */
function assertFinds(rule: Rule, faults: Record<string, string[]>): void {
  for (const [path, texts] of Object.entries(faults)) {
    for (const text of texts) assert.equal(rule({ path, text }).length, 1, `${path}: ${text}`);
  }
}

/** Proves that a rule does not cry wolf. */
function assertAccepts(rule: Rule, sound: Record<string, string[]>): void {
  for (const [path, texts] of Object.entries(sound)) {
    for (const text of texts) assert.deepEqual(rule({ path, text }), [], `${path}: ${text}`);
  }
}

Deno.test("there are files to look at", () => {
  const paths = new Set(files.map(({ path }) => path));
  for (const path of ["main.ts", "src/base/clock.ts", "tests/tidy_test.ts", "docs/PROTOCOL.md"]) {
    assert.ok(paths.has(path), path);
  }
});

Deno.test("a room imports only from rooms below it", () => check(structure.importsRespectRooms));

Deno.test("a room is entered by its doors", () => check(structure.roomsAreEnteredByDoors));

Deno.test("the rule on doors can fail, and every door is one", () => {
  assertFinds(structure.roomsAreEnteredByDoors, {
    "src/client/client.ts": ['import { Endpoint } from "./endpoints/endpoint.ts";'],
    "src/cli/main.ts": ['const x = await import("./call/run.ts");'],
    "src/discovery/open.ts": ['import { Session } from "../zookeeper/session.ts";'],
  });
  assertAccepts(structure.roomsAreEnteredByDoors, {
    "src/client/client.ts": ['import { Endpoints } from "./endpoints/endpoints.ts";'],
    "src/client/endpoints/endpoints.ts": ['import { Endpoint } from "./endpoint.ts";'],
    "src/client/links/link.ts": ['import { Connection } from "../connection.ts";'],
    "src/wire/codec.ts": ['import { x } from "../base/values/json_fault.ts";'],
  });
  const paths = new Set(code.map(({ path }) => path));
  const named = Object.entries(structure.doors).flatMap(([folder, files]) =>
    files.map((file) => `src/${folder}/${file}`)
  );
  assert.deepEqual(named.filter((path) => !paths.has(path)), []);
});

Deno.test("no files import each other in a circle", () => {
  assert.deepEqual(structure.circlesOf(code), []);
});

Deno.test("the rule on circles can fail", () => {
  const file = (path: string, ...targets: string[]) => ({
    path,
    text: targets.map((target) => `import type { X } from "${target}";`).join("\n"),
  });
  const circle = [
    file("src/a/one.ts", "./two.ts"),
    file("src/a/two.ts", "../b/three.ts"),
    file("src/b/three.ts", "../a/one.ts", "./four.ts"),
    file("src/b/four.ts"),
    file("src/b/five.ts", "./five.ts"),
    file("src/b/six.ts", "./four.ts", "../a/one.ts"),
  ];
  assert.deepEqual(structure.circlesOf(circle), [
    ["src/a/one.ts", "src/a/two.ts", "src/b/three.ts"],
    ["src/b/five.ts"],
  ]);
});

Deno.test("no folder is a warehouse", () => assert.deepEqual(structure.crowdedFolders(code), []));

Deno.test("the rule on folders can fail", () => {
  const files = Array.from({ length: 17 }, (_, i) => ({ path: `src/a/b/f${i}.ts`, text: "" }));
  assert.deepEqual(structure.crowdedFolders(files.slice(1)), []);
  assert.equal(structure.crowdedFolders(files).length, 1);
});

Deno.test("files that the documents name exist", () => {
  const paths = new Set(files.map(({ path }) => path));
  const exists = (path: string) => paths.has(path);
  assert.deepEqual(files.flatMap((file) => rules.namesOfNoFile(file, exists)), []);
  const stale = { path: "docs/A.md", text: "see `src/base/gone.ts` and `src/base/clock.ts`" };
  assert.equal(rules.namesOfNoFile(stale, exists).length, 1);
});

Deno.test("links between the documents lead somewhere", () => {
  const exists = (path: string) => {
    try {
      return Deno.statSync(new URL(path, root)) !== undefined;
    } catch {
      return false;
    }
  };
  assert.deepEqual(brokenLinks(files, exists), []);
  const text = "# A `b`, c\n[a](#a-b-c) [b](#b) [c](gone.md) [d](README.md#gone) [e](tests)\n";
  assert.deepEqual(brokenLinks([{ path: "a.md", text }], exists), [
    "a.md links to #b, which is not there",
    "a.md links to gone.md, which is not there",
    "a.md links to README.md#gone, which is not there",
  ]);
});

Deno.test("the map of rooms and folders is that of the sources", () => {
  const map = files.find(({ path }) => path === "docs/ARCHITECTURE.md")?.text ?? "";
  assert.deepEqual(faultsOfMap(map, code), []);
  assert.deepEqual(faultsOfMap(map.replaceAll("| `wire`", "| `wires`"), code), ["no room wire"]);
  assert.deepEqual(faultsOfMap(map.replace("`keys/tls/`", "`keys/ssl/`"), code), [
    "no folder keys/tls",
    "keys/ssl is not there",
  ]);
  assert.deepEqual(faultsOfMap(map.replace("`retry.ts`", "`retries.ts`"), code), [
    "no file retries.ts",
  ]);
  const widened = map.replace(/(\| `server` .*) keys, /, "$1 ");
  assert.equal(faultsOfMap(widened, code).length, 1);
});

Deno.test("a door names what it lets out", () => check(rules.doorsNameWhatTheyExport));

Deno.test("a client in another language is one file", () => {
  check(rules.clientsStandAlone, files);
  assertFinds(rules.clientsStandAlone, {
    "clients/python/a.py": ["import requests", "from .helper import x", "    import numpy as np"],
    "clients/python/helpers/b.py": [""],
    "clients/readme.md": [""],
  });
});

Deno.test("no file is too long", () => check(rules.filesAreShort));

Deno.test("files are named in snake_case", () => check(rules.namesAreSnakeCase));

Deno.test("time, chance, printing and exiting are injected", () => check(rules.globalsAreInjected));

Deno.test("tests stand where what they test stands", () => check(rules.testsMirrorSource));

Deno.test("no file names a path of the machine it was written on", () => {
  check(rules.namesNoMachine, files);
});

Deno.test("no comment leaves something to do", () => check(rules.leavesNothingToDo));

Deno.test("a comment ends at column 100", () => check(rules.commentsAreNarrow));

Deno.test("the rule on comments' width can fail, and sees comments alone", () => {
  const line = (start: string, length: number) => start.padEnd(length, "x");
  assertFinds(rules.commentsAreNarrow, {
    "src/base/a.ts": ["// ", "  // ", " * ", "/** "].map((start) => line(start, 101)),
  });
  assertAccepts(rules.commentsAreNarrow, {
    "src/base/a.ts": [line("// ", 100), line("const a = ", 101)],
  });
});

Deno.test("deno.json names no package that the program does not import", () => {
  const config = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
  const imported = code.filter(({ path }) => path.startsWith("src/"))
    .flatMap(({ text }) => importsOf(text))
    .map(({ specifier = "" }) => specifier.replace(/^npm:(@?[^@]*)@.*/, "$1"));
  const names = Object.keys(config.imports).filter((name) => name !== "rpc");
  assert.ok(names.includes("zod"));
  const unused = names.filter((name) =>
    !imported.some((one) => one === name || one.startsWith(`${name}/`))
  );
  assert.deepEqual(unused, []);
});

Deno.test("every room of src is known, and has tests", () => {
  const present = new Set(code.map(({ path }) => /^src\/([^/]+)\//.exec(path)?.[1]));
  present.delete(undefined);
  assert.deepEqual([...present].sort(), Object.keys(structure.rooms).sort());
  const tested = (room: string) => code.some(({ path }) => path.startsWith(`tests/${room}/`));
  assert.deepEqual(Object.keys(structure.rooms).filter((room) => !tested(room)), []);
});

Deno.test("what is exported has a doc comment", async () => {
  const sources = code.map(({ path }) => path).filter((path) => path.startsWith("src/"));
  assert.deepEqual(await undocumented(sources), []);
});

Deno.test("the doc comment check can fail", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/bad.ts`;
    await Deno.writeTextFile(
      path,
      "export function bare(): void {}\n/** Said. */\nexport const a = 1;\n",
    );
    const problems = await undocumented([path]);
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? "", /bad\.ts:1/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

/**
 * Exports without a doc comment, as `deno doc --lint` finds them. Its other findings are not ours.
 */
async function undocumented(paths: readonly string[]): Promise<string[]> {
  const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...paths],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const findings = output.split(/^error\[/m).slice(1);
  assert.equal(code !== 0, findings.length > 0, output);
  return findings.flatMap((finding) => {
    const [, path = "", line] = /^missing-jsdoc[\s\S]*?--> (.*):(\d+):\d+/.exec(finding) ?? [];
    // The library lets out zod too, whose comments are not ours.
    if (line === undefined || !paths.some((asked) => path.endsWith(asked))) return [];
    // Members are the author's choice: some names say it all.
    const isExport = Deno.readTextFileSync(path).split("\n")[Number(line) - 1]?.startsWith(
      "export ",
    );
    return isExport ? [`${path}:${line}`] : [];
  });
}

Deno.test("what is exported is used outside of its file, and not by tests alone", () => {
  const marked = Object.values(usedByNoProgram).flat();
  assert.deepEqual(unusedExports(code, new Set(marked)), []);
  // What is marked is there, and the program does without it.
  const alone = new Set(unusedExports(code).map((problem) => problem.replace(" exports", "")));
  assert.deepEqual(
    marked.filter((name) => !alone.has(`${name}, which nobody else uses`)),
    [],
  );
});

Deno.test("the rule on exports can fail, and sees every form of export and import", () => {
  const names = ["a", "b", "c", "D", "E", "F"];
  const text = `export const a = 1;
    export async function b() {}
    export function* c() {}
    export interface D {}
    export type E = D;
    export abstract class F {}`.replaceAll(/^ +/gm, "");
  const found = (path: string, user: string) =>
    unusedExports([{ path: "src/base/a.ts", text }, { path, text: user }])
      .map((problem) => /exports (\w+)/.exec(problem)?.[1]);
  assert.deepEqual(found("src/wire/b.ts", ""), names);
  assert.deepEqual(
    found("tests/base/a_test.ts", `import { a } from "../../src/base/a.ts";`),
    names,
  );
  assert.deepEqual(found("src/wire/b.ts", "// a\nimport {} from '../base/a.ts'; f(\"a\");"), names);
  for (
    const user of [
      `import { a, type D } from "../base/a.ts";`,
      `export { a, type D } from "../base/a.ts";`,
      `import * as all from "../base/a.ts"; f<all.D>(all.a);`,
      `const { a, D } = await import("../base/a.ts");`,
    ]
  ) assert.deepEqual(found("src/wire/b.ts", user), ["b", "c", "E", "F"]);
});

Deno.test("the import rule can fail, in every form of import", () => {
  assertFinds(structure.importsRespectRooms, {
    "src/base/a.ts": ['import { x } from "../wire/codec.ts";'],
    "src/wire/a.ts": [
      'import "../zookeeper/client.ts";',
      'export { x } from "../server/server.ts";',
      'const x = await import("../client/client.ts");',
      'import type { X } from "../procedures/procedure.ts";',
      'import {\n  a,\n  b,\n} from "../discovery/local.ts";',
      'import x from "commander";',
      'import { x } from "../../tests/support/x.ts";',
      "const x = await import(path);",
    ],
    "src/client/a.ts": [
      'import { x } from "../server/server.ts";',
      'import { type X, y } from "../procedures/procedure.ts";',
    ],
    "src/server/a.ts": [
      'import { x } from "../client/client.ts";',
      'import { x } from "../discovery/discovery.ts";',
    ],
    "src/stray.ts": ['import { x } from "./base/clock.ts";'],
    "main.ts": ['import { x } from "./src/server/server.ts";'],
  });
  assertAccepts(structure.importsRespectRooms, {
    "src/client/a.ts": [
      'import { type X, type Y } from "../procedures/procedure.ts";',
      'import type { X } from "../procedures/procedure.ts";',
      'import * as z from "zod";',
      '// import { x } from "../server/server.ts";',
      '/**\n * import { x } from "../server/server.ts";\n */',
    ],
    "src/cli/a.ts": ['import { x } from "commander";', 'import { x } from "../server/server.ts";'],
    "src/procedures/load.ts": ["const x = await import(url);"],
    "main.ts": ['import { main } from "./src/cli/main.ts";'],
  });
});

Deno.test("the other rules can fail", () => {
  assertFinds(rules.doorsNameWhatTheyExport, {
    "src/mod.ts": ['export * from "./base/clock.ts";'],
  });
  assertFinds(rules.filesAreShort, { "src/base/a.ts": ["\n".repeat(401)] });
  assertAccepts(rules.filesAreShort, { "src/base/a.ts": ["\n".repeat(400)] });
  assertFinds(rules.namesAreSnakeCase, {
    "src/base/Clock.ts": [""],
    "src/base/deadline-wheel.ts": [""],
    "src/deadlineWheel/a.ts": [""],
  });
  assertFinds(rules.testsMirrorSource, { "tests/elsewhere/a_test.ts": [""] });
  // Written in two parts, so that this file does not name what it forbids.
  assertFinds(rules.namesNoMachine, {
    "a.md": [`see ${"/home"}/somebody/x`, `"C:${"\\Users"}\\you"`, `cd ${"/Users"}/you`],
  });
  assertAccepts(rules.namesNoMachine, {
    "a.md": ["https://x.org/home/page", "~/home/x", "/tmp/x", "/home/me/x"],
  });
  assertFinds(rules.leavesNothingToDo, { "src/base/a.ts": [`// ${"TO"}DO: more`] });
});

Deno.test("the rule on globals can fail, and sees neither comments nor strings", () => {
  assertFinds(rules.globalsAreInjected, {
    "src/client/a.ts": [
      "const t = Date.now();",
      "const t = new Date();",
      "const t = performance.now();",
      "const t = `${Math.random()}`;",
      "setTimeout(() => {}, 1);",
      'const x = "//"; setInterval(f, 1);',
      "console.log(1);",
      "Deno.exit(1);",
      "f(Deno.args);",
      'Deno.dlopen("libc.so.6", {});',
      'Deno.permissions.querySync({ name: "run" });',
    ],
    "src/cli/a.ts": ["Deno.exit(1);", "console.log(1);"],
    "src/base/clock.ts": ["Math.random();"],
  });
  assertAccepts(rules.globalsAreInjected, {
    "src/client/a.ts": [
      "// Date.now() would do",
      "/** console.assert(true) */",
      'throw new Error("Do not use setTimeout");',
      "const t = new Date(ms);",
    ],
    "src/base/clock.ts": ["Date.now();"],
    "src/base/random.ts": ["Math.random();"],
    "src/cli/a.ts": ["f(Date.now());"],
    "src/workers/child/worker_stdio.ts": ["console.log(1);"],
    "main.ts": ["Deno.exit(await main(Deno.args));"],
  });
});

Deno.test("comments and strings are told from code", () => {
  assert.equal(codeOf("a /* b */ c // d").trimEnd(), "a         c");
  assert.equal(codeOf('x = "// no"; y = /["\']/; z').replaceAll(/\s+/g, " "), "x = ; y = ; z");
  assert.deepEqual(importsOf('const s = "// x";\nimport { a } from "./a.ts";'), [
    { specifier: "./a.ts", isTypeOnly: false, isDynamic: false },
  ]);
});
