/** Reading the files of this machine's keys, unless other users could read or change them. */

import { CommandError } from "../base/command_error.ts";
import { messageOf, withoutStack } from "../base/errors.ts";
import { joinPath } from "../base/paths.ts";
import { shownPath, strangersDirectoryFault, strangersFault } from "../base/system/strangers.ts";
import { isSecret } from "./files.ts";

/** Longest file that is read: a certificate has a thousand bytes. */
export const keyFileBytesMax = 64 * 1024;

/**
 * Reads one of the files; `undefined` if it is not there.
 *
 * @throws {CommandError} it cannot be read, it is a key that others can read, or others can change
 * it
 */
export function readKeyFile(directory: string, name: string): string | undefined {
  const path = joinPath(directory, name);
  try {
    // It is checked before it is opened: opening a pipe blocks until it has a writer.
    assertKeyFile(path, Deno.statSync(path));
    using file = Deno.openSync(path);
    // It is checked again once it is open: the file could have been replaced in between.
    const info = file.statSync();
    assertKeyFile(path, info);
    if (isSecret(name)) assertUnread(path, info);
    refuse(path, strangersFault(path, info, isSecret(name) ? "600" : "644"));
    const text = readAll(file, info.size);
    if (!isSecret(name) && holdsPrivateKey(text)) assertUnread(path, info);
    return text;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    if (error instanceof CommandError) throw error;
    throw new CommandError(`Cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function assertKeyFile(path: string, { isFile, size }: Deno.FileInfo): void {
  if (isFile && size <= keyFileBytesMax) return;
  throw new CommandError(`Cannot use ${path}: that is no certificate and no key`);
}

/** Whether a text holds a private key of any kind, even an incomplete one. */
function holdsPrivateKey(text: string): boolean {
  return /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text);
}

/**
 * Refuses a file with a secret that others than its owner can read.
 *
 * @throws {CommandError} its message has the command that mends it
 */
export function assertUnread(path: string, { mode }: Deno.FileInfo): void {
  // Windows has no such modes: there the directory is the user's own.
  if (Deno.build.os === "windows" || mode === null || (mode & 0o077) === 0) return;
  throw new CommandError(
    `Cannot use ${path}: other users of this machine can read it; first: chmod 600 ${
      shownPath(path)
    }`,
  );
}

/**
 * Refuses a directory of keys in which other users can put files in place of those that are there.
 *
 * @throws {CommandError} its message has the command that mends it
 */
export function assertOwnDirectory(directory: string): void {
  let info: Deno.FileInfo;
  try {
    info = withoutStack(() => Deno.statSync(directory));
  } catch {
    // Reading the files tells the reason, or that there are none.
    return;
  }
  refuse(directory, strangersDirectoryFault(directory, info));
}

function refuse(path: string, fault: string | undefined): void {
  if (fault !== undefined) throw new CommandError(`Cannot use ${path}: ${fault}`);
}

function readAll(file: Deno.FsFile, size: number): string {
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const read = file.readSync(bytes.subarray(length));
    if (read === null) break;
    length += read;
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}
