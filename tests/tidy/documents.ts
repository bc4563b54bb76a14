/** What documents say of the sources, held against them. */

import { rooms } from "./rooms.ts";
import type { SourceFile } from "./source.ts";

/**
 * What the map of the rooms and folders does not tell of, or tells of though it is not there, as
 * sentences.
 */
export function faultsOfMap(map: string, files: readonly SourceFile[]): string[] {
  const cells = new Map(
    [...map.matchAll(/^\| `([\w/<>]+)` *\|[^|]*\|([^|\n]*)\|?/gm)].map((
      [, name = "", imports = ""],
    ) => [name, imports.trim()]),
  );
  const named = new Set([...map.matchAll(/^\| `([\w/<>]+)\/` *\|/gm)].map(([, name]) => name));
  const folders = new Set(
    files.flatMap(({ path }) => /^src\/(\w+\/\w+)\//.exec(path)?.[1] ?? []),
  );
  const isThere = (name: string) => files.some(({ path }) => `/${path}`.endsWith(`/${name}`));
  const isNamed = (folder: string) =>
    named.has(folder) || (folder.startsWith("cli/") && named.has("cli/<command>"));
  return [
    ...[...map.matchAll(/`([\w/]+\.ts)`/g)].flatMap(([, name = ""]) =>
      isThere(name) ? [] : [`no file ${name}`]
    ),
    ...Object.keys(rooms).filter((room) => !cells.has(room)).map((room) => `no room ${room}`),
    ...[...folders].filter((folder) => !isNamed(folder)).map((folder) => `no folder ${folder}`),
    ...[...named].filter((folder) => folder !== "cli/<command>" && !folders.has(folder ?? ""))
      .map((folder) => `${folder} is not there`),
    ...Object.entries(rooms).flatMap(([room, allowed]) => {
      const told = cells.get(room);
      // Some are told of by what they may not import.
      if (told === undefined || /\ball\b/.test(told)) return [];
      const names = told.split(", ").filter((name) => name !== "" && !name.startsWith("types of"));
      return names.sort().join() === [...allowed].sort().join()
        ? []
        : [`${room} may import ${allowed.join(", ")}, not ${names.join(", ")}`];
    }),
  ];
}

/**
 * Links between the documents that lead nowhere, as sentences: no such file, or no such heading in
 * one of `files`.
 */
export function brokenLinks(
  files: readonly SourceFile[],
  exists: (path: string) => boolean,
): string[] {
  const documents = files.filter(({ path }) => path.endsWith(".md"));
  const anchors = new Map(documents.map(({ path, text }) => [path, anchorsOf(text)]));
  return documents.flatMap(({ path, text }) =>
    [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) => {
      if (/^https?:/.test(link)) return [];
      const { pathname, hash } = new URL(link, `file:///${path}`);
      const target = pathname.slice(1);
      const isThere = hash === ""
        ? exists(target)
        : anchors.get(target)?.has(decodeURIComponent(hash.slice(1)));
      return isThere ? [] : [`${path} links to ${link}, which is not there`];
    })
  );
}

/** What links to headings say, as GitHub makes it: lower case, hyphens, no punctuation. */
function anchorsOf(text: string): Set<string> {
  const headings = withoutCode(text).matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, heading = ""]) =>
      heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-")
    ),
  );
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, "");
}
