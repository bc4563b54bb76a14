/**
 * What in a value JSON cannot express. `JSON.stringify` refuses little and changes the rest in
 * silence: a Map becomes `{}`, NaN null, a typed array an object of indices. So whoever made the
 * value is told which part of it would not arrive, and what to write instead.
 */

import { jsonValuesMax, nestingMax, printedLatinTextMax, printedTextMax } from "../limits.ts";
import { isExactNumber } from "./exact_numbers.ts";

/** A part of a value that would not arrive unchanged. */
export class JsonFault {
  /** What it is, with its article: `a Map`. */
  readonly what: string;
  /** Where: `.users[3]`; empty if it is the value itself. */
  readonly path: string;
  /** What to write instead, as an expression or in words. */
  readonly instead: string;

  constructor(what: string, path: string, instead: string) {
    this.what = what;
    this.path = path;
    this.instead = instead;
  }

  /** The same, seen from the value around. */
  within(step: string): JsonFault {
    return new JsonFault(this.what, step + this.path, this.instead);
  }
}

/**
 * What is to be sent in place of a value, or the first part of it that JSON cannot express. That is
 * mostly the value itself. A getter or a `toJSON` may return something else each time, and
 * `JSON.stringify` reads everything anew: if so, it is a copy of what was looked at.
 *
 * What everybody expects of JSON is no fault: a whole value `undefined` becomes `null`, undefined
 * members are left out, and `toJSON` is obeyed.
 *
 * @throws whatever a getter, a proxy or a `toJSON` throws
 */
export function asJson(value: unknown): unknown {
  // The first walk is fast, since it keeps no path; few values need the second.
  if (value === undefined) return undefined;
  left = jsonValuesMax;
  if (fits(value, 0)) return value;
  // No copy of so many is made.
  if (left < 0) return tooMany();
  left = jsonValuesMax;
  return copyOf(value, { above: [], key: "", isItem: false });
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

/**
 * Whether a value can be sent as it is. All members are read twice: those that are not the same
 * each time do not fit.
 */
function fits(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
      return value.length <= printedTextMax || isPrinted(value);
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value);
    case "bigint": {
      // Many programs give all of them one.
      const { toJSON } = value as { readonly toJSON?: unknown };
      return typeof toJSON === "function" && fitsAsJson(value, toJSON);
    }
    case "object":
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth > nestingMax) return false;
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON === "function") return fitsAsJson(value, toJSON);
  if (Array.isArray(value)) {
    if ((left -= value.length) < 0) return false;
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      if (!fits(item, depth + 1) || value[i] !== item) return false;
    }
    return true;
  }
  if (!isPlain(value)) return false;
  const members = value as Record<string, unknown>;
  for (const key in members) {
    const member = members[key];
    if (members[key] !== member) return false;
    if (member === undefined) continue;
    if (--left < 0) return false;
    // Old libraries give all objects members, which JSON passes over.
    if (!fits(member, depth + 1) && Object.hasOwn(members, key)) return false;
  }
  return true;
}

/** Whether `JSON.stringify` survives a long text. */
function isPrinted(text: string): boolean {
  return text.length <= printedLatinTextMax && !/[^\0-\xff]/.test(text);
}

/** Whether `toJSON` returns the same scalar each time. Whatever else it returns is copied. */
// deno-lint-ignore ban-types
function fitsAsJson(value: object | bigint, toJSON: Function): boolean {
  if (ArrayBuffer.isView(value)) return false;
  const json: unknown = toJSON.call(value, "");
  const isFit = typeof json === "string" || typeof json === "boolean" || Number.isFinite(json);
  return isFit && (value instanceof Date || toJSON.call(value, "") === json);
}

/** Whether an object is a literal, maybe of another realm, or has no prototype. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}

/** Where the second walk is. */
interface Place {
  /** The objects around, the outermost first. */
  readonly above: object[];
  /** What `toJSON` is told: the name of a member, the index of an item. */
  readonly key: string;
  readonly isItem: boolean;
}

