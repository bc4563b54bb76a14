/**
 * Links that lead out of a sandbox. Deno looks at the path that is asked for and follows the links
 * in it afterwards. It lets no procedure of a sandbox make one, so those that stand at the start
 * are what there is.
 */

import { dirname, join, relative, resolve } from "node:path";
import { sandboxEntriesMax } from "../limits.ts";
import { UsageError } from "../syntax/usage_error.ts";

/**
 * Looks through what one flag allows.
 *
 * @throws {UsageError} a link in it leads to what the flag does not allow, or it is too large to be
 * looked through
 */
export async function assertNoWayOut(flag: string, paths: readonly string[]): Promise<void> {
  const places = await Promise.all(paths.map(realPath));
  const left = [...places];
  let entries = 0;
  for (let directory = left.pop(); directory !== undefined; directory = left.pop()) {
    // Everything is allowed: there is no out.
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

/** Whether a real path is a place or below it. */
export function isIn(path: string, place: string): boolean {
  return !/^(\.\.([/\\]|$)|[/\\]|[A-Za-z]:)/.test(relative(place, path));
}

/** A path without links, as Deno follows it. */
export async function realPath(path: string): Promise<string> {
  return await Deno.realPath(path).catch(() => resolve(path));
}

/** Where a link leads, also if nothing is there yet: a procedure that may write could make it. */
async function targetOf(link: string): Promise<string> {
  try {
    return await Deno.realPath(link);
  } catch {
    return resolve(dirname(link), await Deno.readLink(link));
  }
}

/** None if it is a file, or may not be read: not by a procedure either. */
async function entriesOf(directory: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(directory));
  } catch {
    return [];
  }
}
