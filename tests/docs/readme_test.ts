import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { loadCommands } from "../../src/cli/commands.ts";
import { parseArguments } from "../../src/cli/syntax/parse.ts";
import { oldestAndNewestPython } from "../support/python.ts";
import { assertDemoWent } from "../support/demo_outcome.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { within } from "../support/wait_for.ts";
import { startZooKeeper, zooKeeperTest } from "../support/zookeeper_server.ts";
import { inlineCommands, namedFiles, shellLines, words } from "./commands.ts";

const commands = await loadCommands();

const root = new URL("../../", import.meta.url);

/** The front page, in each language that there is. */
const documents = ["README.md", "README.zh-CN.md"].filter((path) => {
  try {
    return Deno.statSync(new URL(path, root)).isFile;
  } catch {
    return false;
  }
}).map((path) => ({ path, text: Deno.readTextFileSync(new URL(path, root)) }));

/** Commands that this test does not run, and why. */
const runElsewhere: readonly (readonly [command: RegExp, why: string])[] = [
  [/^deno task (test|ok)\b/, "it is what runs this test"],
  [/^deno task compile\b/, "tests/tasks/compile_test.ts checks what needs no download"],
  [/^deno task (bench|chaos|soak|smoke|sim)\b/, "they take long, and each has a test of its own"],
  [/^npx --yes deno@/, "the same with a Deno that npm brings: continuous integration does that"],
  [/docker\b/, "it needs Docker"],
  [
    /^(sudo|sh install\.sh|powershell|systemctl|curl|source|echo|mkdir|chmod|cp|git|sc\.exe|netsh)\b/,
    "it changes the machine",
  ],
  [/^rpc completions\b/, "tests of the completions run these in each shell"],
];

/** Runs a document's commands one after the other, as one reader in several terminals. */
class Reader implements AsyncDisposable {
  readonly #home: RpcHome;
  readonly #zooKeeper: string;
  #port: string | undefined;

  constructor(home: RpcHome, zooKeeper: string) {
    this.#home = home;
    this.#zooKeeper = zooKeeper;
  }

  /**
   * Writes down what the document shows as files, where the commands are run, and the examples
   * beside.
   */
  async copy(markdown: string): Promise<void> {
    const directory = this.#home.workingDirectory;
    for (const { name, text } of namedFiles(markdown)) {
      await Deno.writeTextFile(`${directory}/${name}`, text);
    }
    await Deno.mkdir(`${directory}/examples`);
    for await (const { name, isFile } of Deno.readDir(new URL("examples/", root))) {
      if (!isFile) continue;
      await Deno.copyFile(new URL(`examples/${name}`, root), `${directory}/examples/${name}`);
    }
  }

  async run(command: string): Promise<void> {
    // The reader's network is not ours, and a tenth of the calls shows that they work.
    const here = command
      .replaceAll(/192\.168\.0\.211:2181/g, this.#zooKeeper)
      .replaceAll("192.168.0.211", "127.0.0.1")
      .replace(/^deno task rpc /, "rpc ")
      .replace(/--repeat 100$/, "--repeat 10");
    const args = words(here);
    if (/^rpc serve /.test(here)) return await this.#serve(args.slice(1));
    if (/^rpc /.test(here)) return await this.#rpc(args.slice(1));
    if (/^python3 /.test(here)) return await this.#python(args.slice(1));
    if (/^deno run /.test(here)) return await this.#program(args.slice(2));
    if (/^deno task demo\b/.test(here)) return await this.#demo(args.slice(1));
    if (/\| nc /.test(here)) return await this.#netcat(here);
    throw new Error(`Nobody has said how to run: ${command}`);
  }

  async #serve(args: readonly string[]): Promise<void> {
    // The port may be somebody's here.
    const [serve = "", host = "", _port, ...rest] = args;
    const process = this.#home.start([serve, host, "0", ...rest], this.#options);
    this.#port = (await process.line(/^ready \S*:(\d+) /))[1];
    await process.listed();
  }

