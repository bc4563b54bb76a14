import assert from "node:assert/strict";
import { join } from "node:path";
import { connect } from "rpc";
import { noServedPython, oldestAndNewestPython } from "../support/python.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { skippedIf } from "../support/skipped_if.ts";

const [python = ""] = oldestAndNewestPython;
const isWindows = Deno.build.os === "windows";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ ...skippedIf(noServedPython, name), fn });
}

const version = (n: number) => `from helper import plus\ndef version():\n    return plus(${n})\n`;

test("a Python file and what it imports are reloaded under load without a lost call", async () => {
  await using home = await RpcHome.create();
  const at = (name: string) => join(home.workingDirectory, name);
  await Deno.writeTextFile(at("helper.py"), "def plus(n):\n    return n\n");
  await Deno.writeTextFile(at("tasks.py"), version(1));
  const server = await home.serve(["127.0.0.1", "0", "tasks.py", "--watch", "--python", python]);
  await server.process.says(/Watching for changes/);
  await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
  const seen = new Set<unknown>();
  let isOver = false;
  const callers = Promise.all([1, 2].map(async () => {
    while (!isOver) seen.add(await client.call("version"));
  }));
  const sees = (n: number) => Promise.race([callers, waitFor(`version ${n}`, () => seen.has(n))]);
  try {
    await sees(1);
    await Deno.writeTextFile(at("tasks.py"), version(2));
    await sees(2);
    await Deno.writeTextFile(at("helper.py"), "def plus(n):\n    return n + 10\n");
    await sees(12);
    await Deno.writeTextFile(at("tasks.py"), "def version(:\n");
    await server.process.says(/SyntaxError/);
    await Deno.writeTextFile(at("tasks.py"), version(3));
    await sees(13);
  } finally {
    isOver = true;
  }
  await callers;
});

test("the faults of a Python file are shown as Python shows them", async () => {
  await using home = await RpcHome.create();
  const cases: [text: string, stderr: RegExp][] = [
    [
      "def add(a, b)\n    return a + b\n",
      /Cannot serve tasks\.py:\n {4}File ".*tasks\.py", line 1\n {6}def add\(a, b\).*\n.*\^.*\n {2}SyntaxError: /,
    ],
    [
      "import nowhere\n",
      /Cannot serve tasks\.py:\n {2}Traceback .*\n {4}File ".*tasks\.py", line 1, in <module>\n[^]*ModuleNotFoundError: .*nowhere/,
    ],
    ["_hidden = 1\n", /Cannot serve tasks\.py: it defines no function to serve/],
    ["raise SystemExit(3)\n", /SystemExit: 3/],
    ["raise Exception('a\\nrpc: ready')\n", /^ {2}Exception: a\n {2}rpc: ready$/m],
    [
      "from rpc import procedure\n@procedure(name='rpc.x')\ndef x(): pass\n",
      /belong to the protocol/,
    ],
  ];
  for (const [text, stderr] of cases) {
    await Deno.writeTextFile(join(home.workingDirectory, "tasks.py"), text);
    const run = await home.run(["serve", "127.0.0.1", "0", "tasks.py", "--python", python]);
    assert.match(run.stderr, stderr);
    assert.doesNotMatch(run.stderr, /rpc_worker|importlib/);
    assert.deepEqual([run.code, run.stdout], [1, ""]);
  }
});

test("the interpreter of .venv beside a Python file is used, and --python goes before it", async () => {
  if (isWindows) return;
  await using home = await RpcHome.create();
  const directory = join(home.workingDirectory, "project");
  const bin = join(directory, ".venv", "bin");
  await Deno.mkdir(bin, { recursive: true });
  const text = "import os\ndef chosen():\n    return os.environ.get('CHOSEN', 'other')\n";
  await Deno.writeTextFile(join(directory, "tasks.py"), text);
  const script = `#!/bin/sh\nexport CHOSEN=venv\nexec '${python}' "$@"\n`;
  await Deno.writeTextFile(join(bin, "python"), script, { mode: 0o755 });
  const chosen = async (...more: string[]) => {
    const server = await home.serve(["127.0.0.1", "0", "project/tasks.py", ...more]);
    const run = await home.run(["call", "chosen"]);
    await server.process.kill();
    return run.stdout;
  };
  assert.equal(await chosen(), '"venv"\n');
  assert.equal(await chosen("--python", python), '"other"\n');
});

test("what a Python file names beside itself is found, whatever it is called", async () => {
  await using home = await RpcHome.create();
  const at = (name: string) => join(home.workingDirectory, name);
  await Deno.mkdir(at("pkg"));
  await Deno.writeTextFile(at("pkg/__init__.py"), "NAME = 'pkg'\n");
  await Deno.writeTextFile(at("pkg/near.py"), "number = 7\n");
  await Deno.writeTextFile(
    at("pkg/queue.py"),
    "from . import NAME\nfrom .near import number\nimport near\n" +
      "def told():\n    return [NAME, number, near.number]\n",
  );
  await Deno.writeTextFile(at("beside.py"), "number = 8\n");
  // In the working directory, where the adapter must not find it.
  await Deno.writeTextFile(at("zlib.py"), "raise ImportError('not this one')\n");
  await Deno.writeTextFile(
    at("json.py"),
    "from .beside import number\ndef told():\n    return number\n",
  );
  const cases = [["pkg/queue.py", '["pkg",7,7]'], ["json.py", "8"]];
  if (Deno.build.os !== "windows") {
    // As Python does for a program that is a link.
    await Deno.mkdir(at("real"));
    await Deno.writeTextFile(at("real/helper.py"), "number = 9\n");
    const linked = "from helper import number\ndef told():\n    return number\n";
    await Deno.writeTextFile(at("real/linked.py"), linked);
    await Deno.symlink("real/linked.py", at("linked.py"));
    cases.push(["linked.py", "9"]);
  }
  for (const [file = "", told] of cases) {
    const server = await home.serve(["127.0.0.1", "0", file, "--python", python]);
    const run = await home.run(["call", "told"]);
    assert.equal(run.stdout, `${told}\n`, run.stderr);
    await server.process.kill();
  }
});

Deno.test("--python without a Python file is a mistake that is told", async () => {
  await using home = await RpcHome.create();
  const run = await home.run(["serve", "127.0.0.1", "0", "--python", "python3"]);
  assert.match(run.stderr, /Cannot use --python without a file of Python functions/);
  assert.equal(run.code, 2);
});
