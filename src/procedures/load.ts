/** Loads a user's module as procedures. It need not import anything of ours: functions suffice. */

import type * as z from "zod";
import { systemClock } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import { methodLengthMax } from "../base/limits.ts";
import { absolutePath, fileUrlOf } from "../base/paths.ts";
import { type Callable, callableExports, isProcedure } from "./module_exports.ts";
import { plainFunction } from "./plain/plain_function.ts";
import type { AnyProcedure, AnyProcedures } from "./plain/plain_procedure.ts";
import { SourceTexts } from "./plain/source_texts.ts";
import type { Handler, Procedure } from "./types.ts";

/** JSON-RPC keeps these names for itself. */
const reservedPrefix = "rpc.";

/**
 * Loads the module at `path` (absolute, relative to the working directory, or a `file:` URL) and
 * returns what it exports under the exported names:
 *
 * - a procedure made by `defineProcedure`, unchanged, but with kind `cpu` in place of `inline`:
 *   modules are not loaded into the process that owns the sockets;
 * - any other function, as a `cpu` procedure that is not idempotent, takes at least as many values
 *   as it declares without `?`, takes and returns any JSON, and is described by its JSDoc.
 *
 * A default export that is a function is published under the name that it was defined with; the
 * functions and procedures in an object, under theirs, if the module exports no others. Other
 * exports (constants, classes, types) are left alone.
 *
 * @throws {Error} if it cannot be loaded (with the file and line), exports nothing that can be
 * called, or exports something callable under a name that nobody could call
 */
export async function loadModule(path: string): Promise<AnyProcedures> {
  const url = path.startsWith("file:") ? path : fileUrlOf(absolutePath(path));
  let exports: Record<string, unknown>;
  try {
    exports = await imported(url);
  } catch (cause) {
    const { loadProblem } = await import("./problems/load_problem.ts");
    const problem = loadProblem(cause, url, Deno.build.standalone);
    throw new Error(`Cannot load ${path}: ${problem}`, { cause });
  }
  const procedures: Record<string, AnyProcedure> = {};
  const texts = new SourceTexts(url);
  for (const [name, { value, self }] of callablesOf(exports, path)) {
    const why = whyUncallable(name);
    if (why !== undefined) {
      throw new Error(`Cannot publish "${name}" of ${path}: ${why}. Export it under another name`);
    }
    procedures[name] = isProcedure(value)
      ? await adopted(value)
      : plainFunction(value, await texts.said(value), self);
  }
  return procedures;
}

function callablesOf(exports: Record<string, unknown>, path: string): Map<string, Callable> {
  let problem = "it exports no function. Write `export function ...`";
  try {
    const callables = callableExports(exports);
    if (callables.size > 0) return callables;
  } catch (error) {
    problem = messageOf(error);
  }
  throw new Error(`Cannot publish ${path}: ${problem}`);
}

/** Why nobody could call a procedure under a name; `undefined`: it can be called. */
function whyUncallable(name: string): string | undefined {
  if (name.startsWith(reservedPrefix)) {
    return `names that begin with "${reservedPrefix}" belong to the protocol`;
  }
  if (name.length <= methodLengthMax) return undefined;
  return `a name has at most ${methodLengthMax} characters`;
}

/** How long a module is waited for before it is asked whether it can be had at all. */
const thenableAfterMs = 1_000;

/**
 * Imports a module, or says that it exports a function `then`: `import()` calls that function in
 * place of handing the module over, as `await` does, and may wait for it for ever.
 *
 * @throws what `import()` throws
 * @throws {Error} the module is such a one
 */
async function imported(url: string): Promise<Record<string, unknown>> {
  const { promise: isLate, resolve } = Promise.withResolvers<void>();
  const timer = systemClock.after(thenableAfterMs, resolve);
  try {
    return await Promise.race([import(url), isLate.then(() => refuseThenable(url))]);
  } finally {
    timer.cancel();
  }
}

/** Rejects if the module has loaded and exports a function `then`. Otherwise it waits for ever. */
async function refuseThenable(url: string): Promise<never> {
  // A static import binds the module as it is. It is loaded already, so it does not run again.
  const text = `import * as module from ${JSON.stringify(url)}; export { module };`;
  const { module } = await import(`data:text/javascript,${encodeURIComponent(text)}`);
  if (typeof module.then !== "function") return await new Promise<never>(() => {});
  throw new Error(
    'it exports a function "then", which import() calls. Export it under another name',
  );
}

/**
 * A procedure that was defined with schemas, which are read by the modules loaded here. It may come
 * from another version of `defineProcedure`, or be written by hand.
 */
async function adopted(value: Procedure): Promise<Procedure> {
  const [{ isOfParameters }, { defineProcedure }] = await Promise.all([
    import("./input_schema.ts"),
    import("./procedure.ts"),
  ]);
  const procedure = isOfParameters(value.input) ? value : defineProcedure<z.ZodType, z.ZodType>(
    value,
    value.handler as Handler<z.ZodType, z.ZodType>,
  );
  return procedure.kind === "inline" ? { ...procedure, kind: "cpu" } : procedure;
}
