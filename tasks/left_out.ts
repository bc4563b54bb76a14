/**
 * What the npm packages of the program bring along and it never loads: a third of what would be
 * embedded. `deno compile` takes a package whole, with all that its manifest asks for.
 */

/** Packages that serve MCP over HTTP. Of MCP's SDK only the transport over stdio is loaded. */
export const unusedPackages: readonly string[] = [
  "@hono/node-server",
  "accepts",
  "body-parser",
  "content-disposition",
  "cookie",
  "cookie-signature",
  "cors",
  "etag",
  "eventsource",
  "eventsource-parser",
  "express",
  "express-rate-limit",
  "finalhandler",
  "forwarded",
  "fresh",
  "hono",
  "http-errors",
  "iconv-lite",
  "ip-address",
  "ipaddr.js",
  "jose",
  "mime-db",
  "mime-types",
  "negotiator",
  "path-to-regexp",
  "proxy-addr",
  "qs",
  "range-parser",
  "raw-body",
  "router",
  "send",
  "serve-static",
  "type-is",
  "vary",
];

/** Folders that hold what the others of their package hold too: sources, another module system. */
const unusedFolders: readonly (readonly [name: string, folder: string])[] = [
  ["zod", "src"],
  ["@modelcontextprotocol/sdk", "dist/cjs"],
];

/** The paths of all that in Deno's cache, for `deno compile --exclude`. */
export async function leftOut(): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { npmCache }: { npmCache: string } = JSON.parse(new TextDecoder().decode(stdout));
  // One folder for each registry that packages came from, in which a package has one a version.
  const registries = foldersIn(npmCache);
  const versionsOf = (name: string) =>
    registries.flatMap((registry) => foldersIn(`${registry}/${name}`));
  return [
    ...unusedPackages.flatMap(versionsOf),
    ...unusedFolders.flatMap(([name, folder]) =>
      versionsOf(name).map((version) => `${version}/${folder}`)
    ),
  ];
}

/** The folders in a folder, which may not be there. */
function foldersIn(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => `${path}/${name}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
