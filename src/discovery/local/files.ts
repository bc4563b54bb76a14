/**
 * A registration on disk: three files named by its id, a UUID that is never used again.
 *
 * - `<id>.lock` is locked by the server for as long as it lives. The kernel frees the lock however
 *   the server ends, even by SIGKILL. It is a separate file because on Windows nobody else could
 *   read a locked one.
 * - `<id>.tmp` holds the text while it is being written, and is then renamed to
 * - `<id>.json`, which is therefore always complete, and never appears before the lock is held.
 *
 * So a `.json` whose lock is free belongs to a dead server, and anybody who sees that may remove
 * it. Only between the creation of the lock file and its locking does a free lock not mean death. A
 * server that was taken for dead in that moment finds its lock file gone, and starts again under
 * another id.
 */

import { joinPath, readRegularFile, takePlace, writeNewFile } from "../../base/paths.ts";
import { instanceJsonBytesMax } from "../instance_json.ts";

/** The parts of a file's name. */
interface RegistrationFileName {
  readonly id: string;
  readonly extension: "json" | "lock" | "tmp";
}

const fileName =
  /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.(json|lock|tmp)$/;

/** Splits a file's name, or returns `undefined` for a file that is not ours. */
export function parseFileName(name: string): RegistrationFileName | undefined {
  const [, id, extension] = fileName.exec(name) ?? [];
  if (id === undefined) return undefined;
  return { id, extension: extension as RegistrationFileName["extension"] };
}

/** How often a server tries again at once that was taken for dead before it had the lock. */
const attemptsMax = 8;

/** A registration of this process. */
export class OwnRegistration {
  readonly #directory: string;
  readonly #id: string;
  readonly #lock: Deno.FsFile;

  private constructor(directory: string, id: string, lock: Deno.FsFile) {
    this.#directory = directory;
    this.#id = id;
    this.#lock = lock;
  }

  /**
   * Writes a registration into a directory, all of it or nothing.
   *
   * @param mode who may read it, as far as the umask lets them
   * @param encode makes the text from the registration's id
   * @throws the file system's error
   */
  static async publish(
    directory: string,
    encode: (id: string) => string,
    mode = 0o666,
  ): Promise<OwnRegistration> {
    for (let attempt = 1;; attempt++) {
      const id = crypto.randomUUID();
      const lockPath = pathOf(directory, id, "lock");
      // Synchronous, as all of it: clients wait for a new server, and each step by another thread
      // takes longer than the step. It also keeps the moment between creation and locking short.
      const lock = Deno.openSync(lockPath, { createNew: true, read: true, write: true });
      const registration = new OwnRegistration(directory, id, lock);
      try {
        if (lock.tryLockSync(true) && isThere(lockPath)) {
          const temporary = pathOf(directory, id, "tmp");
          writeNewFile(temporary, encode(id), mode);
          takePlace(temporary, pathOf(directory, id, "json"));
          return registration;
        }
        if (attempt === attemptsMax) throw new Error(`somebody else locks or removes ${lockPath}`);
      } catch (error) {
        await registration.remove();
        throw error;
      }
      await registration.remove();
    }
  }

  /**
   * Whether its files still exist: somebody may have cleaned up the directory. Where the file
   * system cannot tell, they do: to make them again it would have to work.
   */
  async isIntact(): Promise<boolean> {
    try {
      await Deno.lstat(pathOf(this.#directory, this.#id, "json"));
      const found = await Deno.lstat(pathOf(this.#directory, this.#id, "lock"));
      return found.ino === (await this.#lock.stat()).ino;
    } catch (error) {
      return !(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory);
    }
  }

  /** Removes the files, first the one that others read. Never throws. To be called once. */
  async remove(): Promise<void> {
    await removeFile(this.#directory, this.#id, "json");
    await removeFile(this.#directory, this.#id, "tmp");
    this.#lock.close();
    await removeFile(this.#directory, this.#id, "lock");
  }
}

/**
 * - `alive`: its server holds the lock, or that is unknown, and nothing must be changed
 * - `dead`: nobody holds the lock
 * - `unlocked`: there is no lock file, so no server of ours made the registration
 */
type Liveness = "alive" | "dead" | "unlocked";

/**
 * Checks whether a registration's server lives, and removes the files of a dead one.
 *
 * It tries a shared lock, so that watchers that check at the same moment do not take each other for
 * the server.
 */
export async function checkLiveness(directory: string, id: string): Promise<Liveness> {
  let lock: Deno.FsFile;
  try {
    // A lock of ours is a regular file. Opening a pipe would block until somebody writes to it.
    if (!Deno.lstatSync(pathOf(directory, id, "lock")).isFile) return "unlocked";
    // Synchronous, which takes 10 µs in place of 170 µs on two threads: every registration is
    // checked each second.
    lock = Deno.openSync(pathOf(directory, id, "lock"), { read: true });
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? "unlocked" : "alive";
  }
  try {
    if (!lock.tryLockSync(false)) return "alive";
    await removeFile(directory, id, "json");
    await removeFile(directory, id, "tmp");
    await removeFile(directory, id, "lock");
    return "dead";
  } catch {
    return "alive";
  } finally {
    lock.close();
  }
}

/**
 * Reads a registration's text; `undefined` if the file has gone.
 *
 * @throws {Error} why it cannot be a registration
 */
export function readRegistration(directory: string, id: string): Uint8Array | undefined {
  try {
    return readRegularFile(pathOf(directory, id, "json"), instanceJsonBytesMax);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** @throws the file system's error, but for the one that says that nothing is there */
function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function pathOf(
  directory: string,
  id: string,
  extension: RegistrationFileName["extension"],
): string {
  return joinPath(directory, `${id}.${extension}`);
}

/** Removes a file if it can: others may have done it, and a later check will try again. */
async function removeFile(
  directory: string,
  id: string,
  extension: RegistrationFileName["extension"],
): Promise<void> {
  try {
    await Deno.remove(pathOf(directory, id, extension));
  } catch { /* see above */ }
}
