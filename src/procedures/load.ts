/** Loads a user's module as procedures. It need not import anything of ours: functions suffice. */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as z from "zod";
import { isOfParameters } from "./input_schema.ts";
import { loadProblem } from "./load_problem.ts";
import { parametersOf } from "./parameter_names.ts";
import {
  defineProcedure,
  type Handler,
  isGenerator,
  type Procedure,
  type Procedures,
} from "./procedure.ts";

/** JSON-RPC keeps these names for itself. */
const reservedPrefix = "rpc.";

/**
 * Loads the module at `path` (absolute, relative to the working directory, or a `file:` URL) and
 * returns what it exports under the exported names:
 *
 * - a procedure made by `defineProcedure`, unchanged, but with kind `cpu` in place of `inline`:
 *   modules are not loaded into the process that owns the sockets;
 * - any other function, as a `cpu` procedure that is not idempotent, takes at least as many values
 *   as it declares, and takes and returns any JSON.
 *
 * Other exports (constants, classes, types) are left alone.
 *
 * @throws {Error} if it cannot be loaded (with the file and line), exports nothing that can be
 * called, or exports something callable under a name that nobody could call
 */
export async function loadModule(path: string): Promise<Procedures> {
  const url = path.startsWith("file:") ? path : pathToFileURL(resolve(path)).href;
  let exports: Record<string, unknown>;
  try {
    exports = await import(url);
  } catch (cause) {
    const problem = loadProblem(cause, url, Deno.build.standalone);
    throw new Error(`Cannot load ${path}: ${problem}`, { cause });
  }
  const procedures: Record<string, Procedure> = {};
  for (const [name, value] of Object.entries(exports)) {
    const procedure = toProcedure(value);
    if (procedure === undefined) continue;
    if (name === "default" || name.startsWith(reservedPrefix)) {
      const why = name === "default"
        ? "a default export has no name to call it by"
        : `names that begin with "${reservedPrefix}" belong to the protocol`;
      throw new Error(`Cannot publish "${name}" of ${path}: ${why}. Export it under another name`);
    }
    procedures[name] = procedure;
  }
  if (Object.keys(procedures).length === 0) {
    throw new Error(
      `Cannot publish ${path}: it exports no function. Write \`export function ...\``,
    );
  }
  return procedures;
}

function toProcedure(value: unknown): Procedure | undefined {
  if (isProcedure(value)) {
    // It may come from an older `defineProcedure`, or from none.
    const procedure = isOfParameters(value.input) ? value : defineProcedure<z.ZodType, z.ZodType>(
      value,
      value.handler as Handler<z.ZodType, z.ZodType>,
    );
    return procedure.kind === "inline" ? { ...procedure, kind: "cpu" } : procedure;
  }
  if (typeof value !== "function" || isClass(value)) return undefined;
  const parameters = parametersOf(value);
  const items = parameters.map(({ fallback }, index) => {
    if (index < value.length) return z.unknown();
    const item = z.unknown().optional();
    // The default is only published: the function fills it in itself.
    return fallback === undefined ? item : item.meta({ default: fallback.value });
  });
  return defineProcedure({
    // The types of zod's tuple() want to know how many items there are.
    input: z.tuple(items as [z.ZodUnknown], z.unknown()),
    names: parameters.map(({ name }) => name),
    output: z.unknown(),
    stream: isGenerator(value),
  }, (params: readonly unknown[]) => Reflect.apply(value, undefined, params));
}

/** By shape and not by identity: the module may have imported another copy of this library. */
function isProcedure(value: unknown): value is Procedure {
  return typeof value === "object" && value !== null &&
    "handler" in value && typeof value.handler === "function" &&
    "kind" in value && "idempotent" in value &&
    "names" in value && Array.isArray(value.names) &&
    "input" in value && isSchema(value.input) && "output" in value && isSchema(value.output);
}

function isSchema(value: unknown): boolean {
  return typeof value === "object" && value !== null && "_zod" in value;
}

function isClass(value: CallableFunction): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}
