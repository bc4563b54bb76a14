/** Looks at a module that is to be served in a sandbox: its own files are read without asking. */

import { directoryOf, pathOfFileUrl } from "../../base/paths.ts";
import { configOfProgram, entryOfWorker, moduleUrl } from "../../library/worker_command.ts";
import { withOwnProgram } from "../../workers/process/own_program.ts";
import { filesOfModule, isCode } from "../../workers/sandbox/module_files.ts";
import type { Permissions } from "../../workers/sandbox/permissions.ts";
import { UsageError } from "../../base/command_error.ts";
import { isIn, realPath } from "./sandbox_links.ts";

/** Where this program's own code is, which a module has by the name `rpc`, and its data with it. */
const programDirectory = pathOfFileUrl(new URL("../../", import.meta.url).href);

/** Types of files that are code and not data. */
const codeTypes = /^(JavaScript|TypeScript|JSX|TSX|[MC]js|(D|[DMC]|D[mc])ts|Wasm)$/i;

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

/** A file of a module. */
interface ModuleFile {
  readonly path: string;
  readonly isCode: boolean;
}

/**
 * Looks at the files of a module, and fetches those that are on other machines.
 *
 * @throws {UsageError} one cannot be fetched, is data from outside of what may be read, or may be
 * written
 */
export async function checkModule(
  module: string,
  { read = [], write = [] }: Permissions,
): Promise<void> {
  const files = Deno.build.standalone ? filesByText(module) : await filesByDeno(module);
  // The worker's error about the module will be clearer.
  if (files === undefined) return;
  const config = Deno.build.standalone ? undefined : configOfProgram();
  const paths = files.map(({ path }) => path);
  await assertNotWritten(module, [...paths, ...(config === undefined ? [] : [config])], write);
  const places = [
    directoryOf(pathOfFileUrl(moduleUrl(module))),
    ...(Deno.build.standalone ? [] : [programDirectory]),
    ...read,
  ];
  for (const file of files) {
    const path = await realPath(file.path);
    // A link may have the name of code.
    if (file.isCode && (!Deno.build.standalone || isCode(path))) continue;
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

/** As a binary finds them. */
function filesByText(module: string): ModuleFile[] {
  return filesOfModule(module).map((path) => ({ path, isCode: isCode(path) }));
}

/**
 * Fetches the packages that a worker in a sandbox loads by itself: this process may have needed
 * none of them yet, and the worker may fetch nothing. If that fails, the worker's own error tells.
 */
export async function fetchForWorker(): Promise<void> {
  if (!Deno.build.standalone) await modulesByDeno(entryOfWorker("sandboxed_main.ts"));
}

/** As Deno finds them; `undefined`: it cannot. */
async function filesByDeno(module: string): Promise<ModuleFile[] | undefined> {
  const modules = await modulesByDeno(moduleUrl(module));
  if (modules === undefined) return undefined;
  assertFetched(module, modules);
  return modules.filter(({ specifier }) => specifier.startsWith("file:")).map((one) => ({
    path: pathOfFileUrl(one.specifier),
    isCode: one.kind === "esm" && codeTypes.test(one.mediaType ?? ""),
  }));
}

/** All that a module of this URL consists of, which Deno fetches; `undefined`: it cannot. */
async function modulesByDeno(url: string): Promise<Imported[] | undefined> {
  const config = configOfProgram();
  const [program = "", ...args] = withOwnProgram([
    ...[Deno.execPath(), "info", "--json", "--no-lock"],
    ...(config === undefined ? [] : ["--config", config]),
    url,
  ]);
  const { success, stdout } = await new Deno.Command(program, {
    args,
    stdin: "null",
    stderr: "null",
  }).output();
  if (!success) return undefined;
  const { modules }: { modules: Imported[] } = JSON.parse(new TextDecoder().decode(stdout));
  return modules;
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

/** A restarted worker would load whatever a procedure has written to its own module. */
async function assertNotWritten(
  module: string,
  files: readonly string[],
  writable: readonly string[],
): Promise<void> {
  const places = await Promise.all(writable.map(realPath));
  for (const file of await Promise.all(files.map(realPath))) {
    if (!places.some((place) => isIn(file, place))) continue;
    throw new UsageError(
      `Cannot let procedures write ${file}: ${module} is loaded with it, and workers that are started ` +
        "anew would run what they wrote; name a directory for data in --allow-write",
    );
  }
}
