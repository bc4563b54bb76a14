/** The files that a server's procedures are written in, and what they hold. */

import { createHash } from "node:crypto";
import { delimiter, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { watchedContentBytesMax, watchedFilesMax } from "../limits.ts";
import { importedFiles, pythonModule } from "../../procedures/import_specifiers.ts";

/** What the procedures of a server are written in. */
export interface Sources {
  readonly module?: string | undefined;
  readonly exec?: readonly string[] | undefined;
}

/** A file as it was at one moment. */
interface SourceFile {
  /** Differs when the file was written or replaced, and costs no reading. */
  readonly stamp: string;
  /** Differs when it holds something else. */
  readonly content: string;
}

/** Files by path. */
export type SourceFiles = ReadonlyMap<string, SourceFile>;

const noFile: SourceFile = { stamp: "-", content: "-" };

/**
 * The files that are certainly part of a server's procedures: its module, and what the command of
 * its workers names, without the interpreter.
 */
export function rootFiles({ module, exec = [] }: Sources): string[] {
  const roots: string[] = [];
  const [program = "", ...args] = exec;
  if (isFile(program) && !isInstalled(program)) roots.push(resolve(program));
  roots.push(...args.filter(isFile).map((file) => resolve(file)));
  const named = args[args.indexOf("-m") + 1];
  if (/python[\d.]*$/.test(program) && args.includes("-m") && named !== undefined) {
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
 * Reads these files and those that they import, also those that are not there: they may come. Of
 * more than {@link watchedFilesMax} the first ones.
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
        // Those that would be tried after it are not part of anything.
        if (files.get(path) !== noFile) break;
      }
    }
  }
  return files;
}

/** What differs when one of these files was written, replaced or removed, without reading any. */
export function stampOf(files: SourceFiles): string {
  return [...files.keys()].map((path) => stampAt(path) ?? noFile.stamp).join("\n");
}

/** The stamp as it was when they were read. */
export function stampWhenRead(files: SourceFiles): string {
  return [...files.values()].map(({ stamp }) => stamp).join("\n");
}

/**
 * A file that holds something else than before, or is in one of the two alone; `undefined`: none.
 */
export function differenceOf(before: SourceFiles, after: SourceFiles): string | undefined {
  const content = (files: SourceFiles, path: string) => files.get(path)?.content ?? noFile.content;
  return [...after.keys(), ...before.keys()]
    .find((path) => content(before, path) !== content(after, path));
}

function read(path: string): { readonly file: SourceFile; readonly text?: string } {
  // Taken before the file is read, so that what is written meanwhile is seen at the next look.
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
    // Removed in this moment, or not readable: what it is to the worker is the worker's to say.
    return { file: { stamp, content: "unreadable" } };
  }
}

/**
 * Follows links, so that one that leads elsewhere is another file. What copies times too, or sets
 * all to one, gives a new text of the same length the time of the old one, but for `ctime`.
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

/** Whether a program belongs to the machine, as interpreters do, and not to the procedures. */
function isInstalled(program: string): boolean {
  const directories = (Deno.env.get("PATH") ?? "").split(delimiter);
  return [program, Deno.realPathSync(program)]
    .some((path) => directories.includes(dirname(resolve(path))));
}
