/** Writing the files of this machine's keys, so that whatever happens they are whole. */

import { type Clock, systemClock } from "../base/clock.ts";
import { CommandError } from "../base/command_error.ts";
import { messageOf } from "../base/errors.ts";
import {
  appendLine,
  directoryOf,
  exists,
  joinPath,
  removeQuietly,
  takePlace,
} from "../base/paths.ts";
import { lockFile } from "../base/system/file_lock.ts";
import { isSecret, keyFiles } from "./files.ts";

/** What is written to see whether there is room: more than all keys and a line of the list. */
const trialBytes = 16 * 1024;

/** Names of files on their way to a place: that place's name, and a random part. */
const temporaryName =
  /^(?:(?:ca|machine|pending)\.(?:crt|key)|(?:zookeeper\.key|ca)\.pem|trial)\.[0-9a-f-]{36}$/;

/** No writer takes so long from making a file to putting it in its place. */
const leftoverMs = 60 * 60 * 1_000;

/**
 * Writes files into the directory, which is made if need be, one after the other, each whole or not
 * at all; those that are secret for their owner alone.
 *
 * @throws {CommandError} what the file system has against it
 */
export function writeKeyFiles(directory: string, files: Readonly<Record<string, string>>): void {
  try {
    makeDirectory(directory);
    removeLeftovers(directory);
    replaceFiles(
      Object.entries(files).map(([name, text]) => ({
        path: joinPath(directory, name),
        text,
        mode: isSecret(name) ? 0o600 : 0o644,
      })),
    );
  } catch (error) {
    throw unwritable(directory, error);
  }
}

/** So that nobody else looks into it, whatever the umask. */
function makeDirectory(directory: string): void {
  assertTheOwners(directory);
  Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (Deno.build.os !== "windows") Deno.chmodSync(directory, 0o700);
}

/**
 * Under `sudo` the environment can name the directory of the user who said so, or of one that a
 * service runs as. What root writes there is root's: that user's own commands could not read their
 * keys any more.
 */
function assertTheOwners(directory: string): void {
  const user = Deno.env.get("SUDO_UID");
  if (!user) return;
  let place = directory;
  while (!exists(place) && directoryOf(place) !== place) place = directoryOf(place);
  const { uid } = Deno.statSync(place);
  if (uid === null || uid === Deno.uid()) return;
  const instead = uid === Number(user) ? "leave out sudo" : `use sudo -u '#${uid}'`;
  throw new Error(`under sudo they would become root's, and are of uid ${uid}: ${instead}`);
}

/**
 * Makes sure that keys can be written before somebody makes some that cannot be made twice.
 *
 * @throws {CommandError} what the file system has against it
 */
export function assertWritable(directory: string): void {
  const trial = joinPath(directory, `trial.${crypto.randomUUID()}`);
  try {
    makeDirectory(directory);
    writeWhole(trial, new Uint8Array(trialBytes), 0o600);
  } catch (error) {
    throw unwritable(directory, error);
  } finally {
    removeQuietly(trial);
  }
}

/** Removes one of the files, if it is there. @throws {CommandError} what the file system says */
export function removeKeyFile(directory: string, name: string): void {
  try {
    Deno.removeSync(joinPath(directory, name));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw unwritable(directory, error);
  }
}

/**
 * Lets one process at a time change the keys in a directory: until it is disposed of, or the
 * process ends, others wait here, though not for ever. Meanwhile a server answers its calls.
 *
 * @throws {CommandError} what the file system has against it, or another one that does not end
 */
export function lockKeys(directory: string, clock: Clock = systemClock): Promise<Disposable> {
  return lock(directory, ".lock", clock);
}

/**
 * As {@link lockKeys}, for the list of the certificates that were made here. It has a lock of its
 * own: a join holds the one of the keys while it waits for an inviter, which may use them too.
 *
 * @throws {CommandError}
 */
export function lockIssued(directory: string): Promise<Disposable> {
  return lock(directory, ".issued.lock", systemClock);
}

async function lock(directory: string, name: string, clock: Clock): Promise<Disposable> {
  try {
    makeDirectory(directory);
    return await lockFile(joinPath(directory, name), "the keys", true, clock);
  } catch (error) {
    throw unwritable(directory, error);
  }
}

/** Adds a line to the list of certificates that were made here. @throws {CommandError} */
export function appendIssued(directory: string, line: string): void {
  const path = joinPath(directory, keyFiles.issued);
  try {
    appendLine(path, line);
  } catch (error) {
    throw new CommandError(`Cannot write ${path}: ${messageOf(error)}`, { cause: error });
  }
}

interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

function writeWhole(path: string, bytes: Uint8Array, mode: number): void {
  using file = Deno.openSync(path, { write: true, createNew: true, mode });
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  file.syncSync();
}

/**
 * What writers that were killed have left are keys that nobody uses. Those of a moment ago may be
 * of one that lives.
 */
function removeLeftovers(directory: string): void {
  for (const { name } of Deno.readDirSync(directory)) {
    if (!temporaryName.test(name)) continue;
    const path = joinPath(directory, name);
    try {
      const writtenMs = Deno.statSync(path).mtime?.getTime() ?? Infinity;
      if (systemClock.wallTimeMs() - writtenMs > leftoverMs) Deno.removeSync(path);
    } catch {
      // Another writer has removed it.
    }
  }
}

/**
 * No reader and no full disk ever leaves half of one; and all are on the disk before the first of
 * them takes its place.
 */
function replaceFiles(files: readonly NewFile[]): void {
  const written: { readonly temporary: string; readonly path: string }[] = [];
  try {
    for (const { path, text, mode } of files) {
      const temporary = `${path}.${crypto.randomUUID()}`;
      written.push({ temporary, path });
      writeWhole(temporary, new TextEncoder().encode(text), mode);
    }
    for (const { temporary, path } of written) takePlace(temporary, path);
  } catch (error) {
    for (const { temporary } of written) removeQuietly(temporary);
    throw error;
  }
}

function unwritable(directory: string, cause: unknown): CommandError {
  return new CommandError(`Cannot write keys to ${directory}: ${messageOf(cause)}`, { cause });
}
