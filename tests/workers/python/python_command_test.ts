import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect, type RpcClient, type RunningServer, serve } from "rpc";
import { pythonCommand } from "../../../src/workers/python/python_command.ts";
import { MemoryLog } from "./memory_log.ts";
import { noServedPython, oldestAndNewestPython } from "../../support/python.ts";
import { skippedIf } from "../../support/skipped_if.ts";

const beginner = fileURLToPath(new URL("fixtures/beginner.py", import.meta.url));
const isWindows = Deno.build.os === "windows";

/** What a test works with. */
interface Served {
  readonly client: RpcClient;
  readonly server: RunningServer;
  readonly log: MemoryLog;
  readonly directory: string;
}

async function withBeginner(python: string, test: (served: Served) => Promise<void>) {
  const directory = await Deno.makeTempDir();
  try {
    const registry = `local:${directory}/registry`;
    const log = new MemoryLog();
    await using server = await serve({
      ...{ module: beginner, python: [python], registry, workers: 1, log },
    });
    await using client = await connect({ registry, timeoutMs: 120_000 });
    await test({ client, server, log, directory });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** One test for each Python, or one that says that there is none. */
function onEachPython(name: string, test: (served: Served) => Promise<void>): void {
  for (const python of oldestAndNewestPython) {
    Deno.test(`${name} (${python.split("/").slice(-3).join("/")})`, () =>
      withBeginner(python, test));
  }
  if (noServedPython === undefined) return;
  Deno.test({ ...skippedIf(noServedPython, name), fn() {} });
}

onEachPython("a beginner's functions answer", async ({ client }) => {
  const point = { x: 3, y: 4 };
  const cases: [method: string, params: unknown[] | Record<string, unknown>, result: unknown][] = [
    ["add", [3], 5],
    ["add", { b: 4, a: 1 }, 5],
    ["hello", ["世界"], "Hello 世界"],
    ["mirror", [point], { x: 4, y: 3 }],
    ["mirror", [{ x: 1 }], { x: 0, y: 1 }],
    ["distances", [[point]], { "3.0,4.0": 5 }],
    ["distances", [[point], 2], { "3.0,4.0": 10 }],
    ["paint", ["red"], ["red", null]],
    ["paint", ["blue", "2026-01-02T03:04:05Z"], ["blue", "2026-01-02T03:04:05+00:00"]],
    ["everything", [1, 2, 3], [1, [2, 3], "k", {}]],
    ["everything", { first: 1, key: "l", more: true }, [1, [], "l", { more: true }]],
    // As its parameters are described.
    ["everything", { first: 1, "*rest": [2, 3], "**more": { a: true, rest: false } }, [
      ...[1, [2, 3], "k", { a: true, rest: false }],
    ]],
    ["count", [3], [0, 1, 2]],
    ["ticks", [2], [0, 1]],
    ["nap", [0], "woke"],
    ["own_loop", [], "inner"],
    ["in_thread", [], "from a thread"],
    ["child", [], "read"],
    ["math.slow", [0.01], 0.01],
    ["who", [], ["beginner", true, 1]],
  ];
  for (const [method, params, result] of cases) {
    assert.deepEqual(await client.call(method, params), result, method);
  }
});

onEachPython("arguments that do not fit are told of before a function runs", async ({ client }) => {
  const cases: [method: string, params: unknown[] | Record<string, unknown>, path: unknown[]][] = [
    ["add", [], [0]],
    ["add", {}, ["a"]],
    ["add", ["3"], [0]],
    ["add", [true], [0]],
    ["add", [1.5], [0]],
    ["add", [1, 2, 3], [2]],
    ["add", { a: 1, c: 2 }, ["c"]],
    ["mirror", [{ y: 1 }], [0, "x"]],
    ["mirror", [{ x: 1, z: 1 }], [0, "z"]],
    ["distances", [[{ x: "1" }]], [0, 0, "x"]],
    ["paint", ["green"], [0]],
    ["paint", ["red", "today"], [1]],
    ["nap", [null], [0]],
    ["everything", [1, "2"], [1]],
    ["everything", { first: 1, "*rest": [2, "3"] }, ["*rest", 1]],
    ["everything", { first: 1, "*rest": 2 }, ["*rest"]],
    ["everything", { first: 1, "**more": { a: 1 } }, ["**more", "a"]],
    ["everything", { first: 1, "**more": { key: true } }, ["**more", "key"]],
    ["everything", { first: 1, a: true, "**more": { a: true } }, ["**more", "a"]],
  ];
  for (const [method, params, path] of cases) {
    await assert.rejects(client.call(method, params), (error: Error) => {
      const { name, executed, issues } = error as Error & {
        executed?: unknown;
        issues?: { path: unknown }[];
      };
      const said = { name, executed, path: issues?.[0]?.path };
      assert.deepEqual(said, { name: "InvalidParams", executed: "no", path }, error.message);
      return true;
    });
  }
  const refused = { name: "InvalidParams", executed: "yes", message: "No such account" };
  await assert.rejects(client.call("refuse", [1]), refused);
});

onEachPython(
  "what fails says its type, and no worker dies of it",
  async ({ client, server, log }) => {
    const cases: [method: string, params: unknown[], message: RegExp][] = [
      ["fail", ["key"], /^fail failed: KeyError: 'key'$/],
      ["leave", [], /^leave failed: SystemExit: bye$/],
      ["ask", [], /^ask failed: EOFError/],
      ["odd", ["nan"], /result\.a\[1\] is nan/],
      ["odd", ["bytes"], /result\.file is a bytes.*base64\.b64encode/],
      ["odd", ["set"], /result is a set.*sorted\(value\)/],
      ["odd", ["key"], /has the key 1, and keys must be strings/],
      ["odd", ["object"], /result is an object/],
      ["odd", ["long"], /bytes, and a message at most 4194304 \(rpc serve --message-max\)/],
      ["odd", ["deep"], /nested deeper than 62 levels/],
      ["odd", ["half"], /half a character/],
    ];
    for (const [method, params, message] of cases) {
      await assert.rejects(client.call(method, params), { name: "InternalError", message });
    }
    assert.equal(server.stats().workers.restarts, 0);
    // There a worker's stderr is the server's own.
    if (isWindows) return;
    const printed = log.text;
    assert.match(printed, /raise KeyError\(x\)/);
    assert.doesNotMatch(printed, /rpc_worker\.py/);
  },
);

onEachPython("what is printed goes to the log, also by child programs", async ({ client, log }) => {
  if (isWindows) return;
  await client.call("hello", ["you"]);
  await client.call("child");
  await log.says(/greeting you/);
  await log.says(/printed by a child/);
});

onEachPython("child programs and forks are left as Python has them", async ({ client, server }) => {
  if (isWindows) return;
  assert.equal(await client.call("terminates_child"), -15);
  assert.equal(await client.call("forks"), 0);
  assert.equal(await client.call("add", [1]), 3);
  assert.equal(server.stats().workers.restarts, 0);
});

onEachPython("streams come as they are read, and clean up when given up", async (served) => {
  const { client, directory } = served;
  for (const method of ["count", "ticks"]) {
    for (const n of [0, 1, 500]) {
      const items = await Array.fromAsync(client.stream(method, [n]));
      assert.deepEqual(items, Array.from({ length: n }, (_, i) => i), `${method} ${n}`);
    }
  }
  const path = join(directory, "cleaned");
  for await (const item of client.stream("forever", [path])) if (item === 5) break;
  // The next call runs in the same process, after it.
  assert.equal(await client.call("add", [1]), 3);
  assert.equal(await Deno.readTextFile(path), "cleaned up");
  // Long items, so that they are soon more than an array may hold.
  const long = "x".repeat(10_000);
  await assert.rejects(client.call("forever", [path, long]), { name: "InternalError" });
});

onEachPython("runaway and dying calls cost nobody else", async ({ client, server }) => {
  const late = { name: "DeadlineExceeded" };
  // On a busy machine its time may be over before it begins.
  for (let timeoutMs = 200; server.stats().workers.restarts === 0; timeoutMs *= 2) {
    await assert.rejects(client.call("spin", [], { timeoutMs }), late);
    assert.equal(await client.call("add", [1]), 3);
  }
  await assert.rejects(client.call("die"), { name: "WorkerLost" });
  assert.equal(await client.call("add", [1]), 3);
  assert.equal(server.stats().workers.restarts, 2);
  await assert.rejects(client.call("nap", [60], { timeoutMs: 200 }), late);
  assert.equal(await client.call("nap", [0]), "woke");
  // A loop that does not turn is found out by its silence.
  await assert.rejects(client.call("block_the_loop", [], { timeoutMs: 200 }), late);
  assert.equal(await client.call("nap", [0], { timeoutMs: 120_000 }), "woke");
});

onEachPython("what a function is shows in its description", async ({ client }) => {
  const document = await client.call("rpc.discover") as {
    methods: { name: string; [member: string]: unknown }[];
  };
  const methods = new Map(document.methods.map((method) => [method.name, method]));
  for (const hidden of ["_private", "sqrt", "procedure", "Point", "Color", "dataclass"]) {
    assert.ok(!methods.has(hidden), hidden);
  }
  assert.deepEqual(methods.get("add")?.["params"], [
    { name: "a", required: true, schema: { type: "integer" } },
    { name: "b", required: false, schema: { type: "integer", default: 2 } },
  ]);
  assert.equal(methods.get("add")?.["summary"], "Adds two numbers.");
  const kinds = ["add", "nap", "count", "ticks", "math.slow"].map((name) => {
    const method = methods.get(name);
    return [name, method?.["x-kind"], method?.["x-stream"], method?.["x-idempotent"]];
  });
  assert.deepEqual(kinds, [
    ["add", "cpu", false, false],
    ["nap", "io", false, false],
    ["count", "cpu", true, false],
    ["ticks", "io", true, false],
    ["math.slow", "io", false, true],
  ]);
});

Deno.test("the adapter fits into one variable of Windows, which has 32,767 signs with its name", () => {
  const { args, env = {} } = pythonCommand("tasks.py", ["py", "-3"]);
  for (const [name, value] of Object.entries(env)) {
    const length = `${name}=${value}\0`.length;
    assert.ok(length <= 32_767, `${length}: leave out of src/workers/python what nobody needs`);
  }
  // Nor does it stand on the command line, which ps shows.
  assert.ok(args.join(" ").length <= 1_000);
});
