import { fileURLToPath } from "node:url";
import type { Command } from "./child.ts";

/** The program's configuration: its import map and its lock. */
const config = pathOf("../../deno.json");

/** Where profiles of our own processes go; `undefined`: none are taken. */
let profileDirectory: string | undefined;

/** From now on each of our own processes leaves a CPU profile in a directory. */
export function profileInto(directory: string): void {
  profileDirectory = directory;
}

/** How to run one of the benchmark's modules, named relative to `bench/`, or the program itself. */
export function denoCommand(module: string, args: readonly string[]): Command {
  const profile = profileDirectory === undefined
    ? []
    : ["--cpu-prof", `--cpu-prof-dir=${profileDirectory}`];
  return {
    program: Deno.execPath(),
    args: [
      ...[
        "run",
        "--allow-all",
        "--no-prompt",
        "--no-check",
        "--config",
        config,
        ...profile,
      ],
      pathOf(`../${module}`),
      ...args,
    ],
  };
}

/** The program itself, as `deno task rpc` runs it. */
export function rpcCommand(args: readonly string[]): Command {
  return denoCommand("../main.ts", args);
}

/** A file's path from its place relative to this directory. */
export function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
