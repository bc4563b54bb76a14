/**
 * Says in one line why a user's module cannot be loaded. The compiled binary words its errors
 * differently from Deno, and both are handled here.
 */

import { messageOf } from "../base/errors.ts";
import { importProblem } from "./import_problem.ts";

/** Names of syntax errors in the binary's parser, those that are met most, in plain words. */
const parserWords: Readonly<Record<string, string>> = {
  ExpectedIdent: "Expected a name",
  TS1109: "Expected an expression",
  TS1003: "Expected a name",
  TS1005: "Expected another sign",
  UnterminatedStrLit: "A text in quotes does not end",
  UnterminatedTpl: "A text in backticks does not end",
  UnterminatedBlockComment: "A comment does not end",
  UnterminatedRegExp: "A regular expression does not end",
  Eof: "The file ends too early",
};

/**
 * The problem in one line, with file, line and column where they are known.
 *
 * @param isBinary whether this program is a compiled binary, which holds only its own packages
 */
export function loadProblem(thrown: unknown, url: string, isBinary: boolean): string {
  const message = messageOf(thrown);
  return importProblem(message, url) ?? parserProblem(message) ??
    packageProblem(message, isBinary) ?? `${reasonOf(message)}${placeOf(thrown, url)}`;
}

/** A syntax error in the binary's own form, a debug print of its parser's error. */
function parserProblem(message: string): string | undefined {
  if (!message.startsWith("JsErrorBox")) return undefined;
  const [, path] = /\bpath: "((?:[^"\\]|\\.)*)"/.exec(message) ?? [];
  const [, offset] = /\brange: SourceRange \{ start: SourcePos\((\d+)\)/.exec(message) ?? [];
  const [, kind = ""] = /\bkind: (.*?), source: SourceTextInfo/s.exec(message) ?? [];
  const [name = ""] = /^\w+/.exec(kind) ?? [];
  const words = parserWords[name] ?? (detailsOf(name, kind) || "It cannot be read");
  if (path === undefined || offset === undefined) return words;
  const place = placeAt(decodeURI(path), Number(offset));
  return `${words} at file://${path}${place}`;
}

/** What was expected and what was found, or else the error's name in words. */
function detailsOf(name: string, kind: string): string {
  const [, got] = /got: "((?:[^"\\]|\\.)*)"/.exec(kind) ?? [];
  const [, expected] = /expected: "((?:[^"\\]|\\.)*)"/.exec(kind) ?? [];
  if (got !== undefined || expected !== undefined) {
    return [
      expected === undefined ? "" : `Expected ${expected}`,
      got === undefined ? "" : `${expected === undefined ? "Unexpected" : "got"} ${got}`,
    ].filter(Boolean).join(", ");
  }
  const [, ...texts] = [...kind.matchAll(/[("]((?:[^"\\]|\\.)+)"/g)].map(([, text]) => text);
  const words = name.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return [words.charAt(0).toUpperCase() + words.slice(1), ...texts].join(" ").trim();
}

/** `:line:column` of a byte offset in a file; empty if the file cannot be read. */
function placeAt(path: string, offset: number): string {
  const file = Deno.build.os === "windows" ? path.replace(/^\//, "") : path;
  try {
    const before = new TextDecoder().decode(Deno.readFileSync(file).subarray(0, offset));
    const lines = before.split("\n");
    return `:${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}`;
  } catch {
    return "";
  }
}

/** Imports of packages that cannot be resolved, with what to do. */
function packageProblem(message: string, isBinary: boolean): string | undefined {
  const names = 'the names "rpc" and "zod" are known';
  const [, bare] = /^Import "([^"]+)" not a dependency/.exec(message) ?? [];
  if (bare !== undefined) {
    const other = isBinary ? inBinary : `write npm:${bare}@<version>`;
    return `it imports ${JSON.stringify(bare)}: ${names}; ${other}`;
  }
  if (!isBinary) return undefined;
  const [, npm] = /^Could not find constraint '([^']+)'/.exec(message) ?? [];
  if (npm !== undefined) return `it imports npm:${npm}: ${names}; ${inBinary}`;
  const [, remote] = /^Module not found:? "?((?:https?|jsr|npm):[^"\s]+)/.exec(message) ?? [];
  return remote === undefined ? undefined : `it imports ${remote}: ${names}; ${inBinary}`;
}

const inBinary = "a binary holds no other packages and fetches none. Bundle the module into one " +
  "file (deno bundle tasks.ts -o tasks.js, or esbuild), or run rpc from source by Deno";

/** A syntax error comes with an excerpt of the source; only the line with the place is kept. */
function reasonOf(message: string): string {
  const lines = message.split("\n");
  const place = lines.findLast((line) => line.trim().startsWith("at file:"));
  return place === undefined ? lines.join(" ") : `${lines[0]} ${place.trim()}`;
}

/** The place in the module, unless the message tells it already, as for syntax errors. */
function placeOf(thrown: unknown, url: string): string {
  const stack = stackOf(thrown);
  // A stack shows the path unescaped, where the URL has %20 for a space.
  const places = [...stack.matchAll(/file:\/\/[^\n]*?:\d+:\d+/g)].map(([place]) => place);
  const place = places.find((place) => place.startsWith(`${decodeURI(url)}:`));
  return place === undefined ? "" : ` at ${place}`;
}

/** The stack of an error whose message has no place in it; empty otherwise. */
function stackOf(thrown: unknown): string {
  try {
    if (!(thrown instanceof Error) || thrown.message.includes("file://")) return "";
    return String(thrown.stack ?? "");
  } catch {
    // A getter or a proxy that a module throws may throw in turn.
    return "";
  }
}
