import assert from "node:assert/strict";
import { join } from "node:path";
import { connect } from "rpc";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { onWindows, signalTest } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

/**
 * A module as somebody pastes it: with the bare names that the README shows, outside of the
 * project.
 */
const pasted = `
import { defineProcedure, z } from "rpc";
import * as zod from "zod";

console.log("this goes to the log");

export const area = defineProcedure({
  input: z.object({ width: z.number(), height: zod.number() }),
  output: z.number(),
  idempotent: true,
  description: "The area of a rectangle",
}, ({ width, height }) => width * height);

export function add(a: number, b: number) {
  return a + b;
}
`;

async function write(home: RpcHome, name: string, text: string): Promise<string> {
  const path = join(home.workingDirectory, name);
  await Deno.writeTextFile(path, text);
  return path;
}

Deno.test("a pasted module is served beside the built-in procedures", async () => {
  await using home = await RpcHome.create();
  await write(home, "tasks.ts", pasted);
  const server = await home.serve(["127.0.0.1", "0", "tasks.ts"]);
  for (
    const [args, result] of [
      [["area", "3", "4"], "12"],
      [["area", "--params", `{"width": 3, "height": 4}`], "12"],
      [["add", "2", "3"], "5"],
      [["fib", "10"], "55"],
      [["ping"], `"pong"`],
    ] as const
  ) {
    const { stdout, stderr } = await home.run(["call", ...args]);
    assert.equal(stdout, `${result}\n`, stderr);
  }
  const wrong = await home.run(["call", "area", "x", "4"]);
  assert.match(wrong.stderr, /InvalidParams: Cannot call area: width must be a number \(got "x"\)/);
  const mistyped = await home.run(["call", "aera", "3", "4"]);
  assert.match(mistyped.stderr, /MethodNotFound: .*did you mean area\?/);
  await server.process.says(/this goes to the log/);
  assert.deepEqual(server.process.lines, [server.readyLine]);
});

Deno.test("without the built-in procedures only the module's are served", async () => {
  await using home = await RpcHome.create();
  await write(home, "other.js", "export const factor = 2;");
  const module = `import { factor } from "./other.js"; export const twice = (x) => factor * x;`;
  await write(home, "tasks.mjs", module);
  await home.serve(["127.0.0.1", "0", "tasks.mjs", "--no-builtin"]);
  assert.equal((await home.run(["call", "twice", "4"])).stdout, "8\n");
  for (const method of ["ping", "fib"]) {
    assert.match((await home.run(["call", method, "1"])).stderr, /MethodNotFound/);
  }
});

