/** Finds the file that keeps a module from loading, if the runtime's message names none. */

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf } from "../../base/errors.ts";
import { importsLookedAtMax } from "../../base/limits.ts";
import { importedFiles } from "../import_specifiers.ts";

/**
 * Searches the files that the module imports, in the order of the imports, for the one that the
 * message is about. `undefined` if it is about something else, or the file is right by now.
 *
 * @param message the runtime's message
 * @param url the module's URL
 */
export function importProblem(message: string, url: string): string | undefined {
  const look = lookFor(message);
  if (look === undefined) return undefined;
  const root = fileURLToPath(url);
  const seen = new Set([root]);
  for (const path of seen) {
    const text = textOf(path);
    if (text === undefined) continue;
    for (const [imported] of importedFiles(path, text, [dirname(root)])) {
      if (imported === undefined || seen.has(imported)) continue;
      const problem = look(imported, path);
      if (problem !== undefined) return problem;
      if (seen.size < importsLookedAtMax) seen.add(imported);
    }
  }
  return look(root, root);
}

/** What is wrong with a file that another one imports. */
type Look = (path: string, by: string) => string | undefined;

function lookFor(message: string): Look | undefined {
  const [, missing] = /^Module not found:? "?(file:[^"\s]+?)"?\.?(?:\s|$)/.exec(message) ?? [];
  if (missing !== undefined) {
    const gone = pathOf(missing);
    return (path, by) => {
      if (path !== gone) return undefined;
      return by === path ? "there is no such file" : `${by} imports ${path}, which is not there`;
    };
  }
  const isOfSystem = /^JsErrorBox .*\bOs \{/.test(message) && !message.includes("ParseDiagnostic");
  if (isOfSystem || message.includes("ERR_UNSUPPORTED_DIR_IMPORT")) {
    return (path, by) => unreadable(path, by === path ? "" : `${by} imports `);
  }
  if (/ in JSON\b|\bJSON input\b/.test(message)) {
    return (path) => isJson(path) ? jsonProblem(path) : undefined;
  }
  if (/^Cannot resolve module|without specifying "type": "json"/.test(message)) {
    return (path, by) =>
      isJson(path) && by !== path
        ? `${by} imports ${path} as if it were code: write import ... with { type: "json" }`
        : undefined;
  }
  return undefined;
}

function unreadable(path: string, imports: string): string | undefined {
  try {
    if (Deno.statSync(path).isDirectory) {
      return `${imports}${path}, which is a directory: name a file in it, such as index.ts`;
    }
    Deno.openSync(path).close();
    return undefined;
  } catch (error) {
    // It only looked like an import.
    if (error instanceof Deno.errors.NotFound) return undefined;
    return `${imports}${path}, which cannot be read: ${messageOf(error)}`;
  }
}

function jsonProblem(path: string): string | undefined {
  try {
    JSON.parse(Deno.readTextFileSync(path));
    return undefined;
  } catch (error) {
    return error instanceof SyntaxError ? `${error.message} in ${path}` : undefined;
  }
}

function isJson(path: string): boolean {
  return path.endsWith(".json");
}

function pathOf(url: string): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

function textOf(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
