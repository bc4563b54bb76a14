/**
 * The npm packages of a binary. Those that only our own modules import become one file each, with
 * all that they need: `deno compile` would embed them as a thousand files in three hundred folders,
 * and reads the list of what is embedded at every start, also of each worker (ADR 47).
 */

const project = new URL("../", import.meta.url);

/** Packages that modules of users may import by name, and that therefore stay as they are. */
export const wholePackages: readonly string[] = ["zod"];

/** The folder of all others in a program. */
const folder = "packages";

/** The licenses of what is in these files. */
export const licensesFile = `${folder}/LICENSES`;

/** What is read of the answer of `deno info`. */
interface Info {
  readonly modules: readonly {
    readonly dependencies?: readonly {
      /** As it is written. */
      readonly specifier: string;
      /** Missing: imported for its types alone. */
      readonly code?: { readonly specifier: string };
    }[];
  }[];
  readonly npmPackages: Readonly<
    Record<string, { readonly name: string; readonly version: string }>
  >;
  /** Where Deno keeps packages: only in the answer that is about no file. */
  readonly npmCache: string;
}

/** What `deno info` tells of a file, or of Deno itself. */
export async function info(file?: string): Promise<Info> {
  return JSON.parse(await deno("info", "--json", ...(file === undefined ? [] : [file])));
}

/**
 * Writes one file for each package into the directory of a program, and their licenses.
 *
 * @returns what their names mean there, for its import map
 * @throws {Error} they cannot be bundled, with the reason
 */
export async function bundlePackages(directory: string): Promise<Record<string, string>> {
  const imports: Record<string, string> = {};
  const entries = await Deno.makeTempDir({ prefix: "rpc_packages_" });
  try {
    const bundled = new Set<string>();
    for (const { specifier, url, name } of await importedPackages()) {
      const file = `${name.replace("@", "").replaceAll(/\W/g, "_")}.js`;
      imports[specifier] = `./${folder}/${file}`;
      if (bundled.has(url)) continue;
      bundled.add(url);
      // Several modules of one package become one file, so that they share what they have.
      await Deno.writeTextFile(`${entries}/${file}`, await exportsOf(url), { append: true });
    }
    await deno(
      ...["bundle", "--quiet", "--platform", "deno"],
      ...wholePackages.flatMap((name) => ["--external", name, "--external", `${name}/*`]),
      ...["--outdir", `${directory}/${folder}`],
      ...[...Deno.readDirSync(entries)].map(({ name }) => `${entries}/${name}`).sort(),
    );
  } finally {
    await Deno.remove(entries, { recursive: true });
  }
  const parts = new Set<string>();
  for (const path of new Set(Object.values(imports))) {
    for (const part of await nameParts(`${directory}/${path}`)) parts.add(part);
  }
  await Deno.writeTextFile(`${directory}/${licensesFile}`, await licensesOf([...parts].sort()));
  return imports;
}

interface ImportedPackage {
  /** As our modules write it. */
  readonly specifier: string;
  /** As it can be imported from anywhere. */
  readonly url: string;
  readonly name: string;
}

/**
 * What our modules import of packages but of those that stay whole, in the order in which they do:
 * one may need what another that stands before it has set up.
 */
async function importedPackages(): Promise<ImportedPackage[]> {
  const { modules } = await info("main.ts");
  const found = new Map<string, ImportedPackage>();
  for (const { dependencies = [] } of modules) {
    for (const { specifier, code } of dependencies) {
      const [, name] = /^npm:\/?((?:@[^/]+\/)?[^@/]+)@/.exec(code?.specifier ?? "") ?? [];
      if (code === undefined || name === undefined || wholePackages.includes(name)) continue;
      found.set(specifier, { specifier, url: code.specifier, name });
    }
  }
  return [...found.values()];
}

/**
 * A module that hands on all that another exports. By name, because what a CommonJS module exports
 * is only known once it runs; Deno gives such a one a `default` beside, which no bundler does.
 */
async function exportsOf(url: string): Promise<string> {
  const all = Object.keys(await import(url));
  const isCommonJs = all.includes("module.exports");
  const names = all.filter((name) => /^[\w$]+$/.test(name) && !(isCommonJs && name === "default"));
  const from = JSON.stringify(url);
  return names.length === 0
    ? `import ${from};\n`
    : `export { ${names.join(", ")} } from ${from};\n`;
}

/**
 * Names the parts of a bundled file by package, version and path, in place of where they lie on
 * this machine, and returns the packages as `name/version`.
 */
async function nameParts(file: string): Promise<Set<string>> {
  const packages = new Set<string>();
  const text = await Deno.readTextFile(file);
  const named = text.replaceAll(/^\/\/ (?:\.\.\/.*|\S*\/npm\/\S*)$/gm, (comment) => {
    const [, path, name] = /\/npm\/[^/]+\/(((?:@[^/]+\/)?[^/]+\/[^/]+)\/.*)$/.exec(comment) ?? [];
    if (name !== undefined) packages.add(name);
    return `// npm:${path ?? ""}`;
  });
  await Deno.writeTextFile(file, named);
  return packages;
}

/** The licenses of packages, as a text. */
async function licensesOf(packages: readonly string[]): Promise<string> {
  const { npmCache } = await info();
  const texts: string[] = [];
  for (const name of packages) {
    for (const { name: registry, isDirectory } of Deno.readDirSync(npmCache)) {
      if (!isDirectory) continue;
      texts.push(
        ...licensesIn(`${npmCache}/${registry}/${name}`).map((text) =>
          `${name}\n\n${text.trim()}\n`
        ),
      );
    }
  }
  return texts.join(`\n${"-".repeat(100)}\n\n`);
}

function licensesIn(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)]
      .filter(({ name, isFile }) => isFile && /^(?:un)?licen[cs]e/i.test(name)).map(({ name }) =>
        Deno.readTextFileSync(`${directory}/${name}`)
      );
  } catch (error) {
    // The package came from another registry.
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Runs Deno in the project, and returns what it wrote. @throws {Error} with the reason */
async function deno(...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: project,
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`deno ${args[0]} fails: ${decoder.decode(stderr).trim()}`);
  return decoder.decode(stdout);
}
