import { absolutePath, directoryOf, fileUrlOf, joinPath, pathOfFileUrl } from "../base/paths.ts";
import { bodyFileVariable } from "../workers/body_file.ts";
import { claimFileVariable } from "../workers/claim_file.ts";
import { descriptorPermissions, descriptorsVariable } from "../workers/own_descriptors.ts";
import { messageMaxVariable } from "../workers/message_max.ts";
import type { WorkerCommand } from "../workers/process/worker_command.ts";
import type { WorkerOffer } from "../workers/child/run_as_worker.ts";

const configNames = ["deno.json", "deno.jsonc"];

/**
 * The command that starts a worker of ours by Deno. It gets the configuration of the current
 * program, so that bare names in a module mean the same in both; but not its lock file, which would
 * refuse packages that only the module uses.
 *
 * @param permissions Deno's flags for what it may access besides what it needs. It cannot fetch
 * modules then. @default everything
 * @throws {Error} in a program made by `deno compile`, which contains no Deno to start
 */
export function denoWorkerCommand(
  offer: WorkerOffer,
  permissions?: readonly string[],
): WorkerCommand {
  if (Deno.build.standalone) {
    throw new Error("Cannot start workers from a compiled program: run it by deno run");
  }
  const main = permissions === undefined ? "worker_main.ts" : "sandboxed_main.ts";
  const entry = new URL(`../workers/child/${main}`, import.meta.url).href;
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
 * Flags of a sandbox. The module is preloaded by Deno, which needs no permission for that, so the
 * procedures need no right to read it. They may not fetch modules either: the addresses could carry
 * data to strangers.
 */
function narrowed({ module }: WorkerOffer, permissions: readonly string[]): string[] {
  return [
    "--cached-only",
    ...(module === undefined ? [] : ["--preload", moduleUrl(module)]),
    ...withNeeds(permissions),
  ];
}

/** Merges flags of the same name, since Deno only obeys the last one. */
function withNeeds(permissions: readonly string[]): string[] {
  const needs: Readonly<Record<string, readonly string[]>> = {
    "--allow-env": [descriptorsVariable, claimFileVariable, bodyFileVariable, messageMaxVariable],
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

/** The `file:` URL of a module, given as such a URL or as a path. */
export function moduleUrl(module: string): string {
  return module.startsWith("file:") ? module : fileUrlOf(absolutePath(module));
}

/** The path of the configuration for a worker's modules. */
export function configOfProgram(): string | undefined {
  return configOf(Deno.mainModule);
}

/** The configuration that Deno uses for a program: the nearest one upwards. */
function configOf(mainModule: string): string | undefined {
  if (!mainModule.startsWith("file:")) return undefined;
  const path = pathOfFileUrl(mainModule);
  for (let directory = directoryOf(path);; directory = directoryOf(directory)) {
    const found = configNames.map((name) => joinPath(directory, name)).find(isFile);
    if (found !== undefined || directoryOf(directory) === directory) return found;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
