import { type Clock, sleep, systemClock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { fileLockRetryMs, fileLockTimeoutMs } from "../limits.ts";
import { removeQuietly } from "../paths.ts";

/**
 * Lets one process at a time change what a file stands for: until it is disposed of, or the process
 * ends, others wait here, though not for ever. Meanwhile a program goes on with what else it does.
 *
 * @param path of an empty file, made if need be, that only its owner can lock
 * @param subject what is changed, for the error: `the keys`
 * @param stays whether the file is there afterwards; one that goes is in nobody's way who works for
 * another user. Windows keeps it in any case
 * @throws {Error} the file system's, that it is no regular file or another user's, or that another
 * process holds it for too long
 */
export async function lockFile(
  path: string,
  subject: string,
  stays: boolean,
  clock: Clock = systemClock,
): Promise<Disposable> {
  const giveUpAtMs = clock.now() + fileLockTimeoutMs;
  while (true) {
    const file = openLock(path, subject);
    try {
      if (tryLock(file) && isStillAt(path, file)) return stays ? file : removedAtEnd(path, file);
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
    if (clock.now() >= giveUpAtMs) {
      throw new Error(
        `another rpc is changing ${subject}, and holds ${path} for more than ` +
          `${fileLockTimeoutMs / 1_000} s; end it, or try again once it has ended`,
      );
    }
    await sleep(clock, fileLockRetryMs);
  }
}

function openLock(path: string, subject: string): Deno.FsFile {
  const owner = ownerOfRegular(path);
  try {
    return Deno.openSync(path, { write: true, create: true, mode: 0o600 });
  } catch (error) {
    const isRefused = error instanceof Deno.errors.PermissionDenied;
    if (!isRefused || owner === undefined || owner === Deno.uid()) throw error;
    // It stays where it was ended amid a change, as by SIGKILL.
    throw new Error(
      `an rpc of the user with the id ${owner} is changing ${subject}, or has left its lock ` +
        `${path}: remove that if none runs`,
      { cause: error },
    );
  }
}

/**
 * The id of a lock's owner; `undefined`: there is none, as on Windows.
 *
 * @throws {Error} it is no regular file: opening a pipe would block until it has a reader, and a
 * link leads to what is for others
 */
function ownerOfRegular(path: string): number | undefined {
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  if (!info.isFile) throw new Error(`${path} is no regular file: remove it`);
  return info.uid ?? undefined;
}

/** Where the file system has no locks, everybody has one: a change is better than none. */
function tryLock(file: Deno.FsFile): boolean {
  try {
    return file.tryLockSync(true);
  } catch (error) {
    // Deno has no code for most of these: ENOLCK, ENOTSUP and ENOSYS.
    const hasNone = error instanceof Deno.errors.NotSupported ||
      /no locks available|not supported|not implemented/i.test(messageOf(error));
    if (hasNone) return true;
    throw error;
  }
}

/** Whether it is not one that was removed after it was opened: others would lock another one. */
function isStillAt(path: string, file: Deno.FsFile): boolean {
  const { ino } = file.statSync();
  if (!ino) return true;
  try {
    return Deno.statSync(path).ino === ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function removedAtEnd(path: string, file: Deno.FsFile): Disposable {
  return {
    [Symbol.dispose]() {
      // Before others can have it, who would lock what is then nowhere.
      if (Deno.build.os !== "windows") removeQuietly(path);
      file.close();
    },
  };
}
