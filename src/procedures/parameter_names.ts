/** Reads a function's parameters from its source text: at run time that has names and defaults. */

import { type DocComment, readDocComment } from "./doc_comment.ts";

/** One parameter. */
export interface SourceParameter {
  readonly name: string;
  /** Its default, if that is a literal. In an object, since the value may be anything. */
  readonly fallback?: { readonly value: unknown };
}

/** A name in plain ASCII, as nearly all are. */
const plainName = "[A-Za-z_$][\\w$]*";
/** Any name. V8 takes a millisecond to make the tables of such a pattern, also of one not used. */
const anyName = "[\\p{ID_Start}$_][\\p{ID_Continue}$\\u200c\\u200d]*";
const plainPatterns = patternsOf(plainName, "");
let anyPatterns: typeof plainPatterns | undefined;

/** A whole list of names and nothing else, which most functions have. */
const plainList = /^(?:async\s+)?(?:function\b\s*\*?\s*[\w$]*\s*)?\(([\w$\s,]*)\)/;

/** One token: a comment, a string, a regular expression after an operator, or a character. */
const piece =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\[\s\S]|[^'\\])*'|"(?:\\[\s\S]|[^"\\])*"|`(?:\\[\s\S]|[^`\\])*`|(?<=[=(,[{:?&|!]\s*)\/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\[\n])+\/|[\s\S]/gy;

/**
 * The names of a function's parameters, with those that have defaults and without the rest
 * parameter. A parameter without a name, as in `([first]) => ...`, is called `arg1`, `arg2` and
 * so on by its position.
 */
export function parameterNames(value: CallableFunction): string[] {
  return parametersOf(value).map(({ name }) => name);
}

/** Whether a function is written with an asterisk, so that it returns items. */
export function isGenerator(value: CallableFunction): boolean {
  return /^\[object (Async)?GeneratorFunction\]$/.test(Object.prototype.toString.call(value));
}

/** A parameter that a function takes apart by name. */
interface Members {
  readonly members: readonly SourceParameter[];
  /** Whether it takes others too: `...rest`. */
  readonly isOpen: boolean;
}

/**
 * What a function takes out of its only parameter by name, as in `({ width, height = 2 }) => ...`,
 * which is how JavaScript has named parameters. `undefined`: it takes others, or computes a name.
 */
export function membersOf(value: CallableFunction): Members | undefined {
  const [only = "", ...others] = listOf(Function.prototype.toString.call(value));
  if (others.length > 0 || !only.startsWith("{")) return undefined;
  const texts = partsOf(only, "{");
  const members = texts.filter((text) => !text.startsWith("...")).map(memberOf);
  const names = new Set(members.map((member) => member?.name));
  const isPlain = !names.has(undefined) && names.size === members.length;
  if (!isPlain || texts.length === 0) return undefined;
  return { members: members as SourceParameter[], isOpen: members.length < texts.length };
}

/** One of `a`, `a = 1`, `a: name` and `a: { ... } = 1`; `undefined`: its name is no plain one. */
function memberOf(text: string): SourceParameter | undefined {
  const [, name, sign, rest = ""] = /^([^\s=:]+)\s*(?:([=:])([\s\S]*))?$/.exec(text) ?? [];
  if (name === undefined || !patternsFor(name).identifier.test(name)) return undefined;
  const fallback = sign === "=" ? plainValue(rest.trim()) : undefined;
  return { name, ...(fallback === undefined ? {} : { fallback }) };
}

/** {@link parameterNames} with their defaults. */
export function parametersOf(value: CallableFunction): SourceParameter[] {
  const found = listOf(Function.prototype.toString.call(value))
    .filter((text) => !text.startsWith("..."))
    .map((text, index) => {
      const equals = text.indexOf("=");
      const name = (equals < 0 ? text : text.slice(0, equals)).trim();
      if (!patternsFor(name).identifier.test(name)) return { name: `arg${index + 1}` };
      const fallback = equals < 0 ? undefined : plainValue(text.slice(equals + 1).trim());
      return { name, ...(fallback === undefined ? {} : { fallback }) };
    });
  const areDistinct = new Set(found.map(({ name }) => name)).size === found.length;
  if (found.length >= value.length && areDistinct) return found;
  return Array.from({ length: value.length }, (_, index) => ({ name: `arg${index + 1}` }));
}

/** What a source text says of a function, of which nothing is left at run time. */
export interface Definition extends DocComment {
  /**
   * The parameters that a caller may leave out without a default: `b?: number` in TypeScript, and
   * what its JSDoc marks so.
   */
  readonly optional: ReadonlySet<string>;
}

/** Where a name is defined, perhaps behind the end of a comment. */
const definition =
  /(\*\/\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?)?\b(?:function\b[\s*]*|(?:const|let|var)\s+)([\w$\x80-\uffff]+)/g;

