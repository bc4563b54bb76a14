/**
 * `deno task compile [target...]`: one binary for each target in `dist`, with everything that it
 * needs, an archive of each to be downloaded, their sums (`SHA256SUMS`), what
 * installs them, and the client in Python.
 * Without targets: all of them.
 *
 * `RPC_RELEASE_URL` is where they will be downloaded from, if anywhere: the scripts know it then.
 *
 * The runtime in a binary comes from Deno's download site, once for each target, or from the file
 * that `DENORT_BIN` names (see `base.ts`).
 */

import { fileURLToPath } from "node:url";
import { type Entry, tarGz, zip } from "./archive.ts";
import { type Base, getBase, NoBase, sha256 } from "./base.ts";
import { bundle, bundledFiles, bundledMain } from "./bundle.ts";
import { leftOut } from "./left_out.ts";
import { licensesFile } from "./packages.ts";
import { type BuildFacts, buildFile, checkedOutCommit } from "../src/cli/process/version.ts";

const project = new URL("../", import.meta.url);
const dist = new URL("dist/", project);

/** The exit code where nothing is wrong, but that there is no base to be compiled onto. */
const noBaseCode = 3;

/** What we build for, and the names of the binaries. */
export const binaries: Readonly<Record<string, string>> = {
  "x86_64-unknown-linux-gnu": "rpc-x86_64-linux",
  "x86_64-pc-windows-msvc": "rpc-x86_64-windows.exe",
  "aarch64-unknown-linux-gnu": "rpc-aarch64-linux",
  "aarch64-apple-darwin": "rpc-aarch64-macos",
};

/** Writes the program into an empty directory, and tells what `deno compile` has to include. */
export async function prepareProgram(
  directory: string,
  base: Pick<Base, "sum">,
): Promise<string[]> {
  await bundle(directory);
  const facts: BuildFacts = { commit: checkedOutCommit(), baseSum: base.sum };
  await Deno.writeTextFile(`${directory}/${buildFile}`, JSON.stringify(facts));
  const files = (await bundledFiles(directory)).filter((path) => path !== bundledMain);
  return [buildFile, licensesFile, ...files];
}

/**
 * The command line of `deno` that builds one, in the directory of the program.
 *
 * @param include of {@link prepareProgram}
 * @param exclude {@link leftOut}
 *
 * Permissions are the user's own, as of any program, and nobody is asked for them. Not bundled by
 * `deno compile`: a user's module that imports ours would get a second copy of it. Of the npm
 * packages only those come along that the program imports, not those of its tests. Without the
 * cache of V8's bytecode: a binary would keep it in the system's temporary directory, under a name
 * that anybody can tell, and would run what another user has put there. Quiet, which the binary
 * then is too: else the runtime logs what strangers do, such as a line for each connection of
 * HTTP/2 that takes back its requests. Errors are told all the same.
 */
export function compileArguments(
  target: string,
  output: string,
  include: readonly string[],
  exclude: readonly string[] = [],
): string[] {
  return [
    ...["compile", "--quiet", "--allow-all", "--no-prompt"],
    ...["--no-code-cache", "--exclude-unused-npm"],
    // For the permissions of a sandbox's thread.
    "--unstable-worker-options",
    // On the main thread: handing a few functions to another takes a call longer than they do. And
    // bytecode as it comes: making it shorter takes a call longer than it then saves (ADR 51).
    "--v8-flags=--no-concurrent-sparkplug,--no-ignition-reo",
    ...include.flatMap((path) => ["--include", path]),
    ...exclude.flatMap((path) => ["--exclude", path]),
    ...["--target", target, "--output", output, bundledMain],
  ];
}

/** The name of what a binary is downloaded as. */
export function archiveName(binary: string): string {
  return binary.endsWith(".exe") ? binary.replace(/\.exe$/, ".zip") : `${binary}.tar.gz`;
}

/** The archive of a binary, in which it is called as it will be typed. */
export async function archiveOf(binary: string, bytes: Entry["bytes"]): Promise<Entry["bytes"]> {
  const license = await Deno.readFile(new URL("LICENSE", project));
  const isWindows = binary.endsWith(".exe");
  return await (isWindows ? zip : tarGz)([
    { name: isWindows ? "rpc.exe" : "rpc", bytes, mode: 0o755 },
    { name: "LICENSE", bytes: license, mode: 0o644 },
  ]);
}

/** The line of a file in the format of `sha256sum`. */
export async function sumLine(path: URL): Promise<string> {
  return `${await sha256(await Deno.readFile(path))}  ${path.pathname.split("/").at(-1)}\n`;
}

/** What is downloaded beside the archives, to install them. */
const scripts = ["install.sh", "install.ps1"];

/** The client in Python, which is one file to be copied. */
const pythonClient = "rpc_client.py";

/** The names of all that there is to download, but for their sums. */
export const downloads: readonly string[] = [
  ...Object.values(binaries).map(archiveName),
  ...scripts,
  pythonClient,
].toSorted();

/**
 * Writes those of them that are texts. The scripts get the address that they download from where
 * nothing lies beside them. `release`: that address, if they will have one.
 */
export async function writeTexts(directory: URL, release = ""): Promise<void> {
  await Deno.copyFile(
    new URL(`clients/python/${pythonClient}`, project),
    new URL(pythonClient, directory),
  );
  for (const name of scripts) {
    const text = await Deno.readTextFile(new URL(name, import.meta.url));
    await Deno.writeTextFile(
      new URL(name, directory),
      text.replace("@RELEASE_URL@", () => release),
    );
  }
}

/** Writes the sums of all that there is to download, for `sha256sum --check`. */
async function writeSums(): Promise<void> {
  const lines: string[] = [];
  for (const name of downloads) {
    const path = new URL(name, dist);
    if (await Deno.stat(path).catch(() => undefined) !== undefined) lines.push(await sumLine(path));
  }
  await Deno.writeTextFile(new URL("SHA256SUMS", dist), lines.join(""));
}

/** Throws if it cannot. */
async function compile(target: string): Promise<void> {
  const name = binaries[target];
  if (name === undefined) throw new Error(`Choose from ${Object.keys(binaries).join(", ")}`);
  const directory = await Deno.makeTempDir({ prefix: "rpc_base_" });
  try {
    const base = await getBase({ target, directory });
    const program = `${directory}/program`;
    await Deno.mkdir(program);
    const include = await prepareProgram(program, base);
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: compileArguments(
        target,
        fileURLToPath(new URL(name, dist)),
        include,
        await leftOut(),
      ),
      cwd: program,
      env: { DENORT_BIN: base.path },
    }).spawn().status;
    if (!success) throw new Error("See above");
    const archive = await archiveOf(name, await Deno.readFile(new URL(name, dist)));
    await Deno.writeFile(new URL(archiveName(name), dist), archive);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

if (import.meta.main) {
  await Deno.mkdir(dist, { recursive: true });
  for (const target of Deno.args.length > 0 ? Deno.args : Object.keys(binaries)) {
    try {
      await compile(target);
    } catch (error) {
      console.error(
        `Cannot compile for ${target}: ${error instanceof Error ? error.message : error}`,
      );
      if (!(error instanceof NoBase)) Deno.exitCode = 1;
      else if (Deno.exitCode === 0) Deno.exitCode = noBaseCode;
    }
  }
  await writeTexts(dist, Deno.env.get("RPC_RELEASE_URL"));
  await writeSums();
}