Deno.test("a module that cannot be served is an error before anything is registered", async () => {
  await using home = await RpcHome.create();
  await write(home, "throws.ts", "const x = 1;\nthrow new Error('no ' + x);\n");
  await write(home, "syntax.ts", "export function f() {}\nexport function ( {\n");
  await write(home, "nothing.ts", "export const x = 1;\n");
  const cases: [string[], RegExp][] = [
    [["throws.ts"], /^rpc: Cannot load throws\.ts: no 1 at file:.*throws\.ts:2:\d+\n$/],
    [["syntax.ts"], /^rpc: Cannot load syntax\.ts: .* at file:.*syntax\.ts:2:\d+\n$/],
    [["nothing.ts"], /^rpc: Cannot publish nothing\.ts: it exports no function\. .*\n$/],
    [["missing.ts"], /^rpc: Cannot serve missing\.ts: there is no such file in .*\n$/],
    [["--exec", "no-such-program-anywhere"], /^rpc: Cannot start a worker: .*\n$/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await home.run(["serve", "127.0.0.1", "0", ...args]);
    // A slow machine says so before.
    assert.match(stderr.replace(/^\S+ WRN Still loading .*\n/, ""), message);
    assert.deepEqual([code, stdout], [1, ""]);
  }
  const { stdout } = await home.run(["servers", "--json"]);
  assert.equal(stdout, "");
});

Deno.test("a module may change what all share as long as its worker can work, and is refused if not", async () => {
  await using home = await RpcHome.create();
  const echo = "export const echo = (value) => ({ value, all: [1, { a: 2 }] });\n";
  await write(
    home,
    "harmless.js",
    `Array.prototype.last = function () { return this[this.length - 1]; };
     Object.prototype.each = function () { return 1; };
     String.prototype.toJSON = function () { return String(this); };
     globalThis.performance = undefined;
     globalThis.Date = class { static now() { return 0; } };
     globalThis.setTimeout = globalThis.setInterval = () => 0;
     globalThis.console = { log() {}, error() { throw new Error("no console"); } };\n${echo}`,
  );
  await home.serve(["127.0.0.1", "0", "harmless.js"]);
  const { stdout, stderr } = await home.run(["call", "echo", '[{"b":"c"}]']);
  assert.equal(stdout, '{"value":[{"b":"c"}],"all":[1,{"a":2}]}\n', stderr);
  for (
    const [text, problem] of [
      ["Array.prototype.toJSON = () => '[]'", /it changes what JSON\.stringify writes/],
      ["JSON.stringify = () => '{}'", /it changes what JSON\.stringify writes/],
      ["JSON.parse = () => { throw 1; }", /it changes what JSON\.parse reads/],
      ["globalThis.Promise = class { then() {} }", /it replaces Promise by what calls nobody back/],
    ] as const
  ) {
    const path = await write(home, "harmful.js", `${text};\n${echo}`);
    const { code, stderr } = await home.run(["serve", "127.0.0.1", "0", path]);
    assert.equal(code, 1, text);
    assert.match(stderr, problem);
    assert.match(stderr, /Cannot load .*harmful\.js/);
  }
});

Deno.test("what cannot be served or watched is a usage error", async () => {
  await using home = await RpcHome.create();
  for (const flags of [["--watch"], ["--no-builtin"], ["--exec", "'x"], ["--exec", " "]]) {
    const { code, stdout } = await home.run(["serve", "127.0.0.1", "0", ...flags]);
    assert.deepEqual([code, stdout], [2, ""], flags.join(" "));
  }
});

signalTest("a watched module is reloaded on change, and no call is lost meanwhile", async () => {
  await using home = await RpcHome.create();
  const module = (version: number) =>
    `export async function version(): Promise<number> {
       await new Promise((resolve) => setTimeout(resolve, 20));
       return ${version};
     }`;
  const path = await write(home, "tasks.ts", module(1));
  const server = await home.serve(["127.0.0.1", "0", "tasks.ts", "--watch"]);
  await server.process.says(/Watching for changes/);
  await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
  let isOver = false;
  const seen = new Set<unknown>();
  const callers = Array.from({ length: 4 }, async () => {
    while (!isOver) seen.add(await client.call("version"));
  });
  await waitFor("the first version", () => seen.has(1));
  await Deno.writeTextFile(path, module(2));
  await waitFor("the second version", () => seen.has(2));
  await Deno.writeTextFile(path, "this is no module");
  await server.process.says(
    /Not reloaded, still serving the version before: Cannot load tasks\.ts: /,
  );
  assert.equal(await client.call("version"), 2);
  await Deno.writeTextFile(path, module(3) + "\nexport function added() { return true; }");
  await waitFor("the third version", () => seen.has(3));
  assert.equal(await client.call("added"), true);
  isOver = true;
  await Promise.all(callers);
  assert.equal(await server.stop(), 0);
});

Deno.test({
  ...skippedIf(
    onWindows,
    "a server that is killed while its module loads leaves no temporary file behind",
  ),
}, async () => {
  await using home = await RpcHome.create();
  const temporary = `${home.directory}/tmp`;
  await Deno.mkdir(temporary);
  const path = `${home.directory}/slow.ts`;
  const begun = `${home.directory}/begun`;
  await Deno.writeTextFile(
    path,
    `Deno.writeTextFileSync(${JSON.stringify(begun)}, "");
     await new Promise((resolve) => setTimeout(resolve, 600_000));
     export const late = () => 1;`,
  );
  const env = { TMPDIR: temporary };
  const server = home.start(["serve", "127.0.0.1", "0", path, "--workers", "1"], { env });
  await waitFor("the load to begin", () => Deno.stat(begun).then(() => true, () => false));
  await server.kill();
  assert.deepEqual([...Deno.readDirSync(temporary)].map(({ name }) => name), []);
});

Deno.test("a procedure that breaks what its worker finds procedures by fails no later call", async () => {
  await using home = await RpcHome.create();
  await write(
    home,
    "tasks.ts",
    `
import { defineProcedure, z } from "rpc";
const forget = () => { Map.prototype.get = () => undefined; return 0; };
const none = { input: z.tuple([]), output: z.number() };
export const forgetSoon = () => void setTimeout(forget, 1);
export const forgetIo = defineProcedure({ ...none, kind: "io" }, forget);
export const one = () => 1;
export const oneIo = defineProcedure({ ...none, kind: "io" }, () => 1);
`,
  );
  await home.serve(["127.0.0.1", "0", "tasks.ts", "--workers", "1"]);
  await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
  for (const [forget, one] of [["forgetSoon", "one"], ["forgetIo", "oneIo"]] as const) {
    await client.call(forget).catch(() => {});
    // It may not run twice, and has not begun where its worker could not find it.
    for (let i = 0; i < 3; i++) assert.equal(await client.call(one), 1, forget);
  }
});

Deno.test("a procedure that breaks what its worker reads by fails no later call", async () => {
  await using home = await RpcHome.create();
  await write(
    home,
    "tasks.ts",
    `
export const misread = () => { JSON.parse = () => ({}) as never; };
export const refuse = () => { JSON.parse = () => { throw new Error("no"); }; };
export const mute = () => { JSON.stringify = () => "" as never; };
export const add = (a: number, b: number) => a + b;
export const length = (text: string) => text.length;
`,
  );
  await home.serve(["127.0.0.1", "0", "tasks.ts", "--workers", "1"]);
  await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
  for (const method of ["misread", "refuse", "mute"]) {
    await client.call(method).catch(() => {});
    // It may not run twice, and has not begun where its worker could not read it.
    assert.equal(await client.call("add", [2, 3]), 5, method);
    await client.call(method).catch(() => {});
    assert.equal(await client.call("length", ["x".repeat(2_000)]), 2_000, method);
  }
});
