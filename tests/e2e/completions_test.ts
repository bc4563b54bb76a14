import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { noPython, python } from "../support/python.ts";
import { pathWithoutRuntimes, rpcCommand } from "../support/program.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor, within } from "../support/wait_for.ts";
import { skippedIf } from "../support/skipped_if.ts";
import { onWindows } from "../support/posix.ts";

const typist = new URL("fixtures/type_into_shell.py", import.meta.url);
/** Why nobody can type into a shell here; `undefined`: somebody can. */
function noShell(shell: string): string | undefined {
  if (onWindows !== undefined) return onWindows;
  try {
    if (new Deno.Command(shell, { args: ["--version"], stdin: "null" }).outputSync().success) {
      return undefined;
    }
  } catch {
    // There is none.
  }
  return `there is no ${shell}`;
}

/** What is typed before Tab, and what `rpc` is then run with. */
const typed: readonly (readonly [before: string, after: string])[] = [
  ["meth", "methods"],
  ["help conf", "help config"],
  ["completions pow", "completions powershell"],
  ["call --repe", "call --repeat"],
  ["call --balance le", "call --balance least-loaded"],
  ["call --balance=rou", "call --balance=round-robin"],
  ["call ping --registry zoo", "call ping --registry zookeeper://"],
  ["servers --registry=sta", "servers --registry=static:"],
  ["config set log-f", "config set log-format"],
  ["serve 127.0.0.1 0 taskf", "serve 127.0.0.1 0 taskfile.ts"],
  ["serve taskf", "serve taskfile.ts"],
  ["serve --audit=taskf", "serve --audit=taskfile.ts"],
  ["service install -- --exe", "service install -- --exec"],
  ["service install -- 127.0.0.1 0 taskf", "service install -- 127.0.0.1 0 taskfile.ts"],
];

/** A home where `rpc` is on the path: it completes, and takes down what else it is run with. */
async function homeWithProgram(): Promise<{ home: RpcHome; env: Record<string, string> }> {
  const home = await RpcHome.create();
  const { directory, workingDirectory } = home;
  await Deno.mkdir(`${directory}/bin`);
  await Deno.writeTextFile(
    `${directory}/bin/rpc`,
    `#!/bin/sh
case $1 in
complete) exec ${rpcCommand.map((word) => `"${word}"`).join(" ")} "$@" ;;
*) echo "$*" >>"${directory}/typed" ;;
esac
`,
    { mode: 0o755 },
  );
  await Deno.writeTextFile(`${workingDirectory}/taskfile.ts`, "");
  const env = home.env({
    PATH: `${directory}/bin:${pathWithoutRuntimes(`${directory}/links`)}`,
    HOME: directory,
    TERM: "dumb",
    // fish finds programs whose path is not ASCII by the locale.
    LC_ALL: "C.UTF-8",
  });
  return { home, env };
}

async function scriptFor(shell: string, home: RpcHome): Promise<string> {
  const { code, stdout, stderr } = await home.run(["completions", shell]);
  assert.equal(code, 0, stderr);
  const path = `${home.directory}/completions.${shell}`;
  await Deno.writeTextFile(path, stdout);
  return path;
}

