import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "../../base/command_error.ts";
import { nearest } from "../../base/names/nearest.ts";
import { isPythonFile } from "../../workers/python/python_file.ts";
import { UsageError } from "../syntax/usage_error.ts";

/** Programs of other languages, with what runs them. */
const interpreters: readonly (readonly [name: RegExp, program: string])[] = [
  [/\.sh$/, "sh "],
  [/\.rb$/, "ruby "],
  [/\.pl$/, "perl "],
  [/\.php$/, "php "],
  [/\.(exe|bat|cmd)$/i, ""],
];

/** Neither code nor a program. */
const dataName = /\.(json[c5]?|toml|ya?ml|txt|md|csv|html?|xml)$/i;

/** Names in a directory that are compared with one that is not there. */
const namesComparedMax = 1_000;

/** What tells of UTF-16 within the first letters of code, which are of ASCII. */
const headBytes = 4;

/**
 * Tells somebody who gives what is no module what it is, and how to serve it.
 *
 * @throws {UsageError} it is none
 * @throws {CommandError} there is no such file
 */
export function assertModule(module: string): void {
  if (module === "") throw new UsageError("Cannot serve a module without a name");
  const start = `Cannot serve ${module} as a module, which is a .ts, .js, .mjs or .py file`;
  const interpreter = interpreters.find(([name]) => name.test(module))?.[1];
  if (interpreter !== undefined) {
    const command = JSON.stringify(interpreter + module);
    throw new UsageError(
      `${start}: a program in another language is served by --exec ${command}, if it answers ` +
        "JSON-RPC lines on its stdin and stdout (docs/WORKERS.md of rpc says how, and " +
        "examples/tasks.py does it)",
    );
  }
  if (dataName.test(module)) throw new UsageError(start);
  const path = module.startsWith("file:") ? fileURLToPath(module) : module;
  const kind = kindOf(path);
  if (kind === "missing") throw new CommandError(`Cannot serve ${module}: ${missingText(path)}`);
  if (kind !== "file") throw new UsageError(`${start}: it is ${kind}`);
  if (isUtf16(path)) {
    throw new UsageError(
      `Cannot serve ${module}: it is UTF-16, and must be UTF-8: save it anew in that encoding`,
    );
  }
}

function kindOf(path: string): string {
  try {
    const { isDirectory, isFile } = Deno.statSync(path);
    // A pipe or a device may have no end.
    return isDirectory ? "a directory" : isFile ? "file" : "no regular file";
  } catch (error) {
    // What cannot be looked at is left to whoever loads it.
    return error instanceof Deno.errors.NotFound ? "missing" : "file";
  }
}

function missingText(path: string): string {
  const [directory, name] = [dirname(resolve(path)), basename(path)];
  const near = nearFile(directory, name);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  return `there is no such file in ${directory}${hint}`;
}

/** The file that was most likely meant: of that name and an ending, or of nearly its letters. */
function nearFile(directory: string, name: string): string | undefined {
  try {
    const names = Iterator.from(Deno.readDirSync(directory)).take(namesComparedMax)
      .filter(({ isFile }) => isFile).map((entry) => entry.name).toArray();
    return names.find((one) =>
      /^\.([cm]?[jt]s|py)$/.test(one.slice(name.length)) &&
      one.startsWith(name)
    ) ?? nearest(name, names);
  } catch {
    return undefined;
  }
}

/** Whether it is so, and will not be understood: Deno reads it by its byte order mark. */
function isUtf16(path: string): boolean {
  const head = new Uint8Array(headBytes);
  try {
    using file = Deno.openSync(path);
    file.readSync(head.subarray(0, 2));
    const isMarked = head[0] === 0xff && head[1] === 0xfe || head[0] === 0xfe && head[1] === 0xff;
    if (isMarked) return isPythonFile(path);
    const read = file.readSync(head.subarray(2));
    return read === 2 && head.includes(0);
  } catch {
    return false;
  }
}
