/**
 * The program of a binary: our modules joined to few files, since each file takes a process that
 * makes one call longer to load than what it holds is worth (ADR 35).
 */

import { fileURLToPath } from "node:url";
import { bundlePackages, wholePackages } from "./packages.ts";

const project = new URL("../", import.meta.url);

/** The bundler of the build for calls, with a lock file of its own. */
const rolldown = new URL("rolldown/", import.meta.url);

/** The program of workers, and what it is bundled to. */
const workerMain = "src/workers/child/worker_main";

/** The program that makes a sandbox, and the folder of what it loads. */
const confinedMain = "src/workers/child/confined_main.ts";
const sandboxFolder = "sandbox";

/** The program of a gateway's second thread, and the folder that it looks for it in. */
const watchMain = "src/gateway/door/watch/watch_main.ts";
const watchFolder = "watch";

/**
 * What a run begins with, a worker's too, and what a user's module imports as `rpc`: one copy of
 * what they use.
 */
export const entries = ["main.ts", `${workerMain}.ts`, "src/mod.ts"];

/** The file that a binary begins with. */
export const bundledMain = "main.js";

/** What is written of {@link entries}'s first, under a name that is free then. */
const restMain = "rest.js";

/** The folder of what `rpc call` loads. */
const callFolder = "call";

/**
 * Chooses between the builds of our modules, and of the greatest one between the command line and a
 * worker's program, which does without the former. In a process, and in a thread of a sandbox, only
 * one build is loaded, so that nothing is there twice.
 */
const choice = `if (Deno.args[0] === "call") {
  const { main } = await import("./${callFolder}/call.js");
  Deno.exit(await main(Deno.args));
}
const isWorker = Deno.args[0] === "worker" && Deno.args[1]?.startsWith("{");
const isSandbox = Deno.args[0] === "sandbox" && Deno.args.at(-1)?.startsWith("{");
await (isWorker
  ? import("./${workerMain}.js")
  : isSandbox
  ? import("./${sandboxFolder}/confined_main.js")
  : import("./${restMain}"));
`;

interface Config {
  readonly imports: Readonly<Record<string, string>>;
  readonly lock: Readonly<Record<string, unknown>>;
}

/**
 * Writes it into an empty directory, with a configuration and a lock file that hold there: bare
 * names mean to a user's module what they mean to ours.
 *
 * Packages stay outside, each in a file of its own or whole (see `packages.ts`). Our modules are
 * not bundled as they would be for Deno (`--platform browser`): each file would then begin with an
 * import of `node:module`, which costs more than the bundle gains. Nothing of ours needs it.
 *
 * @throws {Error} it cannot be bundled, with the reason
 */
export async function bundle(directory: string): Promise<void> {
  const config: Config = JSON.parse(await Deno.readTextFile(new URL("deno.json", project)));
  const outside = Object.entries(config.imports).filter(([name]) => name !== "rpc")
    .flatMap(([name, url]) => [name, `${name}/*`, url]);
  await bundleTogether(entries, outside, directory);
  // Apart from the others, whose starts would have more files if they shared with it.
  await bundleTogether([confinedMain], outside, `${directory}/${sandboxFolder}`);
  await bundleTogether([watchMain], outside, `${directory}/${watchFolder}`);
  await Deno.rename(`${directory}/${bundledMain}`, `${directory}/${restMain}`);
  await buildForCalls(`${directory}/${callFolder}`);
  await Deno.writeTextFile(`${directory}/${bundledMain}`, choice);
  const imports: Record<string, string> = {
    rpc: "./src/mod.js",
    ...Object.fromEntries(wholePackages.map((name) => [name, config.imports[name] ?? name])),
    ...await bundlePackages(directory),
  };
  // It names fewer packages than the project's, so that the lock is to follow; what is in it holds.
  const bundled = { ...config, imports, lock: { ...config.lock, frozen: false } };
  await Deno.writeTextFile(`${directory}/deno.json`, JSON.stringify(bundled));
  await Deno.copyFile(new URL("deno.lock", project), `${directory}/deno.lock`);
}

/**
 * Bundles what some files load, with one copy of what they share.
 *
 * @param outside what is not bundled
 * @throws {Error} with the reason
 */
async function bundleTogether(
  files: readonly string[],
  outside: readonly string[],
  directory: string,
): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--platform", "browser", "--code-splitting"],
      ...outside.flatMap((name) => ["--external", name]),
      ...["--outdir", directory, ...files],
    ],
    cwd: project,
  }).output();
  if (!success) throw new Error(`Cannot bundle: ${new TextDecoder().decode(stderr).trim()}`);
}

/**
 * Writes our modules anew for `rpc call` alone (ADR 51): in one file all that each call loads, and
 * beside it what a call may load later.
 *
 * @throws {Error} with the reason
 */
export async function buildForCalls(directory: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "--no-prompt", fileURLToPath(new URL("build.mjs", rolldown))],
      ...[fileURLToPath(project), directory],
    ],
  }).output();
  if (!success) throw new Error(`Cannot build calls: ${new TextDecoder().decode(stderr).trim()}`);
}

/** The files of a bundle, as paths below its directory. */
export async function bundledFiles(directory: string, below = ""): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${directory}/${below}`)) {
    if (isDirectory) files.push(...await bundledFiles(directory, `${below}${name}/`));
    else if (name.endsWith(".js")) files.push(below + name);
  }
  return files.sort();
}
