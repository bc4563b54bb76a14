/**
 * What the npm packages that stay whole in a binary bring along and it never loads. `deno compile`
 * takes a package with all that is in it.
 */

import { info, wholePackages } from "./packages.ts";

/** Types, sources, the maps between them, what is to be read by people. Licenses stay. */
const neverLoaded = /\.(?:[cm]?ts|map)$|\/(?!licen[cs]e)[^/]*\.md$/i;

/** They are loaded as ES modules: what only `require` finds there is not. */
const onlyRequired = /\.cjs$/;

/** Folders that hold what the others of their package hold too. */
const unusedFolders: Readonly<Record<string, readonly string[]>> = { zod: ["src"] };

/**
 * The paths of all that in Deno's cache, for `deno compile --exclude`, which takes no patterns.
 *
 * It is left out for each start's sake more than for the size: a thousand embedded files take more
 * than a millisecond of processor time there, even if nobody reads one.
 */
export async function leftOut(): Promise<string[]> {
  const [{ npmPackages }, { npmCache }] = await Promise.all([info("main.ts"), info()]);
  const whole = Object.values(npmPackages).filter(({ name }) => wholePackages.includes(name));
  // One folder for each registry that packages came from, in which a package has one a version.
  return foldersIn(npmCache).flatMap((registry) =>
    whole.flatMap(({ name, version }) => {
      const root = `${registry}/${name}/${version}`;
      const unused = (unusedFolders[name] ?? []).map((path) => `${root}/${path}`);
      const isUnused = (path: string) => neverLoaded.test(path) || onlyRequired.test(path);
      return [...unused, ...filesBelow(root, unused).filter(isUnused)];
    })
  );
}

/** All files in a folder but those of some folders in it. */
function filesBelow(folder: string, except: readonly string[]): string[] {
  return entriesIn(folder).flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (!isDirectory) return [path];
    return except.includes(path) ? [] : filesBelow(path, except);
  });
}

/** The folders in a folder, which may not be there. */
function foldersIn(path: string): string[] {
  return entriesIn(path).filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => `${path}/${name}`);
}

function entriesIn(path: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(path)];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
