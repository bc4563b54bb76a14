import { CommandError, UsageError } from "../../base/command_error.ts";
import { nearest } from "../../base/names/nearest.ts";
import { absolutePath, baseName, directoryOf, pathOfFileUrl } from "../../base/paths.ts";
import { isPythonFile } from "../../workers/python/python_file.ts";

/** File names of other languages, and the programs that run them. */
const interpreters: readonly (readonly [name: RegExp, program: string])[] = [
  [/\.sh$/, "sh "],
  [/\.rb$/, "ruby "],
  [/\.pl$/, "perl "],
  [/\.php$/, "php "],
  [/\.(exe|bat|cmd)$/i, ""],
];

/** File names of data, which is neither code nor a program. */
const dataName = /\.(json[c5]?|toml|ya?ml|txt|md|csv|html?|xml)$/i;

/** Most names in a directory that are compared with a missing one. */
const namesComparedMax = 1_000;

/** How many bytes of a file show whether it is UTF-16: code begins with ASCII. */
const headBytes = 4;

/**
 * Checks that a file can be a module, and otherwise tells what it is and how to serve it.
 *
 * @throws {UsageError} it is no module
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
  const path = module.startsWith("file:") ? pathOfFileUrl(module) : module;
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
    // If it cannot be inspected, loading it will tell why.
    return error instanceof Deno.errors.NotFound ? "missing" : "file";
  }
}

function missingText(path: string): string {
  const [directory, name] = [directoryOf(absolutePath(path)), baseName(path)];
  const near = nearFile(directory, name);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  return `there is no such file in ${directory}${hint}`;
}

/** The file that was most likely meant: the same name with an extension, or a similar name. */
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

/**
 * Whether a file is UTF-16 and could not be loaded: Deno reads such modules if they are marked,
 * Python and binaries do not.
 */
function isUtf16(path: string): boolean {
  const head = new Uint8Array(headBytes);
  try {
    using file = Deno.openSync(path);
    file.readSync(head.subarray(0, 2));
    const isMarked = head[0] === 0xff && head[1] === 0xfe || head[0] === 0xfe && head[1] === 0xff;
    if (isMarked) return isPythonFile(path) || Deno.build.standalone;
    const read = file.readSync(head.subarray(2));
    return read === 2 && head.includes(0);
  } catch {
    return false;
  }
}