/** Types lines into a shell, each with a Tab at its end, and returns what `rpc` was run with. */
async function typeInto(
  command: readonly string[],
  lines: readonly string[],
  { home, env }: { home: RpcHome; env: Record<string, string> },
): Promise<string[]> {
  await Deno.remove(`${home.directory}/typed`).catch(() => {});
  const child = new Deno.Command(python ?? "python3", {
    args: [fileURLToPath(typist), ...command],
    cwd: home.workingDirectory,
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(lines.join("\n")));
  await writer.close();
  const { code, stdout, stderr } = await within("the shell", child.output(), 300_000);
  const decoder = new TextDecoder();
  assert.equal(code, 0, decoder.decode(stdout) + decoder.decode(stderr));
  const text = await Deno.readTextFile(`${home.directory}/typed`);
  return text.trimEnd().split("\n").map((line) => line.trimEnd());
}

/** An interactive shell that has read the script and shows the prompt that the typist waits for. */
const interactive: Readonly<
  Record<string, (script: string, home: RpcHome) => Promise<readonly string[]>>
> = {
  async bash(script, home) {
    const rc = `${home.directory}/bashrc`;
    await Deno.writeTextFile(rc, `PS1='READY> '\nbind 'set bell-style none'\nsource '${script}'\n`);
    return ["bash", "--noprofile", "--rcfile", rc, "-i"];
  },
  async zsh(script, home) {
    const rc = `PS1='READY> '\nunsetopt zle_bracketed_paste beep 2>/dev/null\n` +
      `autoload -Uz compinit && compinit -u\nsource '${script}'\n`;
    await Deno.writeTextFile(`${home.directory}/.zshrc`, rc);
    return ["env", `ZDOTDIR=${home.directory}`, "zsh", "--no-globalrcs", "-i"];
  },
};

for (const [shell, start] of Object.entries(interactive)) {
  Deno.test({
    ...skippedIf(
      noPython ?? noShell(shell),
      `${shell} completes subcommands, flags, values, files, and methods of the live service`,
    ),
    async fn() {
      const { home, env } = await homeWithProgram();
      await using _ = home;
      const command = await start(await scriptFor(shell, home), home);
      const { address } = await home.serve();
      const lines = typed.map(([before]) => `rpc ${before}\t`);
      assert.deepEqual(
        await typeInto(command, lines, { home, env }),
        typed.map(([, after]) => after),
      );
      // The service is asked for a short time only, and this machine may be busy.
      await waitFor("a method", async () => {
        const [line] = await typeInto(command, ["rpc call fi\t"], { home, env });
        return line === "call fib";
      });
      const asked = ["methods pin\t", "servers drain 127.0\t", "call ping --server 127\t"];
      const found = ["methods ping", `servers drain ${address}`, `call ping --server ${address}`];
      await waitFor("a method and servers", async () => {
        const words = asked.map((one) => `rpc ${one}`);
        const typed = await typeInto(command, words, { home, env });
        return typed.every((line, i) => line === found[i]);
      });
    },
  });
}

Deno.test({
  ...skippedIf(
    noShell("fish"),
    "fish completes subcommands, flags, values, files, and methods of the live service",
  ),
  async fn() {
    const { home, env } = await homeWithProgram();
    await using _ = home;
    const script = await scriptFor("fish", home);
    const complete = async (line: string): Promise<string[]> => {
      const { stdout, stderr } = await new Deno.Command("fish", {
        args: ["--no-config", "--command", `source '${script}'; complete --do-complete '${line}'`],
        cwd: home.workingDirectory,
        env,
        stdin: "null",
      }).output();
      const decoder = new TextDecoder();
      assert.equal(decoder.decode(stderr), "");
      return decoder.decode(stdout).trimEnd().split("\n").map((one) => one.split("\t")[0] ?? "");
    };
    for (const [before, after] of typed) {
      assert.deepEqual(await complete(`rpc ${before}`), [after.split(" ").at(-1)], before);
    }
    const { address } = await home.serve();
    await waitFor("the methods", async () => {
      const found = await complete("rpc call ");
      return ["fib", "pi", "ping"].every((name) => found.includes(name));
    });
    await waitFor("the server", async () => {
      const found = await Promise.all(
        ["rpc servers drain ", "rpc tap --server "].map((line) => complete(line)),
      );
      return found.every((words) => words.includes(address));
    });
  },
});

/** What a stranger may call its methods, by which a shell would run a command. */
const traps = ["fi;touch x1;#", "fi$(touch x2)", "fi`touch x3`>x4"];

for (const shell of ["bash", "zsh", "fish"]) {
  Deno.test({
    ...skippedIf(
      noPython ?? noShell(shell),
      `${shell} inserts a candidate as a word, whatever a command it would make`,
    ),
    async fn() {
      const { home, env } = await homeWithProgram();
      await using _ = home;
      const script = await scriptFor(shell, home);
      for (const trap of traps) {
        // In place of rpc: one that offers just this.
        await Deno.writeTextFile(
          `${home.directory}/bin/rpc`,
          `#!/bin/sh
case $1 in
complete) printf '%s\\n' '${trap}' ;;
*) echo "$*" >>"${home.directory}/typed" ;;
esac
`,
          { mode: 0o755 },
        );
        if (shell === "fish") {
          const { stdout } = await new Deno.Command("fish", {
            args: [
              "--no-config",
              "--command",
              `source '${script}'; complete -C 'rpc call fi' --escape`,
            ],
            cwd: home.workingDirectory,
            env,
            stdin: "null",
          }).output();
          const [word] = new TextDecoder().decode(stdout).trimEnd().split("\t");
          const line = `rpc call ${word}`;
          await new Deno.Command("fish", {
            args: ["--no-config", "--command", line],
            cwd: home.workingDirectory,
            env,
            stdin: "null",
          }).output();
        } else {
          const command = await interactive[shell]?.(script, home) ?? [];
          const [line] = await typeInto(command, ["rpc call fi\t"], { home, env });
          assert.equal(line, `call ${trap}`);
        }
        const made = [...Deno.readDirSync(home.workingDirectory)].map(({ name }) => name);
        assert.deepEqual(made, ["taskfile.ts"], trap);
      }
    },
  });
}

Deno.test("names that a shell would take for more than a word are not offered", async () => {
  await using home = await RpcHome.create();
  const names = [
    "fine.name",
    "größe",
    "ns:a/b-c",
    ...traps,
    "a".repeat(200),
    "fi|touch x5",
    "fi&touch x6",
    "-x",
    "a b",
    "a\nb",
    "a\tb",
    "$x",
    "~x",
    "a*",
    "'q",
    "like_fine\u3164",
    "like_fine\u034f",
    "",
  ];
  const lines = names.map((name, i) => `export { f${i} as ${JSON.stringify(name)} };`);
  const functions = names.map((_, i) => `const f${i} = () => ${i};`);
  await Deno.writeTextFile(
    `${home.workingDirectory}/odd.js`,
    [...functions, ...lines.slice(0, -1)].join("\n"),
  );
  await home.serve(["127.0.0.1", "0", "odd.js", "--no-builtin"]);
  await waitFor("the methods", async () => {
    const { lines } = await home.run(["complete", "--current=", "--", "call"]);
    if (lines.length === 0) return false;
    assert.deepEqual(
      lines.map((line) => line.split("\t")[0]),
      ["fine.name", "größe", "ns:a/b-c"].toSorted(),
    );
    return true;
  });
  const { stdout } = await home.run(["methods", traps[0] ?? ""]);
  const quote = Deno.build.os === "windows" ? '"' : "'";
  assert.ok(stdout.split("\n").includes(`  rpc call ${quote}fi;touch x1;#${quote}`), stdout);
});

Deno.test("methods are completed from the live service, with what they do", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  await waitFor("the methods", async () => {
    const { code, stdout, stderr } = await home.run(["complete", "--current=p", "--", "call"]);
    assert.equal(code, 0);
    assert.equal(stderr, "");
    return /^pi\t\S.*\nping\t\S.*\n$/m.test(stdout);
  });
});

