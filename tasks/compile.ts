/**
 * `deno task compile [target...]`: one binary for each target in `dist`, with everything that it needs,
 * `dist/SHA256SUMS`, and what installs them. Without targets: all of them.
 *
 * The runtime in the binary comes from Deno's download site, once for each target. Where that cannot be
 * reached, `DENORT_BIN=<a deno binary>` in its place lets everything before the download be checked: the
 * types, the module graph, and the list of what is embedded. What comes out then is no program.
 */

import { buildFile, checkedOutCommit } from "../src/cli/process/version.ts";

const project = new URL("../", import.meta.url);

/** What we build for, and the names of the binaries. */
export const binaries: Readonly<Record<string, string>> = {
  "x86_64-unknown-linux-gnu": "rpc-x86_64-linux",
  "x86_64-pc-windows-msvc": "rpc-x86_64-windows.exe",
  "aarch64-unknown-linux-gnu": "rpc-aarch64-linux",
  "aarch64-apple-darwin": "rpc-aarch64-macos",
};

/**
 * What the program imports only when it needs it: files from the project's root, and npm packages. With
 * dynamic imports that are looked at when they run (`unstable` in deno.json: each command starts the
 * sooner for it), `deno compile` does not look for them either, and has to be told.
 */
export async function dynamicImports(): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "main.ts"],
    cwd: project,
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot read the module graph: ${decoder.decode(stderr)}`);
  const { modules }: {
    modules: { dependencies?: { isDynamic?: boolean; code?: { specifier: string } }[] }[];
  } = JSON.parse(decoder.decode(stdout));
  const dynamic = modules.flatMap(({ dependencies = [] }) =>
    dependencies.flatMap(({ isDynamic, code }) => isDynamic && code ? [code.specifier] : [])
  );
  return [...new Set(dynamic)].filter((specifier) => !specifier.startsWith("node:")).sort()
    .map((specifier) =>
      specifier.startsWith(project.href) ? specifier.slice(project.href.length) : specifier
    );
}

/**
 * The command line of `deno` that builds one.
 *
 * @param include {@link dynamicImports}
 *
 * Permissions are the user's own, as of any program, and nobody is asked for them. Not bundled: a user's
 * module that imports ours would get a second copy of it. Of the npm packages only those come along that
 * the program imports, not those of its tests.
 */
export function compileArguments(
  target: string,
  output: string,
  include: readonly string[],
): string[] {
  return [
    ...["compile", "--allow-all", "--no-prompt", "--exclude-unused-npm"],
    ...[buildFile, ...include].flatMap((path) => ["--include", path]),
    ...["--target", target, "--output", output, "main.ts"],
  ];
}

/** Writes what the binaries shall say of themselves: they embed it. */
export async function writeBuildFile(): Promise<void> {
  const path = new URL(buildFile, project);
  await Deno.mkdir(new URL("./", path), { recursive: true });
  await Deno.writeTextFile(path, JSON.stringify({ commit: checkedOutCommit() }));
}

/** The line of a file in the format of `sha256sum`. */
export async function sumLine(path: URL): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  return `${new Uint8Array(digest).toHex()}  ${path.pathname.split("/").at(-1)}\n`;
}

/** Writes the sums of all binaries that there are, for `sha256sum --check`. */
async function writeSums(): Promise<void> {
  const dist = new URL("dist/", project);
  const names = [...Deno.readDirSync(dist)].map(({ name }) => name)
    .filter((name) => Object.values(binaries).includes(name)).toSorted();
  const lines: string[] = [];
  for (const name of names) lines.push(await sumLine(new URL(name, dist)));
  await Deno.writeTextFile(new URL("SHA256SUMS", dist), lines.join(""));
}

async function compile(target: string): Promise<boolean> {
  const name = binaries[target];
  if (name === undefined) {
    console.error(
      `Cannot compile for ${target}: choose from ${Object.keys(binaries).join(", ")}`,
    );
    return false;
  }
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: compileArguments(target, `dist/${name}`, await dynamicImports()),
    cwd: project,
  }).spawn().status;
  if (!success) {
    console.error(
      `Cannot compile for ${target}: see above. If it was the download, this needs access to Deno's download site`,
    );
  }
  return success;
}

if (import.meta.main) {
  const targets = Deno.args.length > 0 ? Deno.args : Object.keys(binaries);
  let failed = false;
  await writeBuildFile();
  for (const target of targets) failed = !await compile(target) || failed;
  await writeSums();
  await Deno.copyFile(new URL("install.sh", import.meta.url), new URL("dist/install.sh", project));
  if (failed) Deno.exit(1);
}