/** A function in an object, behind the end of a comment: without one it could be a call. */
const member =
  /(\*\/)\s*(?:async\s+)?(?:\*\s*)?([\w$\x80-\uffff]+)\s*(?=\(|:\s*(?:async\s*)?(?:\(|function\b))/g;

/** How far a comment is looked for before a function, and its parameters behind: UTF-16 units. */
const lookedAtMax = 16 * 1024;

/** Where a function is defined. */
interface Place {
  readonly name: string;
  /** Behind its name. */
  readonly end: number;
  /** Its JSDoc's text; `undefined`: it has none. */
  readonly doc: string | undefined;
}

function placesOf(pattern: RegExp, source: string): Place[] {
  return Array.from(source.matchAll(pattern), (found) => ({
    name: found[2] as string,
    end: found.index + found[0].length,
    doc: found[1] === undefined ? undefined : docBefore(source, found.index),
  }));
}

/** The text of a JSDoc comment that ends at a place, which is looked for from there backwards. */
function docBefore(source: string, end: number): string | undefined {
  const before = source.slice(Math.max(0, end - lookedAtMax), end);
  const begin = before.lastIndexOf("/**");
  const doc = before.slice(begin + "/**".length);
  return begin < 0 || doc.includes("*/") ? undefined : doc;
}

/**
 * Reads the definitions in a source text, which is gone through here, once for all functions.
 *
 * @returns finds them by the function's name; `undefined`: the text defines no such function
 */
export function definitionsIn(source: string): (name: string) => Definition | undefined {
  const definitions = Map.groupBy(placesOf(definition, source), ({ name }) => name);
  const documented = placesOf(member, source).filter(({ doc }) => doc !== undefined);
  const members = Map.groupBy(documented, ({ name }) => name);
  return (name) => {
    const found = definitions.get(name) ?? members.get(name);
    if (found === undefined) return undefined;
    const docs = found.map(({ doc = "" }) => readDocComment(doc));
    const optional = new Set(docs.flatMap((doc) => [...doc.optional]));
    // A function with overloads has several definitions: the last one takes what any of them takes.
    for (const { end } of found) {
      for (const text of partsOf(source.slice(end, end + lookedAtMax), "(")) {
        const [, marked] = /^([^\s?:=]+)\s*\?\s*(?::|$)/.exec(text) ?? [];
        if (marked !== undefined) optional.add(marked);
      }
    }
    return {
      optional,
      description: docs.find(({ description }) => description !== "")?.description ?? "",
      params: new Map(docs.flatMap(({ params }) => [...params])),
    };
  };
}

/** The parameters' source texts without comments. */
function listOf(source: string): string[] {
  const [, list] = plainList.exec(source) ?? [];
  if (list !== undefined) return withoutBlanks(list.split(","));
  const [, lonely] = patternsFor(source).lonelyParameter.exec(source) ?? [];
  if (lonely !== undefined) return [lonely];
  return partsOf(source, "(");
}

/** What stands between the commas of the first brackets of a kind, without comments. */
function partsOf(source: string, opening: "(" | "{"): string[] {
  const texts: string[] = [];
  let depth = 0;
  let isInside = false;
  let text = "";
  for (const [part] of source.matchAll(piece)) {
    if (/^\/[/*]/.test(part)) continue;
    if (/^[)\]}]$/.test(part)) depth--;
    if (isInside && depth === 0) break;
    if (part === "," && isInside && depth === 1) {
      texts.push(text);
      text = "";
    } else if (isInside) text += part;
    // Only a bracket at depth 0 opens the list: a computed method name comes before it.
    if (part === opening && depth === 0) isInside = true;
    if (/^[([{]$/.test(part)) depth++;
  }
  texts.push(text);
  return withoutBlanks(texts);
}

function withoutBlanks(texts: readonly string[]): string[] {
  return texts.map((text) => text.trim()).filter((text) => text !== "");
}

/** The patterns for a text with names. */
function patternsFor(text: string): typeof plainPatterns {
  if (/^[\0-\x7f]*$/.test(text)) return plainPatterns;
  return anyPatterns ??= patternsOf(anyName, "u");
}

function patternsOf(name: string, flags: string) {
  return {
    identifier: new RegExp(`^${name}$`, flags),
    lonelyParameter: new RegExp(`^(?:async\\s+)?(${name})\\s*=>`, flags),
  };
}

/** The value of a literal; `undefined` for any other expression. */
function plainValue(text: string): { readonly value: unknown } | undefined {
  const single = /^'((?:[^'"\\])*)'$/.exec(text)?.[1];
  const number = /^-?(?:\d+_)*\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text);
  const json = single === undefined ? number ? text.replaceAll("_", "") : text : `"${single}"`;
  try {
    return { value: JSON.parse(json) };
  } catch {
    return undefined;
  }
}
