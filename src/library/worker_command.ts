import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { WorkerCommand } from "../workers/process/worker_command.ts";
import type { WorkerOffer } from "../workers/child/run_as_worker.ts";

const configNames = ["deno.json", "deno.jsonc"];

/**
 * How to start a worker of ours by Deno. It gets the configuration of the program that runs now, so
 * that bare names in a module mean to the worker what they mean to that program; but not its lock
 * file, which would refuse packages that only the module uses.
 *
 * @throws {Error} in a program made by `deno compile`, which holds no Deno to start
 */
export function denoWorkerCommand(offer: WorkerOffer): WorkerCommand {
  if (Deno.build.standalone) {
    throw new Error("Cannot start workers from a compiled program: run it by deno run");
  }
  const entry = new URL("../workers/child/worker_main.ts", import.meta.url).href;
  const config = configOf(Deno.mainModule);
  return {
    program: Deno.execPath(),
    args: [
      ...["run", "--allow-all", "--no-prompt", "--no-lock"],
      ...(config === undefined ? [] : ["--config", config]),
      entry,
      JSON.stringify(offer),
    ],
  };
}

/** The configuration that Deno has found for a program: the nearest one upwards. */
function configOf(mainModule: string): string | undefined {
  if (!mainModule.startsWith("file:")) return undefined;
  const path = fileURLToPath(mainModule);
  for (let directory = dirname(path);; directory = dirname(directory)) {
    const found = configNames.map((name) => join(directory, name)).find(isFile);
    if (found !== undefined || dirname(directory) === directory) return found;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
