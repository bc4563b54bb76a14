/** The files of this machine's keys: their names, and where they are. */

import { CommandError } from "../base/command_error.ts";
import { withoutStack } from "../base/errors.ts";
import { homeVariable, isAbsolutePath, joinPath, userDirectory } from "../base/paths.ts";

/** The names of the files in the directory of keys. */
export const keyFiles = {
  /** The cluster's own certificate: whoever holds a certificate that it signed is a member. */
  authority: "ca.crt",
  /** The key that signs members' certificates. It exists only where the cluster was made. */
  authorityKey: "ca.key",
  machine: "machine.crt",
  machineKey: "machine.key",
  /**
   * New keys while they are written to the three files: a bundle, which is complete at any moment.
   */
  pending: "pending.key",
  /** A line for each certificate that was made here. */
  issued: "issued.ndjson",
} as const;

/**
 * Where this user's keys are: `RPC_KEYS`, or `rpc/keys` where settings are kept. `undefined`: the
 * environment does not tell. It is never a place below the working directory, which may be another
 * user's.
 */
export function keysDirectory(
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
  os: typeof Deno.build.os = Deno.build.os,
): string | undefined {
  const named = env("RPC_KEYS");
  if (named) {
    if (isAbsolutePath(named)) return named;
    throw new CommandError(
      `Cannot use RPC_KEYS=${JSON.stringify(named)}: it must be a directory's absolute path`,
    );
  }
  // A relative one is passed over: else whoever has keys would go on without, and not be told.
  const base = os === "windows"
    ? userDirectory("APPDATA", "\\AppData\\Roaming", env)
    : userDirectory("XDG_CONFIG_HOME", "/.config", env);
  return base === undefined ? undefined : joinPath(base, "rpc", "keys");
}

/** Whether a directory has any of the files that a machine with keys has. */
export function hasKeyFiles(directory: string): boolean {
  // Most machines have no keys: one look at the file system is enough for them, not three.
  return mayBeThere(directory) &&
    [keyFiles.authority, keyFiles.machine, keyFiles.machineKey]
      .some((name) => mayBeThere(joinPath(directory, name)));
}

/**
 * The directory with this machine's keys; `undefined`: it has none.
 *
 * @throws {CommandError} RPC_KEYS names one that has none, or there is a link to nothing or a file
 * in its place. Who made that wants keys: a secret that is not mounted must not have everything go
 * on in the open
 */
export function ownKeysDirectory(): string | undefined {
  const directory = keysDirectory();
  if (directory === undefined || hasKeyFiles(directory)) return directory;
  if (!Deno.env.get("RPC_KEYS")) {
    if (!isBroken(directory)) return undefined;
    throw new CommandError(
      `Cannot read keys in ${directory}: it is no directory and no link to one; mend it, or go ` +
        "without (--insecure, or insecure: true)",
    );
  }
  throw new CommandError(
    `There are no keys in ${directory}, which RPC_KEYS names: make some (rpc keys init or rpc ` +
      "keys join), or go without (--insecure, or insecure: true)",
  );
}

/** Whether there is a link to nothing, or a file, where a directory should be. */
function isBroken(directory: string): boolean {
  let isThere = false;
  try {
    withoutStack(() => Deno.lstatSync(directory));
    isThere = true;
    return !Deno.statSync(directory).isDirectory;
  } catch {
    return isThere;
  }
}

function mayBeThere(path: string): boolean {
  try {
    withoutStack(() => Deno.statSync(path));
    return true;
  } catch (error) {
    // A file that cannot be looked at may exist: reading it will tell the reason.
    return !(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory);
  }
}

/** Whether the cluster was made here. */
export function hasAuthority(directory: string): boolean {
  try {
    return Deno.statSync(joinPath(directory, keyFiles.authorityKey)).isFile;
  } catch {
    return false;
  }
}

/** The directory for new keys. @throws {CommandError} */
export function requiredKeysDirectory(): string {
  const directory = keysDirectory();
  if (directory !== undefined) return directory;
  throw new CommandError(
    `Cannot tell where keys are kept: the environment has no ${homeVariable}; name a directory by ` +
      "RPC_KEYS",
  );
}

/** Whether a file of this name must be readable by its owner alone. */
export function isSecret(name: string): boolean {
  return name.endsWith(".key") || name.endsWith(".key.pem");
}
