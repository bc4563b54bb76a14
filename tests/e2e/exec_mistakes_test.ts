import assert from "node:assert/strict";
import { join } from "node:path";
import { python } from "../support/python.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { onWindows } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

const advice = String.raw`\n  A program for --exec answers JSON-RPC lines .*docs\/WORKERS\.md.*\n$`;

Deno.test({
  // By the names of programs that every POSIX system has.
  ...skippedIf(onWindows, "a program that is no worker, or no program, is told of with what to do"),
  async fn() {
    await using home = await RpcHome.create();
    const path = join(home.workingDirectory, "tasks.py");
    await Deno.writeTextFile(path, "def add(a, b):\n    return a + b\n", { mode: 0o644 });
    await Deno.mkdir(join(home.workingDirectory, "directory"));
    for (const [name, end] of [["gone", "\n"], ["windows", "\r\n"]]) {
      const script = name === "gone" ? "#!/nowhere/python" : "#!/bin/sh";
      await Deno.writeTextFile(join(home.workingDirectory, name!), script + end, { mode: 0o755 });
    }
    const answering = async (name: string, outcome: object) => {
      const answer = JSON.stringify({ jsonrpc: "2.0", id: 1, ...outcome });
      const script = `#!/bin/sh\nread line\necho '${answer}'\nread line\n`;
      await Deno.writeTextFile(join(home.workingDirectory, name), script, { mode: 0o755 });
    };
    await answering("unknowing", { error: { code: -32601, message: "Method not found" } });
    await answering("other", { result: {} });
    const info = { title: "t", version: "1" };
    await answering("nothing", { result: { openrpc: "1.3.2", info, methods: [] } });
    for (const [name, text] of [["env", "nosuch"], ["env_windows", "python3\r"]]) {
      const script = `#!/usr/bin/env ${text}\n`;
      await Deno.writeTextFile(join(home.workingDirectory, name!), script, { mode: 0o755 });
    }
    const leaving = "export function add() {}\nDeno.exit(0);\n";
    await Deno.writeTextFile(join(home.workingDirectory, "leaving.ts"), leaving);
    const start = "^rpc: Cannot start a worker: ";
    const cases: [args: string[], code: number, stderr: RegExp][] = [
      [["tasks.rb"], 2, /^rpc: Cannot serve tasks\.rb as a module.* --exec "ruby tasks\.rb"/],
      [
        ["--exec", "echo hello"],
        1,
        RegExp(`${start}in place of an answer it printed "hello"${advice}`),
      ],
      [
        ["--exec", "cat"],
        1,
        RegExp(`${start}in place of an answer it printed "{.*discover.*${advice}`),
      ],
      [["--exec", "true"], 1, RegExp(`${start}it exited with code 0 without an answer${advice}`)],
      [
        ["leaving.ts"],
        1,
        RegExp(`${start}it exited with code 0 .*\n  What a module does outside `),
      ],
      [["--exec", "pythonx"], 1, RegExp(`${start}there is no program pythonx in PATH; .*\n$`)],
      [["--exec", "./pythonx"], 1, RegExp(`${start}there is no file \\./pythonx`)],
      [["--exec", "./tasks.py"], 1, RegExp(`${start}\\./tasks\\.py may not be run: .*chmod \\+x`)],
      [
        ["--exec", "./directory"],
        1,
        RegExp(`${start}\\./directory is a directory, and no program\n$`),
      ],
      [
        ["--exec", "./gone"],
        1,
        RegExp(`${start}\\./gone begins with #!/nowhere/python, and .*\n$`),
      ],
      [["--exec", "./windows"], 1, RegExp(`${start}\\./windows begins with .* as on Windows`)],
      [["--exec", "false"], 1, RegExp(`${start}it exited with code 1 without an answer${advice}`)],
      [
        ["--exec", String.raw`printf '\377\n'`],
        1,
        RegExp(`${start}in place of an answer it printed what is no text${advice}`),
      ],
      [
        ["--exec", "sh -c 'echo why >&2; exit 3'"],
        1,
        RegExp(`${start}it exited with code 3\n  why\n$`, "m"),
      ],
    ];
    if (python !== undefined) {
      const silent = RegExp(`${start}it exited with code 0 without an answer${advice}`);
      cases.push([["--exec", `${python} tasks.py`], 1, silent]);
    }
    const left = cases.values();
    const tryThem = async () => {
      for (const [args, code, message] of left) {
        const run = await home.run(["serve", "127.0.0.1", "0", "--workers", "1", ...args]);
        // A slow machine is told what the start waits for.
        const stderr = run.stderr.replace(/^\S+ WRN Still loading .*\n/, "");
        assert.match(stderr, message, args.join(" "));
        assert.deepEqual([run.code, run.stdout], [code, ""], args.join(" "));
      }
    };
    await Promise.all([tryThem(), tryThem()]);
  },
});

Deno.test({
  // Others do not let a directory go that a process is in.
  ...skippedIf(onWindows, "a server whose working directory is gone says why it starts no worker"),
  async fn() {
    await using home = await RpcHome.create();
    const cwd = join(home.directory, "gone");
    await Deno.mkdir(cwd);
    await Deno.writeTextFile(join(cwd, "leave.ts"), "export const leave = () => Deno.exit(3);\n");
    const server = await home.serve(["127.0.0.1", "0", "leave.ts"], { cwd });
    await Deno.remove(cwd, { recursive: true });
    assert.match((await home.run(["call", "leave"])).stderr, /WorkerLost/);
    await server.process.says(/Cannot start a worker: the working directory is gone/);
  },
});
