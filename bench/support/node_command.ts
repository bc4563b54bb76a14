import { canRun, type Command, runToEnd } from "./child.ts";
import { pathOf } from "./deno_command.ts";

/** What runs the peers that are npm packages. */
export interface NodeRuntime {
  /** `Node.js v20.1.0` or `Deno 2.9.6`. */
  readonly name: string;
  /** How to run a module of `bench/peers`. */
  command(module: string, args: readonly string[]): Command;
}

let found: Promise<NodeRuntime> | undefined;

/**
 * Node.js, where these packages are at home, or Deno where it is not there. Installs the packages
 * first if need be.
 *
 * @throws {Error} if they cannot be installed
 */
export function nodeRuntime(): Promise<NodeRuntime> {
  return found ??= findRuntime();
}

async function findRuntime(): Promise<NodeRuntime> {
  await runToEnd({
    program: Deno.execPath(),
    args: ["install", "--frozen", "--quiet"],
    cwd: pathOf(".."),
  });
  if (await canRun("node", ["--version"])) {
    const version = (await runToEnd({ program: "node", args: ["--version"] }))
      .trim();
    return {
      name: `Node.js ${version}`,
      command: (module, args) => ({
        program: "node",
        args: [pathOf(`../peers/${module}`), ...args],
      }),
    };
  }
  return {
    name: `Deno ${Deno.version.deno}`,
    command: (module, args) => ({
      program: Deno.execPath(),
      args: [
        ...[
          "run",
          "--allow-all",
          "--no-prompt",
          "--config",
          pathOf("../deno.json"),
        ],
        pathOf(`../peers/${module}`),
        ...args,
      ],
    }),
  };
}
