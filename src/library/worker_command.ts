import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { claimFileVariable } from "../workers/claim_file.ts";
import { descriptorPermissions, descriptorsVariable } from "../workers/own_descriptors.ts";
import { messageMaxVariable } from "../workers/message_max.ts";
import type { WorkerCommand } from "../workers/process/worker_command.ts";
import type { WorkerOffer } from "../workers/child/run_as_worker.ts";

const configNames = ["deno.json", "deno.jsonc"];

/**
 * How to start a worker of ours by Deno. It gets the configuration of the program that runs now, so
 * that bare names in a module mean to the worker what they mean to that program; but not its lock
 * file, which would refuse packages that only the module uses.
 *
 * @param permissions Deno's flags of what it may touch beside what it needs to work. It fetches no
 * module then.
 * @default everything
 * @throws {Error} in a program made by `deno compile`, which holds no Deno to start
 */
export function denoWorkerCommand(
  offer: WorkerOffer,
  permissions?: readonly string[],
): WorkerCommand {
  if (Deno.build.standalone) {
    throw new Error("Cannot start workers from a compiled program: run it by deno run");
  }
  const entry = new URL("../workers/child/worker_main.ts", import.meta.url).href;
  const config = configOfProgram();
  return {
    readsAsWeDo: true,
    program: Deno.execPath(),
    args: [
      ...["run", "--no-prompt", "--no-lock"],
      ...(permissions === undefined ? ["--allow-all"] : narrowed(offer, permissions)),
      ...(config === undefined ? [] : ["--config", config]),
      entry,
      JSON.stringify(offer),
    ],
  };
}

/**
 * The module is loaded before the program and not by it: Deno asks for no right to read what it is
 * told to load, and so the procedures get none. Nor may they fetch modules, which would tell
 * strangers what they like by the address.
 */
function narrowed({ module }: WorkerOffer, permissions: readonly string[]): string[] {
  return [
    "--cached-only",
    ...(module === undefined ? [] : ["--preload", moduleUrl(module)]),
    ...withNeeds(permissions),
  ];
}

/** Flags of one name are one: Deno takes the last one. */
function withNeeds(permissions: readonly string[]): string[] {
  const needs: Readonly<Record<string, readonly string[]>> = {
    "--allow-env": [descriptorsVariable, claimFileVariable, messageMaxVariable],
    ...(Deno.build.os === "windows" ? {} : descriptorPermissions),
  };
  const given = new Map(permissions.map((one) => {
    const end = one.indexOf("=");
    return [one.slice(0, end), one.slice(end + 1)];
  }));
  const names = new Set([...given.keys(), ...Object.keys(needs)]);
  return [...names].map((name) =>
    `${name}=${[given.get(name), ...needs[name] ?? []].filter((one) => one !== undefined).join()}`
  );
}

/** The `file:` URL of a module that is named by it or by a path. */
export function moduleUrl(module: string): string {
  return module.startsWith("file:") ? module : pathToFileURL(resolve(module)).href;
}

/** The configuration that the modules of a worker are loaded with. */
export function configOfProgram(): string | undefined {
  return configOf(Deno.mainModule);
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
