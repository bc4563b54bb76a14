/**
 * What `rpc` is in the tests that start it: the source, by Deno; or the binary that
 * `RPC_TEST_BINARY` names, on a machine that has nothing else of ours: neither Deno nor Node.js on
 * its path, and a home directory that holds nothing.
 */

import { delimiter, join } from "node:path";
import { skippedIf } from "./skipped_if.ts";

const named = Deno.env.get("RPC_TEST_BINARY") ?? "";

/** The path of the binary under test; `undefined`: the source is. */
export const binary = named === "" ? undefined : Deno.realPathSync(named);

/** The source of `rpc`, for what a binary cannot do. */
export const source = new URL("../../main.ts", import.meta.url);

/** The words that start `rpc`, to which its own arguments are added. */
export const rpcCommand: readonly string[] = binary === undefined ? denoCommand(source) : [binary];

/** The words that start a test's own program, which always runs from source. */
export function denoCommand(program: URL): readonly string[] {
  // Deno's own binary, not npm's wrapper around it, so that signals reach it.
  return [Deno.execPath(), "run", "--allow-all", "--no-prompt", program.href];
}

/** The version of the Deno that is in what is tested: another than that of the tests, maybe. */
export function runtimeVersion(): string {
  if (binary === undefined) return Deno.version.deno;
  const { stdout } = new Deno.Command(binary, { args: ["--version"] }).outputSync();
  return /base denort ([\d.]+)/.exec(new TextDecoder().decode(stdout))?.[1] ?? Deno.version.deno;
}

/** Declares a test of the binary itself, which is skipped where there is none. */
export function binaryTest(
  name: string,
  fn: (path: string) => Promise<void>,
  { posix = false }: { readonly posix?: boolean } = {},
): void {
  const reason = binary === undefined
    ? "RPC_TEST_BINARY names no binary"
    : posix && Deno.build.os === "windows"
    ? "there is no such thing on Windows"
    : undefined;
  Deno.test({
    ...skippedIf(reason, name),
    fn: () => fn(binary as string),
  });
}

/** What a binary must not need, without the ending that programs have on Windows. */
const foreign = new Set(["deno", "node", "nodejs", "npm", "npx"]);

/**
 * A search path like ours, on which there is neither Deno nor Node.js. `directory`: for its links.
 */
export function pathWithoutRuntimes(directory: string): string {
  const parts = (Deno.env.get("PATH") ?? "").split(delimiter).filter((part) => part !== "");
  return parts.flatMap((part, i) => {
    const names = programsIn(part);
    if (!names.some(isForeign)) return [part];
    // Directories of Windows hold one product each, and links are for administrators there.
    if (Deno.build.os === "windows") return [];
    const links = join(directory, String(i));
    Deno.mkdirSync(links, { recursive: true });
    for (const name of names) {
      if (!isForeign(name)) Deno.symlinkSync(join(part, name), join(links, name));
    }
    return [links];
  }).join(delimiter);
}

function isForeign(name: string): boolean {
  return foreign.has(name.toLowerCase().replace(/\.(exe|cmd|bat|ps1)$/, ""));
}

function programsIn(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name);
  } catch {
    // It is on the path, and does not exist.
    return [];
  }
}

/** How long programs that were killed may take to end: far more than they need. */
const leavingMs = 60_000;

/**
 * Removes a directory when nothing writes in it any more. A program that a server had started, such
 * as a Deno that keeps its caches in its home, ends a moment after that server was killed.
 */
function removeInTime(directory: string): void {
  const sleeping = new Int32Array(new SharedArrayBuffer(4));
  for (const untilMs = performance.now() + leavingMs;;) {
    try {
      return Deno.removeSync(directory, { recursive: true });
    } catch (error) {
      if (performance.now() > untilMs) throw error;
      // The last event of a file of tests is not waited for, so it has to wait itself.
      Atomics.wait(sleeping, 0, 0, 10);
    }
  }
}

let bare: { readonly path: string; readonly home: string } | undefined;

/** What a process of the binary has in its environment beside what its test gives it. */
export function bareEnv(): Record<string, string> {
  if (binary === undefined) return {};
  if (bare === undefined) {
    const directory = Deno.makeTempDirSync({ prefix: "rpc_bare_" });
    globalThis.addEventListener("unload", () => removeInTime(directory));
    Deno.mkdirSync(join(directory, "home"));
    bare = { path: pathWithoutRuntimes(directory), home: join(directory, "home") };
  }
  return { PATH: bare.path, HOME: bare.home };
}
