/** Finds and prepares the directory of a local registry. */

import { absolutePath, isAbsolutePath, joinPath } from "../../base/paths.ts";
import { RpcError } from "../../base/errors.ts";
import { assertServiceName } from "../registry_url.ts";

/** A local registry's directory. */
export interface LocalDirectory {
  /** Absolute. Each service has a directory of its own in it. */
  readonly path: string;
  /** Whether only this user may read it. A directory that the user named may be shared. */
  readonly isPrivate: boolean;
}

/** The process's environment, injected so that every system's rules can be tested on any. */
export interface LocalEnvironment {
  readonly os: typeof Deno.build.os;
  readonly uid: number | null;
  env(name: string): string | undefined;
  isDirectory(path: string): boolean;
}

/** This process's environment. */
const processEnvironment: LocalEnvironment = {
  os: Deno.build.os,
  // Asked for where it is used: a program that has no right to it may name its directory.
  get uid() {
    return Deno.uid();
  },
  env: (name) => Deno.env.get(name),
  isDirectory(path) {
    try {
      return Deno.statSync(path).isDirectory;
    } catch {
      return false;
    }
  },
};

/**
 * The directory that `local:` means for this user: `%LOCALAPPDATA%\rpc` on Windows; elsewhere `rpc`
 * in the user's runtime directory, or `rpc-<uid>` in the directory for temporary files if there is
 * none.
 *
 * @throws {RpcError} InvalidParams: the environment does not tell (Windows only)
 */
export function defaultLocalDirectory(environment = processEnvironment): LocalDirectory {
  const { os, uid, env, isDirectory } = environment;
  if (os === "windows") {
    const base = env("LOCALAPPDATA") ?? "";
    if (isAbsolutePath(base, true)) return { path: joinPath(base, "rpc"), isPrivate: true };
    throw new RpcError(
      "InvalidParams",
      "Cannot tell where the local registry is: LOCALAPPDATA is no absolute path. Name it: " +
        "local:C:\\some\\dir",
    );
  }
  // Under cron or sudo the variable is missing, but servers there must be found by clients.
  const named = env("XDG_RUNTIME_DIR") ?? "";
  const runtime = isAbsolutePath(named) ? named : `/run/user/${uid}`;
  if (isDirectory(runtime)) {
    return { path: joinPath(runtime, "rpc"), isPrivate: true };
  }
  const temporary = env("TMPDIR") ?? "";
  const base = isAbsolutePath(temporary) ? temporary : "/tmp";
  return { path: joinPath(base, `rpc-${uid}`), isPrivate: true };
}

/** The directory that `local:/some/dir` means. */
export function namedLocalDirectory(directory: string): LocalDirectory {
  return { path: absolutePath(directory), isPrivate: false };
}

/** The path and the owner of a private registry, for messages: other users do not see it. */
export function ownerText(
  { path, isPrivate }: LocalDirectory,
  environment = processEnvironment,
): string | undefined {
  if (!isPrivate) return undefined;
  const { uid } = environment;
  const owner = uid === null ? "this user" : uid === 0 ? "root" : `the user with uid ${uid}`;
  return `${path}, of ${owner} alone`;
}

/** Names of devices of Windows, whatever stands behind a dot, and names that it shortens. */
const keptByWindows = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)|\.$/i;

/**
 * Checks a service's name, which is also its directory's.
 *
 * @throws {RpcError} InvalidParams
 */
export function assertLocalName(service: string, os = Deno.build.os): void {
  assertServiceName(service);
  if (os !== "windows" || !keptByWindows.test(service)) return;
  const name = JSON.stringify(service);
  throw new RpcError(
    "InvalidParams",
    `Cannot use the service name ${name} with the local registry: Windows keeps no directory of ` +
      "that name",
  );
}

/**
 * Makes sure that a service's directory exists, and returns its path.
 *
 * @throws the file system's error, or an Error that says why the directory is not safe
 */
export function prepareServiceDirectory(directory: LocalDirectory, service: string): string {
  if (directory.isPrivate) preparePrivate(directory.path);
  const path = joinPath(directory.path, service);
  Deno.mkdirSync(path, { recursive: true });
  return path;
}

/** Checks the owner too: in a directory for temporary files another user may have made it first. */
function preparePrivate(path: string): void {
  Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
  const info = Deno.lstatSync(path);
  if (info.uid === null) return; // Windows: %LOCALAPPDATA% is the user's own
  if (!info.isDirectory || info.uid !== Deno.uid()) {
    throw new Error(`${path} is not a directory of this user's`);
  }
  if (((info.mode ?? 0) & 0o077) !== 0) Deno.chmodSync(path, 0o700);
}
