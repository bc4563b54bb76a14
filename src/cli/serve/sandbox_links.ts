/**
 * Finds links that lead out of a sandbox. Deno checks the requested path and follows links after
 * that. It does not let sandboxed procedures create links, so checking at the start is enough.
 */

import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { sandboxEntriesMax } from "../limits.ts";
import { UsageError } from "../../base/command_error.ts";

/**
 * Searches the paths that one flag allows.
 *
 * @throws {UsageError} a link leads to a path that the flag does not allow, or there are too many
 * files to search
 */
export async function assertNoWayOut(flag: string, paths: readonly string[]): Promise<void> {
  const places = await Promise.all(paths.map(realPath));
  const left = [...places];
  let entries = 0;
  for (let directory = left.pop(); directory !== undefined; directory = left.pop()) {
    // Everything is allowed.
    if (dirname(directory) === directory) continue;
    for (const { name, isDirectory, isSymlink } of await entriesOf(directory)) {
      const path = join(directory, name);
      if (++entries > sandboxEntriesMax) {
        throw new UsageError(
          `Cannot look through what ${flag} allows for links that lead out: it holds more than ` +
            `${sandboxEntriesMax} files; name smaller directories`,
        );
      }
      if (isDirectory) left.push(path);
      if (!isSymlink) continue;
      const target = await targetOf(path);
      if (places.some((place) => isIn(target, place))) continue;
      throw new UsageError(
        `Cannot keep procedures in what ${flag} allows: the link ${path} leads out to ${target}; take it ` +
          "away, or allow that too",
      );
    }
  }
}

/** Whether a real path is a directory or below it. */
export function isIn(path: string, place: string): boolean {
  const way = relative(place, path);
  // On Windows the way to another drive is absolute.
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** A path with all links resolved. */
export async function realPath(path: string): Promise<string> {
  return await Deno.realPath(path).catch(() => resolve(path));
}

/** The target of a link, even if it does not exist: a procedure might create it. */
async function targetOf(link: string): Promise<string> {
  try {
    return await Deno.realPath(link);
  } catch {
    return resolve(dirname(link), await Deno.readLink(link));
  }
}

/** The entries of a directory; none if it is a file, or unreadable to procedures too. */
async function entriesOf(directory: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(directory));
  } catch {
    return [];
  }
}
