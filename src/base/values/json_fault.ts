/**
 * What in a value JSON cannot express. `JSON.stringify` refuses little and changes the rest in
 * silence: a Map becomes `{}`, NaN null, a typed array an object of indices. So whoever made the
 * value is told which part of it would not arrive, and what to write instead.
 */

import { jsonValuesMax, nestingMax } from "../limits.ts";

/** A part of a value that would not arrive unchanged. */
export interface JsonFault {
  /** What it is, with its article: `a Map`. */
  readonly what: string;
  /** Where: `.users[3]`; empty if it is the value itself. */
  readonly path: string;
  /** What to write instead, as an expression or in words. */
  readonly instead: string;
}

/**
 * The first part of a value that JSON cannot express, if there is one. What everybody expects of
 * JSON is no fault: a whole value `undefined` becomes `null`, undefined members are left out, and
 * `toJSON` is obeyed.
 *
 * @throws whatever a getter, a proxy or a `toJSON` throws
 */
export function jsonFaultOf(value: unknown): JsonFault | undefined {
  // The first walk is fast, since it keeps no path; only faulty values need the second.
  if (value === undefined) return undefined;
  left = jsonValuesMax;
  if (fits(value, 0)) return undefined;
  left = jsonValuesMax;
  return faultAt(value, "", []) ??
    { what: "something that changes while it is read", path: "", instead: "a copy" };
}

/** As `JSON.stringify`, which takes three times as long for an array of one number. */
export function jsonOf(value: unknown): string {
  if (!Array.isArray(value) || value.length !== 1 || "toJSON" in value) {
    return JSON.stringify(value);
  }
  const only: unknown = value[0];
  return Number.isFinite(only) ? `[${only}]` : JSON.stringify(value);
}

/** A fault as the end of a sentence. @param verb what to do instead: `return`, `pass` */
export function describeFault({ what, path, instead }: JsonFault, verb: string): string {
  const where = path === "" ? "" : ` at ${path}`;
  return `${what}${where}, which JSON cannot express: ${verb} ${instead}`;
}

/** How many more values a walk may visit: a value that shares its parts can have very many. */
let left = 0;

/** @param isItem whether it is an array's item, which cannot be left out */
function fits(value: unknown, depth: number, isItem = false): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value);
    case "bigint": {
      // Many programs give all of them one.
      const { toJSON } = value as { readonly toJSON?: unknown };
      return typeof toJSON === "function" && fitsAsJson(value, toJSON, depth, isItem);
    }
    case "object":
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth > nestingMax) return false;
  if (Array.isArray(value)) {
    if ((left -= value.length) < 0) return false;
    for (let i = 0; i < value.length; i++) if (!fits(value[i], depth + 1, true)) return false;
    return true;
  }
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON === "function") return fitsAsJson(value, toJSON, depth, isItem);
  if (!isPlain(value)) return false;
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    if (--left < 0 || !fits(member, depth + 1)) return false;
  }
  return true;
}

function fitsAsJson(
  value: object | bigint,
  // deno-lint-ignore ban-types
  toJSON: Function,
  depth: number,
  isItem: boolean,
): boolean {
  if (ArrayBuffer.isView(value)) return false;
  const json = toJSON.call(value, "");
  // An invalid date becomes null.
  if (json === null && value instanceof Date) return false;
  // JSON.stringify does not call toJSON of what toJSON returned.
  if (json === undefined) return !isItem;
  if (typeof json === "bigint") return false;
  return json === value ? isPlain(json) : fits(json, depth);
}

/** Whether an object is a literal, maybe of another realm, or has no prototype. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}

/** As {@link fits}, but it finds the fault and its path. */
function faultAt(
  value: unknown,
  path: string,
  above: readonly object[],
  isItem = false,
): JsonFault | undefined {
  const fault = (what: string, instead: string) => ({ what, path, instead });
  if (--left < 0) {
    return fault(`more than ${jsonValuesMax} values`, "them in parts, or as a stream");
  }
  if (typeof value !== "object" || value === null) return scalarFault(value, path);
  if (above.includes(value)) return fault("a part that contains itself", "its id");
  if (above.length > nestingMax) {
    return fault(`a part nested deeper than ${nestingMax} levels`, "something flatter");
  }
  const inside = [...above, value];
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const found = i in value
        ? faultAt(value[i], `${path}[${i}]`, inside, true)
        : { what: "an empty place", path: `${path}[${i}]`, instead: "null" };
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const known = knownFault(value, path);
  if (known !== undefined) return known;
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON === "function") {
    const json: unknown = toJSON.call(value, "");
    if (json === undefined && isItem) return fault("what toJSON makes undefined of", "null");
    return json === value || json === undefined ? undefined : faultAt(json, path, inside);
  }
  if (!isPlain(value)) {
    return fault(`an instance of ${nameOf(value)}`, "a plain object, or give it a toJSON method");
  }
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    const found = member === undefined
      ? undefined
      : faultAt(member, path + memberPath(key), inside);
    if (found !== undefined) return found;
  }
  return undefined;
}

function scalarFault(value: unknown, path: string): JsonFault | undefined {
  const fault = (what: string, instead: string) => ({ what, path, instead });
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? undefined : fault(String(value), "null, or a text");
    case "bigint":
      return fits(value, 0) ? undefined : fault("a BigInt", "String(value)");
    case "function":
      return fault("a function", "what it returns");
    case "symbol":
      return fault("a symbol", "its description");
    case "undefined":
      return fault("undefined", "null");
    default:
      return undefined;
  }
}

/** Objects that people return by mistake, and what they most likely meant. */
function knownFault(value: object, path: string): JsonFault | undefined {
  const instead = insteadOf(value);
  if (instead === undefined) return undefined;
  const name = nameOf(value);
  const what = value instanceof Date
    ? "an invalid Date"
    : `${/^[aeiou]/i.test(name) && !/^uint/i.test(name) ? "an" : "a"} ${name}`;
  return { what, path, instead };
}

function insteadOf(value: object): string | undefined {
  if (value instanceof Map) return "Object.fromEntries(map)";
  if (value instanceof Set) return "[...set]";
  if (value instanceof Error) {
    return "toJSON" in value && typeof value.toJSON === "function"
      ? undefined
      : "error.message, or throw it";
  }
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? "null, or a valid one" : undefined;
  }
  if (value instanceof Uint8Array) return "bytes.toBase64()";
  if (value instanceof DataView) return "new Uint8Array(view.buffer).toBase64()";
  if (ArrayBuffer.isView(value)) return "[...array]";
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    return "new Uint8Array(buffer).toBase64()";
  }
  if (value instanceof RegExp) return "String(pattern)";
  if (value instanceof Promise) return "what it resolves to: await it";
  if (value instanceof WeakMap || value instanceof WeakSet) return "something that can be listed";
  if (value instanceof Number || value instanceof String || value instanceof Boolean) {
    return "value.valueOf()";
  }
  return undefined;
}

function nameOf(value: object): string {
  const { constructor } = value;
  // An object may have no constructor, or anything under its name.
  const name = typeof constructor === "function" ? constructor.name : "";
  return name === "" ? "a class without a name" : name;
}

function memberPath(key: string): string {
  // No literal: the tables of its letters would be made wherever this file is loaded.
  const name = new RegExp("^[\\p{ID_Start}_$][\\p{ID_Continue}$]*$", "u");
  return name.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
