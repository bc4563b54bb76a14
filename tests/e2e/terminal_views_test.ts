import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { fileURLToPath } from "node:url";
import { displayWidth } from "../../src/terminal/width.ts";
import { rpcCommand } from "../support/program.ts";
import { noPython, python } from "../support/python.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { onWindows } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

const noTerminal = noPython ?? onWindows;

const module = `
/** 向某人问好，可以多次。 A description that is far too long for a terminal of eighty columns. */
export function 你好(名字: string, 次数 = 1) {
  return \`你好，\${名字}\`.repeat(次数);
}
/**
 * Resizes all images 🎉 of a directory, as many at a time as there are workers.
 *
 * @param targetDirectory where they are to be, in a directory of its own for each size
 */
export function resizeImagesOfADirectory(sourceDirectory: string, targetDirectory: string, width = 1) {
  return [sourceDirectory, targetDirectory, width];
}
export function boom() {
  throw new Error("no");
}
`;

/** What a command shows on a terminal of so many columns, in lines. */
async function shown(
  home: RpcHome,
  columns: number,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string[]> {
  const program = fileURLToPath(new URL("fixtures/show_terminal.py", import.meta.url));
  const { stdout } = await new Deno.Command(python as string, {
    args: [program, String(columns), ...rpcCommand, ...args],
    env: home.env({ TERM: "xterm", ...env }),
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout).trimEnd().split("\r\n");
}

async function withServers(act: (home: RpcHome) => Promise<void>): Promise<void> {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(`${home.workingDirectory}/m.ts`, module);
  const args = ["--zone", "北京-数据中心-机房-一", "--workers", "1"];
  const server = home.start(["serve", "127.0.0.1", "0", "m.ts", ...args]);
  await server.line(/ready/);
  await act(home);
}

Deno.test({
  ...skippedIf(
    noTerminal,
    "servers, methods and services fit terminals of 60, 80, 120 and 200 columns, Chinese included",
  ),
  fn: () =>
    withServers(async (home) => {
      for (const columns of [60, 80, 120, 200]) {
        const commands = ["servers", "methods", "services"];
        const views = await Promise.all(commands.map((one) => shown(home, columns, [one])));
        for (const [i, command] of commands.entries()) {
          const lines = (views[i] ?? []).map(stripVTControlCharacters);
          assert.ok(lines.length >= 2, lines.join("\n"));
          for (const line of lines) {
            assert.ok(displayWidth(line) <= columns, `${command} at ${columns}: ${line}`);
          }
          const text = lines.join("\n");
          const kept = { servers: /answers in/, methods: /^你好\(名字/m, services: /你好|…$/ };
          assert.match(text, kept[command as keyof typeof kept]);
        }
      }
      const lines = await shown(home, 60, ["methods", "resizeImagesOfADirectory"]);
      const [, parameters = ""] = lines.map(stripVTControlCharacters).join("\n").split("\n\n");
      assert.equal(
        parameters,
        `parameters
  sourceDirectory  any
  targetDirectory  any: where they are to be, in a directory
                   of its own for each size
  width            any, default 1, optional`,
      );
    }),
});

Deno.test({
  ...skippedIf(
    noTerminal,
    "errors and tables have colours on a terminal, unless it is dumb or NO_COLOR is set",
  ),
  fn: () =>
    withServers(async (home) => {
      const colours = async (env?: Record<string, string>) =>
        [
          ...await shown(home, 80, ["call", "boom"], env),
          ...await shown(home, 80, ["servers"], env),
        ].join("\n");
      // For tests it is set as long as nobody says otherwise.
      const coloured = await colours({ NO_COLOR: "" });
      for (
        const part of [
          "\x1b[31mrpc:\x1b[0m call boom() failed",
          "\x1b[1maddress ",
          "\x1b[32manswers in",
        ]
      ) assert.ok(coloured.includes(part), `${JSON.stringify(part)} in ${coloured}`);
      for (const env of [{ NO_COLOR: "1" }, { NO_COLOR: "", TERM: "dumb" }]) {
        // Deno's own progress is erased by other sequences, which are no colours.
        assert.doesNotMatch(await colours(env), /\[\d+m/, JSON.stringify(env));
      }
      const piped = await home.run(["call", "boom"]);
      assert.match(piped.stderr, /^rpc: call boom\(\) failed/);
    }),
});
