import assert from "node:assert/strict";
import { join } from "node:path";
import { loadProblem } from "../../../src/procedures/problems/load_problem.ts";

/** How a binary says that a file cannot be parsed. */
const inside = (path: string, offset: number, kind: string, text: string) =>
  `JsErrorBox { inner: ParseDiagnostic(ParseDiagnosticInner { specifier: Url { scheme: "file", ` +
  `cannot_be_a_base: false, username: "", password: None, host: None, port: None, path: "${path}", ` +
  `query: None, fragment: None }, range: SourceRange { start: SourcePos(${offset}), end: ` +
  `SourcePos(${offset + 1}) }, kind: ${kind}, source: SourceTextInfo { start_pos: ` +
  `StartSourcePos(0), text: ${JSON.stringify(text)} } }) }`;

Deno.test("a binary's syntax errors have a file, a line, a column and words", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = join(directory, "tasks.ts");
    const url = `file://${path}`;
    const text = "// 名字 kind: X, source: SourceTextInfo\nexport function ( {\n";
    await Deno.writeTextFile(path, text);
    const offset = new TextEncoder().encode(text).indexOf("(".charCodeAt(0));
    const cases = [
      ["ExpectedIdent", "Expected a name"],
      ["TS1109", "Expected an expression"],
      ["UnterminatedStrLit", "A text in quotes does not end"],
      ['Unexpected { got: "(", expected: "{" }', "Expected {, got ("],
      ["SomeOtherKind", "Some other kind"],
    ];
    for (const [kind = "", words] of cases) {
      const problem = loadProblem(new Error(inside(path, offset, kind, text)), url, true);
      assert.equal(problem, `${words} at ${url}:2:17`);
    }
    const gone = loadProblem(new Error(inside("/no/such.ts", 3, "Eof", "")), url, true);
    assert.equal(gone, "The file ends too early at file:///no/such.ts");
    assert.equal(loadProblem(new Error("JsErrorBox { new }"), url, true), "It cannot be read");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("the place in a module is told, whichever parts of its path a stack has unescaped", () => {
  const url = "file:///a%20b/%C3%A9/c%20d.ts";
  for (const path of [url, "file:///a%20b/%C3%A9/c d.ts", "file:///a b/é/c d.ts"]) {
    const thrown = Object.assign(new Error("no luck"), { stack: `Error\n    at ${path}:1:18` });
    assert.equal(loadProblem(thrown, url, false), `no luck at ${path}:1:18`);
  }
  const other = Object.assign(new Error("no luck"), {
    stack: "Error\n    at file:///100%.ts:1:18",
  });
  assert.equal(loadProblem(other, url, false), "no luck");
});

Deno.test("an import that a binary does not hold is told with what to do", () => {
  const cases = [
    ["Could not find constraint 'left-pad@1.3.0' in the list of packages.", "npm:left-pad@1.3.0"],
    ["Module not found: https://esm.sh/left-pad@1.3.0", "https://esm.sh/left-pad@1.3.0"],
    ["Module not found: jsr:@std/path@1", "jsr:@std/path@1"],
    ['Import "lodash" not a dependency and not in import map from "file:///a.ts"', '"lodash"'],
  ];
  for (const [message, name] of cases) {
    const problem = loadProblem(new TypeError(message), "file:///a.ts", true);
    assert.ok(problem.startsWith(`it imports ${name}: `), problem);
    assert.match(problem, /a binary holds no other packages .* Bundle the module/);
  }
  const source = loadProblem(new TypeError(cases[3]?.[0]), "file:///a.ts", false);
  assert.match(source, /it imports "lodash": .* write npm:lodash@<version>$/);
});

Deno.test("of a CommonJS module it is told how one is named", () => {
  const hint = ": a CommonJS module's name ends in .cjs; others have import and export";
  for (const name of ["module", "exports", "require"]) {
    const message = `${name} is not defined`;
    assert.equal(loadProblem(new ReferenceError(message), "file:///a.js", false), message + hint);
  }
  const other = loadProblem(new ReferenceError("modules is not defined"), "file:///a.js", false);
  assert.equal(other, "modules is not defined");
});

Deno.test("whatever a module throws has a problem", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const odd = Object.defineProperty(new Error("x"), "stack", {
    get() {
      throw new Error("no stack");
    },
  });
  for (const thrown of [proxy, odd, null, undefined, Symbol("x"), { toString: null }]) {
    assert.notEqual(loadProblem(thrown, "file:///tasks.ts", false), "");
  }
});
