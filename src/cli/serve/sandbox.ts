/** The sandbox of procedures: Deno's permissions for the worker processes. */

import { directoryOf, pathOfFileUrl } from "../../base/paths.ts";
import { isPythonFile } from "../../workers/python/python_file.ts";
import { configOfProgram, moduleUrl } from "../../library/worker_command.ts";
import type { FlagValues } from "../syntax/flags.ts";
import { UsageError } from "../syntax/usage_error.ts";
import type { serveFlags } from "./flags.ts";

const names = ["read", "write", "net", "env", "run"] as const;

/** The error if sandbox flags are combined with another program. */
export const sandboxHoldsNoProgram =
  "The --allow-... flags do not hold for the program of --exec: it gets no new privileges where there is " +
  "setpriv, and may do all else that this user may";

/** A sandbox that the flags ask for. */
export interface Sandbox {
  /** Deno's permission flags. */
  readonly permissions: readonly string[];
  /**
   * Fetches a module's imports, which its worker may not do, and looks for ways out of the sandbox.
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
export function sandboxOf(flags: FlagValues<typeof serveFlags>): Sandbox | undefined {
  const values = {
    ...{ read: flags.allowRead, write: flags.allowWrite, net: flags.allowNet },
    ...{ env: flags.allowEnv, run: flags.allowRun },
  };
  const permissions = names.flatMap((name) => {
    const value = values[name];
    if (value === undefined) return [];
    if (value.split(",").some((part) => part.trim() === "")) {
      throw new UsageError(
        `Cannot allow ${JSON.stringify(value)}: --allow-${name} needs names, separated by commas`,
      );
    }
    return [`--allow-${name}=${value}`];
  });
  if (permissions.length === 0) return undefined;
  if (Deno.build.standalone) {
    throw new UsageError(
      "Cannot narrow what procedures may touch in a compiled program: --allow-... flags work where rpc is " +
        "run by deno",
    );
  }
  return {
    permissions,
    check: async (module) => {
      const { assertNoWayOut } = await import("./sandbox_links.ts");
      if (module !== undefined && isPythonFile(module)) {
        throw new UsageError(
          `Cannot serve ${module} in a sandbox: --allow-... flags narrow modules of TypeScript and ` +
            "JavaScript only",
        );
      }
      await assertNoWayOut("--allow-read", pathsOf(flags.allowRead));
      await assertNoWayOut("--allow-write", pathsOf(flags.allowWrite));
      if (module !== undefined) {
        await checkModule(module, pathsOf(flags.allowRead), pathsOf(flags.allowWrite));
      }
    },
  };
}

/** Where this program's own code is, which a module has by the name `rpc`, and its data with it. */
const programDirectory = pathOfFileUrl(new URL("../../", import.meta.url).href);

/** Types of files that are code and not data. */
const codeTypes = /^(JavaScript|TypeScript|JSX|TSX|[MC]js|(D|[DMC]|D[mc])ts|Wasm)$/i;

function pathsOf(list = ""): string[] {
  return list.split(",").filter((path) => path !== "");
}

/** A module of a program, as `deno info` tells it. */
interface Imported {
  readonly specifier: string;
  readonly kind?: string;
  readonly mediaType?: string;
  /** Why it could not be fetched. */
  readonly error?: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly code?: { readonly specifier?: string };
    readonly isDynamic?: boolean;
  }[];
}

/**
 * What a module needs of other machines must have been fetched: the worker may not do that, and its
 * own error tells of a cache. An import by `import()` may fail.
 *
 * @throws {UsageError} it could not be
 */
function assertFetched(module: string, modules: readonly Imported[]): void {
  const needed = new Set(
    modules.flatMap(({ dependencies = [] }) =>
      dependencies.flatMap(({ code, isDynamic }) => isDynamic ? [] : code?.specifier ?? [])
    ),
  );
  for (const { specifier, error } of modules) {
    if (error === undefined || specifier.startsWith("file:") || !needed.has(specifier)) continue;
    const why = /^Requires import access/.test(error)
      ? "in a sandbox code comes from files, npm, and hosts that Deno trusts by itself"
      : error;
    throw new UsageError(`Cannot load ${module}: import of ${specifier} failed: ${why}`);
  }
}

async function checkModule(
  module: string,
  readable: readonly string[],
  writable: readonly string[],
): Promise<void> {
  const { isIn, realPath } = await import("./sandbox_links.ts");
  const config = configOfProgram();
  const url = moduleUrl(module);
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["info", "--json", "--no-lock"],
      ...(config === undefined ? [] : ["--config", config]),
      url,
    ],
    stdin: "null",
    stderr: "null",
  }).output();
  // The worker's error about the module will be clearer.
  if (!success) return;
  const { modules }: { modules: Imported[] } = JSON.parse(new TextDecoder().decode(stdout));
  assertFetched(module, modules);
  const own = modules.filter(({ specifier }) => specifier.startsWith("file:"))
    .map(({ specifier }) => pathOfFileUrl(specifier));
  await assertNotWritten(module, [...own, ...(config === undefined ? [] : [config])], writable);
  const places = [directoryOf(pathOfFileUrl(url)), programDirectory, ...readable];
  for (const { specifier, kind, mediaType } of modules) {
    if (!specifier.startsWith("file:")) continue;
    if (kind === "esm" && codeTypes.test(mediaType ?? "")) continue;
    const path = await realPath(pathOfFileUrl(specifier));
    const inside = await Promise.all(
      places.map(async (place) => isIn(path, await realPath(place))),
    );
    if (inside.includes(true)) continue;
    throw new UsageError(
      `Cannot serve ${module} in a sandbox: it imports ${path}, which is no code, from outside of its own ` +
        "directory and of --allow-read",
    );
  }
}

/** A restarted worker would load whatever a procedure has written to its own module. */
async function assertNotWritten(
  module: string,
  files: readonly string[],
  writable: readonly string[],
): Promise<void> {
  const { isIn, realPath } = await import("./sandbox_links.ts");
  const places = await Promise.all(writable.map(realPath));
  for (const file of await Promise.all(files.map(realPath))) {
    if (!places.some((place) => isIn(file, place))) continue;
    throw new UsageError(
      `Cannot let procedures write ${file}: ${module} is loaded with it, and workers that are started ` +
        "anew would run what they wrote; name a directory for data in --allow-write",
    );
  }
}
