/** Whether a file that speaks for its user could have been written by another user. */

import { isGranted } from "./is_granted.ts";

/** What of a file's state tells. */
type Ownership = Pick<Deno.FileInfo, "mode" | "uid">;

/** The user of files whose owner has no number in a user namespace; elsewhere that is `nobody`. */
const overflowUid = 65_534;

/**
 * Why a file or a directory may be another user's word, with the command that mends it, as the end
 * of a sentence; `undefined`: it is this user's, or root's.
 *
 * A group may be the user's own, so it is no stranger here. Root runs the program for others, as
 * under `sudo` and in containers, with the files that the environment names: for it an owner says
 * nothing.
 *
 * @param mended the mode that it should have
 * @param own this user; `undefined`: this process may not know. @default the process's
 * @param isNamespace whether some users have no number here. @default looks
 */
export function strangersFault(
  path: string,
  { mode, uid }: Ownership,
  mended: string,
  own: number | undefined = ownUid(),
  isNamespace: () => boolean = isInUserNamespace,
): string | undefined {
  // Windows has no such modes and owners: there the directory is the user's own.
  if (Deno.build.os === "windows" || mode === null) return undefined;
  if ((mode & 0o002) !== 0) {
    return `other users of this machine can change it; first: chmod ${mended} ${shownPath(path)}`;
  }
  if (uid === null || own === undefined || own === 0 || uid === 0 || uid === own) return undefined;
  if (uid === overflowUid && isNamespace()) {
    return `who owns it cannot be told in this container (uid ${uid}), as of files of the host's ` +
      `root; first, on the host: chown it to the user that runs the container, or mount a copy`;
  }
  return `it is another user's (uid ${uid}), who can change it; first: sudo chown ${own} ` +
    shownPath(path);
}

/** The same for a directory, in which another user could put files in place of those there. */
export function strangersDirectoryFault(
  path: string,
  { mode, uid }: Ownership,
): string | undefined {
  // In a sticky directory, such as that of a mounted secret, only owners replace their files.
  const isSticky = ((mode ?? 0) & 0o1000) !== 0;
  return strangersFault(path, { mode: isSticky ? 0o700 : mode, uid }, "700");
}

/** A path as a shell takes it. */
export function shownPath(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

function ownUid(): number | undefined {
  return isGranted({ name: "sys", kind: "uid" }) ? Deno.uid() ?? undefined : undefined;
}

/** Whether this process knows only some users by their numbers, as in a rootless container. */
function isInUserNamespace(): boolean {
  const path = "/proc/self/uid_map";
  if (!isGranted({ name: "read", path })) return false;
  try {
    // Outside of all namespaces all 2^32 - 1 numbers stand for themselves.
    return !/^\s*0\s+0\s+4294967295\s*$/.test(Deno.readTextFileSync(path));
  } catch {
    return false;
  }
}