  async #rpc(args: readonly string[]): Promise<void> {
    const { code, stderr } = await this.#home.run(args, { ...this.#options, timeoutMs: 600_000 });
    assert.equal(code, 0, `rpc ${args.join(" ")}\n${stderr}`);
  }

  /**
   * A program of the reader's own, whose deno.json maps the library's name as ours does. Its types
   * are checked by `foreign_project_test.ts`.
   */
  async #program(args: readonly string[]): Promise<void> {
    const config = fileURLToPath(new URL("deno.json", root));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--config", config, ...args],
      cwd: this.#home.workingDirectory,
      env: this.#home.env(this.#options.env),
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    assert.equal(code, 0, decoder.decode(stdout) + decoder.decode(stderr));
  }

  /** With the client beside the program, as the document says. */
  async #python(args: readonly string[]): Promise<void> {
    const [python] = oldestAndNewestPython;
    if (python === undefined) return;
    const client = new URL("clients/python/rpc_client.py", root);
    await Deno.copyFile(client, `${this.#home.workingDirectory}/rpc_client.py`);
    const { code, stdout, stderr } = await new Deno.Command(python, {
      args: [...args],
      cwd: this.#home.workingDirectory,
      env: this.#home.env(this.#options.env),
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    assert.equal(code, 0, decoder.decode(stderr));
    assert.match(decoder.decode(stdout), /longer/);
  }

  /** With the fewest calls that it can be played with, since it takes half a minute otherwise. */
  async #demo(args: readonly string[]): Promise<void> {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...args, "--calls", "10"],
      cwd: root,
      env: this.#home.env(this.#options.env),
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    assertDemoWent(code, decoder.decode(stdout), decoder.decode(stderr));
  }

  async #netcat(command: string): Promise<void> {
    assert.ok(this.#port !== undefined, `There is no server yet for: ${command}`);
    const output = new Deno.Command("sh", {
      args: ["-c", command.replace(/\d+$/, this.#port)],
      stdin: "null",
    }).output();
    const { stdout } = await within(command, output);
    assert.match(new TextDecoder().decode(stdout), /"result":"pong"/);
  }

  /** Settings come from where the document puts them. */
  get #options() {
    // A machine with much else to do takes longer for some calls than they are given as a rule.
    return { env: { RPC_REGISTRY: "", RPC_TIMEOUT: "10m", RPC_ANSWER_TIMEOUT: "10m" } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#home[Symbol.asyncDispose]();
  }
}

/** The demo takes long, and nothing of a document changes it: it is run once for all of them. */
const demosRun = new Set<string>();

for (const { path, text } of documents) {
  zooKeeperTest(`the commands of ${path} work as they are shown`, async () => {
    await using zooKeeper = await startZooKeeper();
    await using reader = new Reader(await RpcHome.create(), zooKeeper.connectString);
    await reader.copy(text);
    let count = 0;
    for (const command of shellLines(text)) {
      if (runElsewhere.some(([pattern]) => pattern.test(command))) continue;
      count++;
      if (demosRun.has(command)) continue;
      await reader.run(command);
      if (/^deno task demo\b/.test(command)) demosRun.add(command);
    }
    assert.ok(count >= 5, `Only ${count} commands found`);
  });

  Deno.test(`a line before each nc of ${path} serves at its port`, () => {
    const lines = shellLines(text);
    const ncs = [...lines.entries()].filter(([, line]) => /\| nc /.test(line));
    assert.ok(ncs.length > 0);
    for (const [index, nc] of ncs) {
      const address = /(\S+) (\d+)$/.exec(nc)?.[0];
      assert.ok(lines.slice(0, index).some((line) => line.includes(`rpc serve ${address}`)), nc);
      // The netcat of CentOS and the one of BusyBox have no -N.
      assert.doesNotMatch(nc, / -N\b/);
    }
  });

  Deno.test(`the commands within the text of ${path} exist, with their flags`, () => {
    const found = inlineCommands(text);
    assert.ok(found.length >= 5, `Only ${found.length} commands found`);
    for (const line of found) {
      const [, name = "", ...args] = words(line.replaceAll("\\|", "|"));
      if (name === "help") continue;
      const command = commands.find((one) => one.name === name);
      assert.ok(command !== undefined, `${path}: ${line}`);
      // A form with placeholders, such as `rpc serve <host> <port>`, names what a user replaces.
      if (args.length > 0) parseArguments(command, args.filter((arg) => !/^\[.*\]$/.test(arg)));
    }
  });

  Deno.test(`the flags in the tables of ${path} exist`, () => {
    const rows = [...text.matchAll(/^\| `(?:([a-z]+) )?(--[a-z-]+)[^`]*`/gm)];
    assert.ok(rows.length >= 5, `Only ${rows.length} flags found`);
    for (const [row, name, flag = ""] of rows) {
      const takes = commands.filter((one) => name === undefined || one.name === name);
      const known = takes.some((one) =>
        Object.keys(one.flags).some((key) =>
          `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}` === flag
        )
      );
      assert.ok(known, `${path}: ${row}`);
    }
  });
}

Deno.test("commands are found in a document as a reader finds them", () => {
  const document = [
    "Text:",
    "",
    "    rpc call ping    # a comment",
    "    rpc call \\",
    "        fib 32",
    "",
    "- a list",
    "    that goes on",
    "",
    "```sh",
    "rpc servers",
    "```",
    "",
    "```ts",
    "// one.ts",
    "const x = 1;",
    "```",
    "",
    "Then `rpc methods` and `rpc`.",
  ].join("\n");
  assert.deepEqual(shellLines(document), ["rpc call ping", "rpc call fib 32", "rpc servers"]);
  assert.deepEqual(inlineCommands(document), ["rpc methods"]);
  assert.deepEqual(namedFiles(document), [{ name: "one.ts", text: "const x = 1;\n" }]);
  assert.deepEqual(words(`rpc call fib --params '{"n": 32}'`).at(-1), '{"n": 32}');
});
