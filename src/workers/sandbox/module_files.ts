/**
 * The files that a module consists of: itself, and what it imports before it runs. A binary holds
 * no parser, so that they are found by a pattern; a file that only seems to be imported is named
 * by the module's text all the same.
 */

import { absolutePath, pathOfFileUrl } from "../../base/paths.ts";
import { staticImports } from "../../procedures/import_specifiers.ts";
import { moduleFilesMax } from "../limits.ts";

/**
 * Their paths, in the order in which they are found, the module's first. What cannot be read is
 * among them: the module's own error will tell.
 *
 * @param module a path or a `file:` URL
 * @throws {Error} there are too many
 */
export function filesOfModule(module: string): string[] {
  const files = new Set([
    module.startsWith("file:") ? pathOfFileUrl(module) : absolutePath(module),
  ]);
  for (const path of files) {
    for (const imported of staticImports(path, textOf(path))) {
      if (files.size >= moduleFilesMax) {
        throw new Error(`${module} consists of more than ${moduleFilesMax} files`);
      }
      files.add(imported);
    }
  }
  return [...files];
}

/** Whether a file is code by its name, and not data. */
export function isCode(path: string): boolean {
  return /\.(?:[cm]?[jt]s|[jt]sx|wasm)$/i.test(path);
}

function textOf(path: string): string {
  if (!isCode(path)) return "";
  try {
    // A pipe of that name would never end.
    return Deno.statSync(path).isFile ? Deno.readTextFileSync(path) : "";
  } catch {
    return "";
  }
}
