import assert from "node:assert/strict";
import { join } from "node:path";
import { LazyCallContext } from "../../src/procedures/call_context.ts";
import { invoke } from "../../src/procedures/invoke.ts";
import { loadModule } from "../../src/procedures/load.ts";
import { toOpenRpc } from "../../src/procedures/documents/describe.ts";

const procedureUrl = new URL("../../src/procedures/procedure.ts", import.meta.url).href;

/** Runs `test` with the path of a module that has this text. */
async function withModule(text: string, test: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const path = join(directory, "module under test.ts");
    await Deno.writeTextFile(path, text);
    await test(path);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function rejection(text: string): Promise<string> {
  let message = "";
  await withModule(text, async (path) => {
    await assert.rejects(loadModule(path), (error) => {
      assert.ok(error instanceof Error);
      message = error.message;
      return true;
    });
  });
  return message;
}

Deno.test("loadModule() publishes plain functions, with any JSON in and out", async () => {
  await withModule(
    `export function add(a: number, b: number): number { return a + b; }
     export const count = async (...items: unknown[]) => items.length;
     export const version = 3;
     export class Helper {}
     function hidden() {}`,
    async (path) => {
      const procedures = await loadModule(path);
      assert.deepEqual(Object.keys(procedures).toSorted(), ["add", "count"]);
      const { add, count } = procedures;
      assert.ok(add !== undefined && count !== undefined);
      assert.deepEqual([add.kind, add.idempotent], ["cpu", false]);
      assert.deepEqual(add.names, ["a", "b"]);
      const context = new LazyCallContext();
      assert.equal(invoke("add", add, [2, 3], context), 5);
      assert.equal(invoke("add", add, { b: 3, a: "x" }, context), "x3");
      const refused = async () => await invoke("add", add, [2], context);
      await assert.rejects(refused, {
        name: "InvalidParams",
        message: "Cannot call add: b is missing",
      });
      assert.equal(await invoke("count", count, [{}, null, []], context), 3);
    },
  );
});

Deno.test("loadModule() publishes procedures as they were defined", async () => {
  await withModule(
    `import { defineProcedure } from ${JSON.stringify(procedureUrl)};
     import * as z from ${JSON.stringify(import.meta.resolve("zod"))};
     export const double = defineProcedure(
       { input: z.tuple([z.number()]), names: ["x"], output: z.number(), kind: "io", idempotent: true },
       ([x]) => 2 * x,
     );
     export const quick = defineProcedure(
       { input: z.tuple([]), output: z.null(), kind: "inline" },
       () => null,
     );`,
    async (path) => {
      const { double, quick } = await loadModule(path);
      assert.equal(quick?.kind, "cpu", "no module runs in the process that owns the sockets");
      assert.ok(double !== undefined);
      assert.deepEqual([double.kind, double.idempotent, double.names], ["io", true, ["x"]]);
      assert.equal(invoke("double", double, [4], new LazyCallContext()), 8);
    },
  );
});

Deno.test("loadModule() says where a module is wrong", async () => {
  const syntax = await rejection("export const one = 1;\nexport function ( {}\n");
  assert.match(
    syntax,
    /^Cannot load .*module under test\.ts: .* at file:.*module%20under%20test\.ts:2:\d+$/,
  );
  const thrown = await rejection("const one = 1;\n\nthrow new Error('no ' + one);\n");
  assert.match(thrown, /^Cannot load .*: no 1 at file:\/\/.*module under test\.ts:3:7$/);
  const missing = join("no", "such", "module.ts");
  await assert.rejects(
    loadModule(missing),
    /^Error: Cannot load .*module\.ts: there is no such file$/,
  );
});

Deno.test("loadModule() refuses a module in which nothing can be called", async () => {
  assert.match(
    await rejection("export const one = 1;"),
    /^Cannot publish .*: it exports no function/,
  );
});

Deno.test("loadModule() refuses names that nobody could call (P-12)", async () => {
  const reserved = await rejection('function f() {}\nexport { f as "rpc.stats" };');
  assert.match(reserved, /^Cannot publish "rpc\.stats" of .*belong to the protocol/);
  const long = await rejection(`function f() {}\nexport { f as "${"x".repeat(257)}" };`);
  assert.match(long, /^Cannot publish "xxx.*: a name has at most 256 characters\./);
});

/** What is published of a module with this text: each name with its parameters. */
async function published(text: string): Promise<Record<string, string>> {
  let found = {};
  await withModule(text, async (path) => {
    const procedures = Object.entries(await loadModule(path));
    found = Object.fromEntries(procedures.map(([name, { names }]) => [name, names.join()]));
  });
  return found;
}

Deno.test("loadModule() publishes a default function under its own name, and no function twice", async () => {
  const add = "function add(a: number, b: number) { return a + b; }";
  const cases: [string, Record<string, string>][] = [
    [`export default ${add}`, { add: "a,b" }],
    ["const neg = (a: number) => -a; export default neg;", { neg: "a" }],
    [`export ${add}; export default add;`, { add: "a,b" }],
    [`${add} export { add as plus }; export default add;`, { plus: "a,b" }],
    [`${add} export { add as plus }; export default function* to(n: number) { yield n; }`, {
      plus: "a,b",
      to: "n",
    }],
    [`export ${add}; export default class { add() {} }`, { add: "a,b" }],
  ];
  for (const [text, names] of cases) assert.deepEqual(await published(text), names, text);
  for (const unnamed of ["() => 1", "function () {}", "async (n: number) => await n"]) {
    assert.match(
      await rejection(`export default ${unnamed};`),
      /^Cannot publish .*: its default export has no name to call it by\. Write `export default/,
    );
  }
  assert.match(
    await rejection(`export ${add}; const two = { add() {} }; export default two.add;`),
    /: its default export and another one are named "add"\. Rename one of them$/,
  );
});

Deno.test("loadModule() publishes the functions in a default object, if there are no others", async () => {
  const text = `export default {
    base: 2, add: (a: number, b = 0) => a + b, Helper: class {},
    scale(x: number) { return x * this.base; },
    async area({ width, height }: Record<string, number>) { return width * height * this.base; },
  };`;
  assert.deepEqual(await published(text), { add: "a,b", scale: "x", area: "width,height" });
  await withModule(text, async (path) => {
    const { add, scale, area } = await loadModule(path);
    assert.ok(add !== undefined && scale !== undefined && area !== undefined);
    const context = new LazyCallContext();
    assert.equal(await invoke("add", add, [1], context), 1);
    assert.equal(await invoke("scale", scale, [4], context), 8);
    // By name they are taken by the schemas.
    assert.equal(await invoke("scale", scale, { x: 4 }, context), 8);
    assert.equal(await invoke("area", area, { width: 2, height: 3 }, context), 12);
  });
  assert.deepEqual(await published(`export const own = () => 1; ${text}`), { own: "" });
  assert.match(
    await rejection("export default new (class { f() {} })();"),
    /^Cannot publish .*: it exports no function/,
  );
});

Deno.test("loadModule() refuses a module that import() would wait for", async () => {
  const text = "export function then() {}\nexport function add() {}\n";
  assert.match(
    await rejection(text),
    /^Cannot load .*: it exports a function "then".* another name$/,
  );
});

Deno.test("loadModule() knows names of any script, and tells of defaults", async () => {
  await withModule(
    "export function 你好(名字: string, times = 2) { return 名字.repeat(times); }",
    async (path) => {
      const procedures = await loadModule(path);
      const [method] = toOpenRpc(procedures, { title: "t", version: "1" }).methods;
      assert.deepEqual(method?.params, [
        { name: "名字", required: true, schema: {} },
        { name: "times", required: false, schema: { default: 2 } },
      ]);
      const procedure = procedures["你好"];
      assert.ok(procedure !== undefined);
      assert.equal(invoke("你好", procedure, { 名字: "ab" }, new LazyCallContext()), "abab");
    },
  );
});

Deno.test("loadModule() lets a caller leave out what types or comments mark as optional", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const other = `export function far(near: number, away?: { a: number; b?: string }) {
      return [near, away];
    }`;
    await Deno.writeTextFile(join(directory, "other.ts"), other);
    const path = join(directory, "main.ts");
    const text = `export { far } from "./other.ts";
      export function greet(name: string, title?: string, times?: number) {
        return [name, title ?? null, times ?? null];
      }
      export const scaled = async (all: Map<string, number>, by /* how */ ? : number) => [all, by];
      export function over(a: string): string;
      export function over(a: number, b?: number): number;
      export function over(a: unknown, b?: unknown): unknown { return [a, b]; }
      export function each(list: number[], mapped: (x: number, list?: number[]) => number) {}
      /**
       * @param {string} name
       * @param {number} [size] in bytes
       * @param {string=} unit
       */
      export function documented(name, size, unit) {}
      const made = (run: (a: number, b: number) => unknown) => (a: number, b: number) => run(a, b);
      export const wrapped = made((a, b?) => [a, b]);`;
    await Deno.writeTextFile(path, text);
    const procedures = await loadModule(path);
    const methods = toOpenRpc(procedures, { title: "t", version: "1" }).methods;
    const required = methods.map(({ name, params }) => {
      const names = params.map((param) => param.required ? param.name : `${param.name}?`);
      return `${name}(${names.join(", ")})`;
    });
    assert.deepEqual(required.toSorted(), [
      "documented(name, size?, unit?)",
      "each(list, mapped)",
      "far(near, away?)",
      "greet(name, title?, times?)",
      "over(a, b?)",
      "scaled(all, by?)",
      "wrapped(a, b)",
    ]);
    const { greet } = procedures;
    assert.ok(greet !== undefined);
    const context = new LazyCallContext();
    assert.deepEqual(await invoke("greet", greet, ["Ada"], context), ["Ada", null, null]);
    assert.deepEqual(await invoke("greet", greet, { name: "Ada", times: 2 }, context), [
      "Ada",
      null,
      2,
    ]);
    const refused = async () => await invoke("greet", greet, [], context);
    await assert.rejects(refused, { message: "Cannot call greet: name is missing" });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("loadModule() describes a plain function by its JSDoc", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      join(directory, "other.js"),
      "/** The time. */\nexport default async function now() {}\n",
    );
    const path = join(directory, "main.ts");
    await Deno.writeTextFile(
      path,
      `/** Functions for shops. */
import now from "./other.js";
export { now };
/**
 * The sum of two numbers, of which
 * the second is {@link one}.
 *
 * - never more
 * - never less
 *
 * @param a - a number
 * @param {number} [b=1] another
 *   one
 * @returns their sum
 */
export function add(a: number, b?: number) { return a + (b ?? 1); }
/** Takes a text. */
export function over(a: string): string;
/** Takes a number. */
export function over(a: number): number;
export function over(a: unknown): unknown { return a; }
/** What it does. @param is no tag within a line. */
export const arrow = (a: number) => a;
/** @returns nothing */
export function tagged() {}
/**
 * @param size
 * @param size.width how wide
 */
export function area({ width, height = 2 }: { width: number, height?: number }) {}
/* No JSDoc. */
export function plain() {}
`,
    );
    const procedures = Object.entries(await loadModule(path));
    assert.deepEqual(Object.fromEntries(procedures.map(([name, one]) => [name, one.description])), {
      area: "",
      add: "The sum of two numbers, of which the second is one.\n\n- never more\n- never less",
      arrow: "What it does. @param is no tag within a line.",
      now: "The time.",
      over: "Takes a text.",
      plain: "",
      tagged: "",
    });
    const { methods } = toOpenRpc(Object.fromEntries(procedures), { title: "t", version: "1" });
    const about = (name: string) =>
      methods.find((one) => one.name === name)?.params.map(({ schema }) => schema);
    assert.deepEqual(about("add"), [{ description: "a number" }, { description: "another one" }]);
    assert.deepEqual(about("area"), [{ description: "how wide" }, { default: 2 }]);
    assert.deepEqual(about("arrow"), [{}]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("loadModule() describes the functions of an object by their JSDoc", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = join(directory, "main.ts");
    await Deno.writeTextFile(
      path,
      `export default {
  /** The sum. */
  add(a: number, b?: number) { return a + (b ?? 0); },
  /** The items. */
  async *items(n: number) { yield n; },
  /** Half of it. */
  half: (a: number) => a / 2,
  bare(a: number) { return a; },
};
`,
    );
    const { methods } = toOpenRpc(await loadModule(path), { title: "t", version: "1" });
    const told = methods.map(({ name, summary, params }) =>
      `${name}(${params.map((one) => one.required ? one.name : `${one.name}?`)}) ${summary}`
    );
    assert.deepEqual(told.toSorted(), [
      "add(a,b?) The sum.",
      "bare(a) undefined",
      "half(a) Half of it.",
      "items(n) The items.",
    ]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