Deno.test("without a service, or with settings that cannot be, completing is silent", async () => {
  await using home = await RpcHome.create();
  const cases = [
    ["call"],
    ["call", "--registry", "zookeeper://127.0.0.1:1"],
    ["call", "--registry", "static:127.0.0.1:1"],
    ["call", "--registry", "nonsense"],
    ["call", "--timeout", "many"],
    ["frobnicate"],
  ];
  for (const before of cases) {
    const { code, stdout, stderr } = await home.run(["complete", "--", ...before]);
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
  }
});

Deno.test("completions of a shell that is not known are refused with those that are", async () => {
  await using home = await RpcHome.create();
  const { code, stderr } = await home.run(["completions", "csh"]);
  assert.equal(code, 2);
  assert.match(stderr, /^rpc: There are no completions for "csh": .*\n$/);
});

Deno.test("the script for PowerShell registers a completer that asks rpc complete", async () => {
  await using home = await RpcHome.create();
  const { code, stdout } = await home.run(["completions", "powershell"]);
  assert.equal(code, 0);
  assert.match(stdout, /^Register-ArgumentCompleter -Native -CommandName 'rpc'/m);
  assert.match(stdout, /"--current=\$wordToComplete"/);
  assert.equal((await home.run(["completions", "pwsh"])).stdout, stdout);
});
