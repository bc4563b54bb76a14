import { UsageError } from "../../base/command_error.ts";
import type { RunningServerOptions } from "../../library/running/running_server.ts";
import { isPythonFile } from "../../workers/python/python_file.ts";
import type { FlagValues } from "../syntax/flags.ts";
import { wordsOf } from "../syntax/words.ts";
import type { serveFlags } from "./flags.ts";
import { assertModule } from "./module_file.ts";

/** The source of a server's procedures. */
export type Source = Pick<RunningServerOptions, "module" | "exec" | "python" | "builtin">;

/**
 * What the command line has a server publish.
 *
 * @throws {UsageError} it is no module, or flags do not go together
 * @throws {CommandError} there is no such module
 */
export function sourceOf(
  flags: FlagValues<typeof serveFlags>,
  module: string | undefined,
): Source {
  const exec = flags.exec === undefined ? undefined : wordsOf(flags.exec);
  const python = flags.python === undefined ? undefined : programOf(flags.python);
  if (module !== undefined) assertModule(module);
  if (python !== undefined && (module === undefined || !isPythonFile(module))) {
    throw new UsageError(
      "Cannot use --python without a file of Python functions, such as tasks.py",
    );
  }
  if (flags.watch && module === undefined && exec === undefined) {
    throw new UsageError("Cannot watch: --watch needs a module or --exec");
  }
  if (flags.noBuiltin && module === undefined && exec === undefined) {
    throw new UsageError("Cannot serve nothing: --no-builtin needs a module or --exec");
  }
  return { module, exec, python, builtin: !flags.noBuiltin };
}

/** A program and its arguments: a path may contain spaces, a command arguments (`py -3.12`). */
function programOf(text: string): string[] {
  try {
    if (Deno.statSync(text).isFile) return [text];
  } catch {
    // It is not a path, so it is a command.
  }
  return wordsOf(text);
}
