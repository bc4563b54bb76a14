/** The sandbox of procedures: Deno's permissions for the worker processes. */

import { isPythonFile } from "../../workers/python/python_file.ts";
import { permissionNames, type Permissions } from "../../workers/sandbox/permissions.ts";
import type { FlagValues } from "../syntax/flags.ts";
import { UsageError } from "../../base/command_error.ts";
import type { serveFlags } from "./flags.ts";

/** The error if sandbox flags are combined with another program. */
export const sandboxHoldsNoProgram =
  "The --allow-... flags do not hold for the program of --exec: it gets no new privileges where there is " +
  "setpriv, and may do all else that this user may";

/** A sandbox that the flags ask for. */
export interface Sandbox {
  /** What procedures may use. */
  readonly permissions: Permissions;
  /** What its processes get of this one's environment. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Fetches what the workers and the module import, which workers may not do, and looks for ways
   * out of the sandbox.
   *
   * @throws {UsageError} it imports data files, which Deno would read without permission, or a link
   * leads out of what is allowed
   */
  check(module: string | undefined): Promise<void>;
}

/**
 * The sandbox that the flags ask for; `undefined` if none.
 *
 * @throws {UsageError} a flag has no value, or this program cannot run a sandbox
 */
export async function sandboxOf(
  flags: FlagValues<typeof serveFlags>,
): Promise<Sandbox | undefined> {
  const values = {
    ...{ read: flags.allowRead, write: flags.allowWrite, net: flags.allowNet },
    ...{ env: flags.allowEnv, run: flags.allowRun },
  };
  const permissions: Permissions = Object.fromEntries(
    permissionNames.flatMap((name) => {
      const value = values[name];
      return value === undefined ? [] : [[name, partsOf(name, value)]];
    }),
  );
  if (Object.keys(permissions).length === 0) return undefined;
  if (Deno.build.standalone) await assertPossible(permissions);
  const { environmentOfSandbox } = await import("../../workers/sandbox/environment.ts");
  return {
    permissions,
    environment: environmentOfSandbox(permissions),
    check: async (module) => {
      const { assertNoWayOut } = await import("./sandbox_links.ts");
      if (module !== undefined && isPythonFile(module)) {
        throw new UsageError(
          `Cannot serve ${module} in a sandbox: --allow-... flags narrow modules of TypeScript and ` +
            "JavaScript only",
        );
      }
      await assertNoWayOut("--allow-read", permissions.read ?? []);
      await assertNoWayOut("--allow-write", permissions.write ?? []);
      const { checkModule, fetchForWorker } = await import("./sandbox_module.ts");
      await Promise.all([
        fetchForWorker(),
        ...(module === undefined ? [] : [checkModule(module, permissions)]),
      ]);
    },
  };
}

function partsOf(name: string, value: string): string[] {
  const parts = value.split(",");
  if (parts.some((part) => part.trim() === "")) {
    throw new UsageError(
      `Cannot allow ${JSON.stringify(value)}: --allow-${name} needs names, separated by commas`,
    );
  }
  return parts;
}

/** @throws {UsageError} a binary cannot make this sandbox here */
async function assertPossible({ read = [], write = [] }: Permissions): Promise<void> {
  const { landlockVersion } = await import("../../workers/sandbox/landlock.ts");
  if (landlockVersion() === 0) {
    throw new UsageError(
      "Cannot narrow what procedures may touch: a binary needs Landlock for that, which Linux has since " +
        "5.13 unless it is switched off or a container forbids it; run rpc by deno, where --allow-... flags " +
        "work on all systems",
    );
  }
  const { realPath, isIn } = await import("./sandbox_links.ts");
  for (const path of [...read, ...write]) {
    const real = await realPath(path);
    if (isIn("/proc", real) || isIn(real, "/proc")) {
      throw new UsageError(
        `Cannot allow ${path} in a binary: it holds /proc, which shows the secrets of processes; name ` +
          "smaller directories",
      );
    }
    if (await Deno.stat(path).then(() => false, () => true)) {
      throw new UsageError(
        `Cannot allow ${path} in a binary: there is no such file or directory, and rights are given only ` +
          "to what is there; make it first, or name a directory",
      );
    }
  }
}
