import { absolutePath, directoryOf, fileUrlOf, joinPath, pathOfFileUrl } from "../base/paths.ts";
import type { WorkerCommand } from "../workers/process/worker_command.ts";
import type { WorkerOffer } from "../workers/child/run_as_worker.ts";
import { permissionNames, type Permissions, withNeeds } from "../workers/sandbox/permissions.ts";

const configNames = ["deno.json", "deno.jsonc"];

/**
 * The command that starts a worker of ours by Deno. It gets the configuration of the current
 * program, so that bare names in a module mean the same in both; but not its lock file, which would
 * refuse packages that only the module uses.
 *
 * @param permissions what it may use besides what it needs. It cannot fetch modules then.
 * @default everything
 * @throws {Error} in a program made by `deno compile`, which contains no Deno to start
 */
export function denoWorkerCommand(
  offer: WorkerOffer,
  permissions?: Permissions,
): WorkerCommand {
  if (Deno.build.standalone) {
    throw new Error("Cannot start workers from a compiled program: run it by deno run");
  }
  const entry = entryOfWorker(permissions === undefined ? "worker_main.ts" : "sandboxed_main.ts");
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

/** The URL of a program that a worker by Deno runs. */
export function entryOfWorker(main: "worker_main.ts" | "sandboxed_main.ts"): string {
  return new URL(`../workers/child/${main}`, import.meta.url).href;
}

/**
 * Flags of a sandbox. The module is preloaded by Deno, which needs no permission for that, so the
 * procedures need no right to read it. They may not fetch modules either: the addresses could carry
 * data to strangers.
 */
function narrowed({ module }: WorkerOffer, permissions: Permissions): string[] {
  const needed = withNeeds(permissions);
  return [
    "--cached-only",
    ...(module === undefined ? [] : ["--preload", moduleUrl(module)]),
    ...permissionNames.flatMap((name) => {
      const allowed = needed[name];
      return allowed === undefined ? [] : [`--allow-${name}=${allowed.join()}`];
    }),
  ];
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
