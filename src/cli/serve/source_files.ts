/** The source files of a server's procedures, and their content. */

import { createHash } from "node:crypto";
import { delimiter, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { watchedContentBytesMax, watchedFilesMax } from "../limits.ts";
import { importedFiles, pythonModule } from "../../procedures/import_specifiers.ts";

/** The sources of a server's procedures. */
export interface Sources {
  readonly module?: string | undefined;
  readonly exec?: readonly string[] | undefined;
}

/** A file as it was at one moment. */
interface SourceFile {
  /** It changes when the file is written or replaced, and needs no reading. */
  readonly stamp: string;
  /** It changes with the file's content. */
  readonly content: string;
}

/** Files by path. */
export type SourceFiles = ReadonlyMap<string, SourceFile>;

const noFile: SourceFile = { stamp: "-", content: "-" };

/** What runs a module after `-m`: `py` too, Windows' launcher. */
const python = /(python[\d.]*|(^|[\\/])pyw?)(\.exe)?$/i;

/**
 * The files that are surely part of a server's procedures: its module, and the files that the
 * command of its workers names, without the interpreter.
 */
export function rootFiles({ module, exec = [] }: Sources): string[] {
  const roots: string[] = [];
  const [program = "", ...args] = exec;
  if (isFile(program) && !isInstalled(program)) roots.push(resolve(program));
  roots.push(...args.filter(isFile).map((file) => resolve(file)));
  const named = args[args.indexOf("-m") + 1];
  if (python.test(program) && args.includes("-m") && named !== undefined) {
    roots.push(
      ...[...pythonModule(Deno.cwd(), `${named}.__main__`), ...pythonModule(Deno.cwd(), named)]
        .filter(isFile),
    );
  }
  if (module !== undefined) {
    roots.push(module.startsWith("file:") ? fileURLToPath(module) : resolve(module));
  }
  return [...new Set(roots)];
}

/**
 * Reads these files and all that they import, at most {@link watchedFilesMax}. Missing files are
 * included, since they may appear.
 */
export function readSources(roots: readonly string[]): SourceFiles {
  const files = new Map<string, SourceFile>();
  for (const root of roots) {
    const homes = [...new Set([dirname(realPath(root)), dirname(root)])];
    const waiting: (readonly string[])[] = [[root]];
    for (let candidates = waiting.shift(); candidates !== undefined; candidates = waiting.shift()) {
      for (const path of candidates) {
        if (files.size >= watchedFilesMax) return files;
        const known = files.get(path);
        if (known === undefined) {
          const { file, text } = read(path);
          files.set(path, file);
          if (text !== undefined) waiting.push(...importedFiles(path, text, homes));
        }
        // The remaining candidates for this import are not used.
        if (files.get(path) !== noFile) break;
      }
    }
  }
  return files;
}

/** A text that changes when a file is written, replaced or removed. It reads no file. */
export function stampOf(files: SourceFiles): string {
  return [...files.keys()].map((path) => stampAt(path) ?? noFile.stamp).join("\n");
}

/** The same text as of when the files were read. */
export function stampWhenRead(files: SourceFiles): string {
  return [...files.values()].map(({ stamp }) => stamp).join("\n");
}

/** A file whose content has changed, or that is in only one of the two; `undefined` if none. */
export function differenceOf(before: SourceFiles, after: SourceFiles): string | undefined {
  const content = (files: SourceFiles, path: string) => files.get(path)?.content ?? noFile.content;
  return [...after.keys(), ...before.keys()]
    .find((path) => content(before, path) !== content(after, path));
}

function read(path: string): { readonly file: SourceFile; readonly text?: string } {
  // Taken before reading, so that a change meanwhile is noticed next time.
  const stamp = stampAt(path);
  if (stamp === undefined) return { file: noFile };
  try {
    if (Deno.statSync(path).size > watchedContentBytesMax) {
      return { file: { stamp, content: stamp } };
    }
    const bytes = Deno.readFileSync(path);
    const content = createHash("sha256").update(bytes).digest("base64");
    return { file: { stamp, content }, text: new TextDecoder().decode(bytes) };
  } catch {
    // It was just removed, or is unreadable: the worker will report that.
    return { file: { stamp, content: "unreadable" } };
  }
}

/**
 * The stamp of a file, through links, so that a changed link counts. It contains `ctime`, because
 * tools that preserve modification times may leave time and size unchanged.
 */
function stampAt(path: string): string | undefined {
  try {
    const { isFile, mtime, ctime, size, dev, ino } = Deno.statSync(path);
    return isFile ? `${mtime?.getTime()} ${ctime?.getTime()} ${size} ${dev} ${ino}` : undefined;
  } catch {
    return undefined;
  }
}

function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
}

function isFile(path: string): boolean {
  return stampAt(path) !== undefined;
}

/** Whether a program is installed on the machine, such as an interpreter. */
function isInstalled(program: string): boolean {
  const directories = (Deno.env.get("PATH") ?? "").split(delimiter);
  return [program, Deno.realPathSync(program)]
    .some((path) => directories.includes(dirname(resolve(path))));
}
