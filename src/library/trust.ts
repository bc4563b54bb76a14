/**
 * Whether the working directory's `rpc.toml` is its user's word. It may have come with a stranger's
 * repository: what would send calls elsewhere, or open something, counts only once the user has
 * read it.
 */

import { isAbsolutePath, joinPath, readRegularFile } from "../base/paths.ts";
import { assertOwn } from "./own_file.ts";

/** What counts only in a file that is trusted, by its name there. */
const wantsTrust: ReadonlySet<string> = new Set([
  "registry",
  "service",
  "advertise",
  "metrics",
  "callers",
  "private",
  "audit",
  "no-tap",
  "python",
]);

/** What a file of a working directory can never say. */
const neverThere: ReadonlySet<string> = new Set(["insecure"]);

/** Whether a setting counts in a working directory's file. */
export function counts(name: string, isTrusted: boolean): boolean {
  return !neverThere.has(name) && (isTrusted || !wantsTrust.has(name));
}

/** Why a setting does not count there, and what to do, as the end of a sentence. */
export function reasonOf(name: string): string {
  return neverThere.has(name)
    ? "which a file of a working directory can never say"
    : "which counts only once you have read it and say so: rpc config trust";
}

/** Where it is written which files are trusted; `undefined`: the environment does not tell. */
export function trustedListPath(userSettingsPath: string | undefined): string | undefined {
  // Without a home it would be a place below the working directory, and trust itself.
  if (userSettingsPath === undefined || !isAbsolutePath(userSettingsPath)) return undefined;
  return joinPath(userSettingsPath.replace(/[/\\][^/\\]*$/, ""), "trusted");
}

/**
 * How a file is written down: what it says, and where it is. One that was changed is another one.
 */
export async function trustLine(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `${new Uint8Array(digest).toHex()} ${JSON.stringify(Deno.cwd())}`;
}

/**
 * Whether the user has said that a file with this text in the working directory counts.
 *
 * @throws {RpcError} InvalidParams: somebody else may have said so
 */
export async function isTrusted(text: string, listPath: string | undefined): Promise<boolean> {
  if (listPath === undefined) return false;
  let list: string;
  try {
    list = new TextDecoder().decode(readRegularFile(listPath));
  } catch {
    return false;
  }
  assertOwn(listPath);
  return list.split("\n").includes(await trustLine(text));
}
