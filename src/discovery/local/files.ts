/**
 * One registration on disk: three files named for its id, a UUID that is never used twice.
 *
 * - `<id>.lock` is held locked by the server for as long as it lives. The kernel frees the lock
 *   however the server ends, SIGKILL included. It is a file of its own because on Windows nobody
 *   else could read a locked one.
 * - `<id>.tmp` takes the text while it is being written, and becomes by renaming
 * - `<id>.json`, which therefore always is whole, and which never appears before the lock is held.
 *
 * So a `.json` whose lock is free belongs to a dead server, and whoever sees that may remove it.
 * The only moment in which a free lock does not mean death is between the making of the lock file
 * and its locking; a server that was taken for dead then finds its lock file gone, and begins again
 * under another id.
 */

import { joinPath } from "../../base/paths.ts";
import { instanceJsonBytesMax } from "../instance_json.ts";
import { readRegularFile } from "../regular_file.ts";

/** What a name in a service's directory stands for. */
interface RegistrationFileName {
  readonly id: string;
  readonly extension: "json" | "lock" | "tmp";
}

const fileName =
  /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.(json|lock|tmp)$/;

/** Takes a file's name apart, or returns `undefined` for a file that is none of ours. */
export function parseFileName(name: string): RegistrationFileName | undefined {
  const [, id, extension] = fileName.exec(name) ?? [];
  if (id === undefined) return undefined;
  return { id, extension: extension as RegistrationFileName["extension"] };
}

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
   * Puts a registration into a directory, whole or not at all.
   *
   * @param mode who may read it, as far as the umask lets them
   * @param encode makes the text from the registration's id
   * @throws whatever the file system has against it
   */
  static async publish(
    directory: string,
    encode: (id: string) => string,
    mode = 0o666,
  ): Promise<OwnRegistration> {
    const id = crypto.randomUUID();
    const lockPath = pathOf(directory, id, "lock");
    // Synchronous, so that the moment between making and locking is as short as can be.
    const lock = Deno.openSync(lockPath, { createNew: true, read: true, write: true });
    const registration = new OwnRegistration(directory, id, lock);
    try {
      if (!lock.tryLockSync(true)) throw new Error(`${lockPath} was locked by somebody else`);
      await Deno.lstat(lockPath);
      const temporary = pathOf(directory, id, "tmp");
      await Deno.writeTextFile(temporary, encode(id), { createNew: true, mode });
      await Deno.rename(temporary, pathOf(directory, id, "json"));
      return registration;
    } catch (error) {
      await registration.remove();
      throw error;
    }
  }

  /** Whether all of it is still there: somebody may have cleaned up the directory. */
  async isIntact(): Promise<boolean> {
    try {
      await Deno.lstat(pathOf(this.#directory, this.#id, "json"));
      const found = await Deno.lstat(pathOf(this.#directory, this.#id, "lock"));
      return found.ino === (await this.#lock.stat()).ino;
    } catch {
      return false;
    }
  }

  /** Takes the registration out, the part that others look at first. Never throws; once only. */
  async remove(): Promise<void> {
    await removeFile(this.#directory, this.#id, "json");
    await removeFile(this.#directory, this.#id, "tmp");
    this.#lock.close();
    await removeFile(this.#directory, this.#id, "lock");
  }
}

/**
 * - `alive`: its server holds the lock (or it cannot be told, and nothing must be changed)
 * - `dead`: nobody does
 * - `unlocked`: there is no lock file, so no server of ours made this
 */
type Liveness = "alive" | "dead" | "unlocked";

/**
 * Looks whether a registration's server lives, and removes the files of a dead one.
 *
 * The lock is tried as a shared one: watchers that look at the same moment do not take each other
 * for the server.
 */
export async function checkLiveness(directory: string, id: string): Promise<Liveness> {
  let lock: Deno.FsFile;
  try {
    // What is no file is no lock of ours, and to open a pipe would take as long as nobody writes to
    // it.
    if (!Deno.lstatSync(pathOf(directory, id, "lock")).isFile) return "unlocked";
    // Synchronous: 10 µs against 170 µs on two threads, and every registration is asked each
    // second.
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
 * Reads a registration's text, or `undefined` if it went away.
 *
 * @throws {Error} why it cannot be one
 */
export function readRegistration(directory: string, id: string): Uint8Array | undefined {
  try {
    return readRegularFile(pathOf(directory, id, "json"), instanceJsonBytesMax);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
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

/**
 * Somebody else may have removed it before, and what cannot be removed now is found again later.
 */
async function removeFile(
  directory: string,
  id: string,
  extension: RegistrationFileName["extension"],
): Promise<void> {
  try {
    await Deno.remove(pathOf(directory, id, extension));
  } catch { /* see above */ }
}