/** A copy of a value, of which everything is read once, or its first fault. */
function copyOf(given: unknown, place: Place): unknown {
  if (--left < 0) return tooMany();
  const value = obeyed(given, place.key);
  if (value === undefined && given !== undefined) {
    return place.isItem ? new JsonFault("what toJSON makes undefined of", "", "null") : undefined;
  }
  if (typeof value !== "object" || value === null) return scalarFault(value) ?? value;
  if (isExactNumber(value)) return value;
  const { above } = place;
  if (above.includes(value)) return new JsonFault("a part that contains itself", "", "its id");
  if (above.length > nestingMax) {
    const what = `a part nested deeper than ${nestingMax} levels`;
    return new JsonFault(what, "", "something flatter");
  }
  above.push(value);
  const copy = Array.isArray(value) ? copyOfArray(value, above) : copyOfObject(value, above);
  above.pop();
  return copy;
}

function tooMany(): JsonFault {
  return new JsonFault(`more than ${jsonValuesMax} values`, "", "them in parts, or as a stream");
}

function copyOfArray(array: readonly unknown[], above: object[]): unknown {
  const copy: unknown[] = [];
  for (let i = 0; i < array.length; i++) {
    const item = i in array
      ? copyOf(array[i], { above, key: String(i), isItem: true })
      : new JsonFault("an empty place", "", "null");
    if (item instanceof JsonFault) return item.within(`[${i}]`);
    copy.push(item);
  }
  return copy;
}

function copyOfObject(object: object, above: object[]): unknown {
  const known = knownFault(object);
  if (known !== undefined) return known;
  if (!isPlain(object)) {
    const iterated = iteratedFault(object);
    if (iterated !== undefined) return iterated;
    const what = `an instance of ${nameOf(object)}`;
    return new JsonFault(what, "", "a plain object, or give it a toJSON method");
  }
  // Without a prototype, so that no name is taken for one.
  const copy: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(object)) {
    const given = (object as Readonly<Record<string, unknown>>)[key];
    // What toJSON returns may have that same toJSON, such as the rest of `this` without a part.
    if (given === undefined || (key === "toJSON" && typeof given === "function")) continue;
    const member = copyOf(given, { above, key, isItem: false });
    if (member instanceof JsonFault) return member.within(memberPath(key));
    copy[key] = member;
  }
  return copy;
}

/** What a value is as JSON, by its `toJSON` if it has one. */
function obeyed(value: unknown, key: string): unknown {
  if ((typeof value !== "object" && typeof value !== "bigint") || value === null) return value;
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON !== "function" || ArrayBuffer.isView(value)) return value;
  // An invalid date becomes null.
  return value instanceof Date && Number.isNaN(value.getTime()) ? value : toJSON.call(value, key);
}

function scalarFault(value: unknown): JsonFault | undefined {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value)
        ? undefined
        : new JsonFault(String(value), "", "null, or a text");
    case "string": {
      if (value.length <= printedTextMax || isPrinted(value)) return undefined;
      const what = `a text of ${value.length} characters`;
      return new JsonFault(what, "", "it in parts, as a list of texts or a stream");
    }
    case "bigint":
      return new JsonFault("a BigInt", "", "String(value)");
    case "function":
      return new JsonFault("a function", "", "what it returns");
    case "symbol":
      return new JsonFault("a symbol", "", "its description");
    case "undefined":
      return new JsonFault("undefined", "", "null");
    default:
      return undefined;
  }
}

/** Objects that people return by mistake, and what they most likely meant. */
function knownFault(value: object): JsonFault | undefined {
  const instead = insteadOf(value);
  if (instead === undefined) return undefined;
  const name = nameOf(value);
  const what = value instanceof Date
    ? "an invalid Date"
    : `${/^[aeiou]/i.test(name) && !/^uint/i.test(name) ? "an" : "a"} ${name}`;
  return new JsonFault(what, "", instead);
}

/** What gives items, which most likely were to be a stream: a generator that another one called. */
function iteratedFault(value: object): JsonFault | undefined {
  if (Symbol.asyncIterator in value) {
    const instead = "await Array.fromAsync(items), or let an async function* yield* them";
    return new JsonFault("an async iterable", "", instead);
  }
  if (!(Symbol.iterator in value && "next" in value)) return undefined;
  return new JsonFault("an iterator", "", "[...items], or let a function* yield* them");
}

function insteadOf(value: object): string | undefined {
  if (value instanceof Map) return "Object.fromEntries(map)";
  if (value instanceof Set) return "[...set]";
  if (value instanceof Error) return "error.message, or throw it";
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
