/**
 * What the npm packages of the program bring along and it never loads: two thirds of what would be
 * embedded. `deno compile` takes a package whole, with all that its manifest asks for.
 */

/** Packages that serve MCP over HTTP. Of MCP's SDK none of what needs them is loaded. */
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
  ["zod-to-json-schema", "dist/cjs"],
  ...["es2015", "esm"].flatMap((folder) =>
    [
      ...["asn1-asym-key", "asn1-cms", "asn1-csr", "asn1-ecc", "asn1-pfx", "asn1-pkcs8"],
      ...["asn1-pkcs9", "asn1-rsa", "asn1-schema", "asn1-x509", "asn1-x509-attr"],
      ...["asn1-x509-post-quantum", "utils"],
    ].map((name) => [`@peculiar/${name}`, `build/${folder}`] as const)
  ),
  ["tsyringe", "dist/esm5"],
  ["tsyringe", "dist/esm2015"],
];

/**
 * Packages that are loaded as ES modules: what only `require` finds there is not. (Not
 * `@opentelemetry/api`: the metrics' package requires it.)
 */
const esModules: readonly string[] = ["zod", "@logtape/logtape"];

/** Types, sources, the maps between them, and what is to be read by people. Licenses stay. */
const neverLoaded = /\.(?:[cm]?ts|map)$|\/(?!licen[cs]e)[^/]*\.md$/i;

/**
 * The paths of all that in Deno's cache, for `deno compile --exclude`, which takes no patterns.
 *
 * It is left out for each start's sake more than for the size: a thousand embedded files take 0.7
 * ms of processor time there, even if nobody reads one.
 */
export async function leftOut(): Promise<string[]> {
  const { npmPackages, npmCache } = await packagesOfProgram();
  // One folder for each registry that packages came from, in which a package has one a version.
  const registries = foldersIn(npmCache);
  const paths: string[] = [];
  for (const { name, version } of npmPackages) {
    for (const registry of registries) {
      const folder = `${registry}/${name}/${version}`;
      if (unusedPackages.includes(name)) paths.push(folder);
      else paths.push(...leftOutOf(name, folder));
    }
  }
  return paths;
}

/** What is left out of a package of which something is loaded. */
function leftOutOf(name: string, folder: string): string[] {
  const unused = unusedFolders.filter(([of]) => of === name).map(([, path]) => `${folder}/${path}`);
  const isUnused = (path: string) =>
    neverLoaded.test(path) || path.endsWith(".cjs") && esModules.includes(name);
  return [...unused, ...filesBelow(folder, unused).filter(isUnused)];
}

interface Package {
  readonly name: string;
  readonly version: string;
}

/** The npm packages that the program imports, with those that they need, and Deno's cache. */
async function packagesOfProgram(): Promise<{ npmPackages: Package[]; npmCache: string }> {
  const [program, cache] = await Promise.all([info("main.ts"), info()]);
  return {
    npmPackages: Object.values(program.npmPackages as Record<string, Package>),
    npmCache: String(cache.npmCache),
  };
}

async function info(...files: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", ...files],
    cwd: new URL("../", import.meta.url),
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
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
