/** What a module exports to be called, and under which names. */

import type { Procedure } from "./types.ts";

/** Something that can be called: a procedure, or a plain function. */
export interface Callable {
  readonly value: Procedure | CallableFunction;
  /** What is `this` in it: the object that it is a member of, of a module that exports one. */
  readonly self?: object;
}

/**
 * The procedures and functions among a module's exports. A default export has no name of its own,
 * so a function is taken by the name that it was defined with. An object's members are taken if
 * nothing else can be: it may be meant for another program, and the module be meant for both.
 *
 * @throws {Error} a default export that can be called has no name, or that of another export
 */
export function callableExports(module: Record<string, unknown>): Map<string, Callable> {
  // CommonJS's is the default one once more.
  const { default: main, "module.exports": _, ...named } = module;
  const found = callableMembers(named);
  if (!isCallable(main)) return found.size > 0 ? found : callableMembers(main, true);
  if (Object.values(named).includes(main)) return found;
  const name = typeof main === "function" ? main.name : "";
  if (name === "" || name === "default") {
    throw new Error(
      "its default export has no name to call it by. " +
        "Write `export default function name(...)` or `export const name = ...`",
    );
  }
  if (found.has(name)) {
    throw new Error(`its default export and another one are named "${name}". Rename one of them`);
  }
  return found.set(name, { value: main });
}

/** Instances of classes are left alone: what they inherit was hardly written to be published. */
function callableMembers(object: unknown, isSelf = false): Map<string, Callable> {
  const found = new Map<string, Callable>();
  if (!isPlainObject(object)) return found;
  for (const [name, value] of Object.entries(object)) {
    if (isCallable(value)) found.set(name, isSelf ? { value, self: object } : { value });
  }
  return found;
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isCallable(value: unknown): value is Callable["value"] {
  return typeof value === "function" ? !isClass(value) : isProcedure(value);
}

/** By shape and not by identity: the module may have imported another copy of this library. */
export function isProcedure(value: unknown): value is Procedure {
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
