/**
 * Says in one line why a user's module cannot be loaded. The compiled binary words its errors
 * differently from Deno, and both are handled here.
 */

import { messageOf } from "../../base/errors.ts";
import { boxProblem } from "./box_problem.ts";
import { importProblem } from "./import_problem.ts";

/**
 * The problem in one line, with file, line and column where they are known.
 *
 * @param isBinary whether this program is a compiled binary, which holds only its own packages
 */
export function loadProblem(thrown: unknown, url: string, isBinary: boolean): string {
  const message = messageOf(thrown);
  return importProblem(message, url) ?? boxProblem(message) ??
    packageProblem(message, isBinary) ??
    `${reasonOf(message)}${placeOf(thrown, url)}${formHint(message)}`;
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

/** What to do if the module is of the older kind, which Node has beside the standard one. */
function formHint(message: string): string {
  return /^(?:module|exports|require) is not defined\b/.test(message)
    ? ": a CommonJS module's name ends in .cjs; others have import and export"
    : "";
}

/** A syntax error comes with an excerpt of the source; only the line with the place is kept. */
function reasonOf(message: string): string {
  const lines = message.split("\n");
  const place = lines.findLast((line) => line.trim().startsWith("at file:"));
  return place === undefined ? lines.join(" ") : `${lines[0]} ${place.trim()}`;
}

/** The place in the module, unless the message tells it already, as for syntax errors. */
function placeOf(thrown: unknown, url: string): string {
  const stack = stackOf(thrown);
  // A stack shows some parts of a path unescaped, where the URL has %20 for a space.
  const places = [...stack.matchAll(/file:\/\/[^\n]*?:\d+:\d+/g)].map(([place]) => place);
  const place = places.find((place) => unescaped(place).startsWith(`${unescaped(url)}:`));
  return place === undefined ? "" : ` at ${place}`;
}

function unescaped(url: string): string {
  try {
    return decodeURI(url);
  } catch {
    // A percent sign that stands for itself.
    return url;
  }
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
