/**
 * Finds the files that a source text imports by regular expressions, since the binary holds no
 * parser. It also finds what only looks like an import, as in a comment: one more file to look at.
 */

import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Places where one imported file can be, in the order in which they are tried. */
type Candidates = readonly string[];

const scriptName = /\.[cm]?[jt]sx?$/;
const pythonName = /\.pyw?$/;

const gap = String.raw`(?:\s|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|//[^\n]*\n)*`;

/** `import "..."`, `import("...")`, `... from "..."` and `require("...")` of a file. */
const scriptImport = new RegExp(
  String.raw`\b(?:from|import|require)${gap}(?:\(${gap})?(["'\`])((?:\.{0,2}/|file:)[^"'\`\n]+)\1`,
  "g",
);

/** The same without `import("...")` and `require("...")`: what is loaded before the code runs. */
const staticImport = new RegExp(
  String.raw`\b(?:from|import)${gap}(["'])((?:\.{0,2}/|file:)[^"'\n]+)\1`,
  "g",
);

/** What Node.js appends to a specifier to find its file. */
const nodeEndings = ["", ".js", ".mjs", ".cjs", ".ts", ".json", "/index.js", "/index.ts"];

const pythonImport = /^[ \t]*import[ \t]+([^\n#;]+)/gm;
const pythonFrom = /^[ \t]*from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]*(\([^)]*\)|[^\n#;]*)/gm;

/**
 * The local files that the text of the file at `path` imports, by its name's ending.
 *
 * @param homes where a Python program looks for modules: the directory of its main file, preceded
 * by that of the file which it links to
 */
export function importedFiles(
  path: string,
  text: string,
  homes: readonly string[],
): Candidates[] {
  if (scriptName.test(path)) return scriptImports(path, text);
  return pythonName.test(path) ? pythonImports(path, text, homes) : [];
}

/**
 * The local files that the text of a script at `path` imports before it runs, named as Deno wants
 * them: with their endings.
 */
export function staticImports(path: string, text: string): string[] {
  return scriptImports(path, text, staticImport).map(([file = ""]) => file);
}

/** Where Python looks for the module of this dotted name. */
export function pythonModule(home: string, name: string): Candidates {
  const parts = name.split(".").filter((part) => part !== "");
  if (parts.length === 0) return [join(home, "__init__.py")];
  return [join(home, ...parts, "__init__.py"), `${join(home, ...parts)}.py`];
}

function scriptImports(path: string, text: string, pattern = scriptImport): Candidates[] {
  const base = pathToFileURL(path);
  return [...text.matchAll(pattern)].flatMap(([, , specifier = ""]) => {
    const url = URL.parse(specifier, base);
    if (url?.protocol !== "file:") return [];
    url.search = url.hash = "";
    try {
      const file = fileURLToPath(url);
      return [nodeEndings.map((ending) => file + ending)];
    } catch {
      // Of another machine, or with an escaped separator: nothing that could be read here.
      return [];
    }
  });
}

function pythonImports(path: string, text: string, homes: readonly string[]): Candidates[] {
  const found: Candidates[] = [];
  const add = (bases: readonly string[], name: string) => {
    const parts = name.split(".");
    // Importing a module also runs the files of the packages around it.
    parts.forEach((_, index) => {
      const inside = parts.slice(0, index + 1).join(".");
      found.push(bases.flatMap((base) => pythonModule(base, inside)));
    });
  };
  for (const [, list = ""] of text.matchAll(pythonImport)) {
    for (const name of namesOf(list)) add(homes, name);
  }
  for (const [, dots = "", name = "", list = ""] of text.matchAll(pythonFrom)) {
    const ups = Array.from({ length: Math.max(0, dots.length - 1) }, () => "..");
    const bases = dots === "" ? homes : [join(dirname(path), ...ups)];
    add(bases, name);
    // A name that is imported from a package may be one of its modules.
    const insides = bases.map((base) => join(base, ...name.split(".")));
    for (const one of namesOf(list)) {
      found.push(insides.flatMap((inside) => pythonModule(inside, one)));
    }
  }
  return found;
}

/** The names in `a.b as c, d`, without their aliases. */
function namesOf(list: string): string[] {
  return list.split(/[(),\\\n]/).map((one) => one.trim().split(/\s/)[0] ?? "")
    .filter((name) => /^[\p{L}_][\p{L}\p{N}_.]*$/u.test(name));
}
