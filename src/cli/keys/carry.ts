/** Keys that are carried over in a file, where there is no network to join by. */

import { systemClock } from "../../base/clock.ts";
import { CommandError, exitCodes } from "../../base/command_error.ts";
import { messageOf } from "../../base/errors.ts";
import { createMember, isSignedBy, type Subject } from "../../keys/authority.ts";
import { issue, openAuthorityFiles, readAuthority, wasIssued } from "../../keys/authority_files.ts";
import { formatBundle, parseBundle, putKeys } from "../../keys/bundle.ts";
import { assertUnread, keyFileBytesMax, readKeyFile } from "../../keys/file_reading.ts";
import { lockKeys } from "../../keys/file_writing.ts";
import { keyFiles, requiredKeysDirectory } from "../../keys/files.ts";
import { clusterOf } from "../../keys/certificate.ts";
import { type Keys, readKeys } from "../../keys/keys.ts";
import { assertMachineName } from "../../keys/names.ts";
import { machineRights, parseRights } from "../../keys/rights.ts";
import { printOnStderr, printText } from "../../terminal/stdout.ts";
import type { KeysInput } from "./input.ts";
import { show } from "./show.ts";

/** `rpc keys export NAME > file` */
export async function exportKeys({ flags }: KeysInput, name: string): Promise<number> {
  assertMachineName(name);
  const rights = flags.rights === undefined ? machineRights : parseRights(flags.rights);
  const directory = requiredKeysDirectory();
  const authority = await openAuthorityFiles(directory);
  if (Deno.stdout.isTerminal()) {
    throw new CommandError(
      `Cannot show a private key on a terminal: rpc keys export ${name} > ${name}.keys`,
    );
  }
  const choose = () => {
    if (!wasIssued(directory, name) || flags.name === name) return { name, rights };
    throw new CommandError(
      `There is a member called ${name} already; to give it new keys, say so: ` +
        `rpc keys export ${name} --name ${name}`,
    );
  };
  const nowMs = systemClock.wallTimeMs();
  const make = (subject: Subject) => createMember(authority, subject, nowMs);
  const member = await issue(directory, choose, make, nowMs);
  closeToOthers();
  const isRead = printText(
    formatBundle({ ...member, authority: readAuthority(directory) ?? "" }),
  );
  // They are nowhere else.
  if (!isRead) {
    throw new CommandError(
      `Nobody has read the keys for ${name}: rpc keys export ${name} --name ${name}`,
    );
  }
  printOnStderr(
    `rpc: keys for ${name}; carry the file over, there: rpc keys import FILE, and then remove it`,
  );
  return exitCodes.success;
}

/** The file that a shell has made for the output may be one that others read; a pipe is none. */
function closeToOthers(): void {
  if (Deno.build.os === "windows") return;
  const path = "/dev/fd/1";
  try {
    const info = Deno.statSync(path);
    if (!info.isFile || ((info.mode ?? 0) & 0o077) === 0) return;
    Deno.chmodSync(path, 0o600);
  } catch (error) {
    printOnStderr(
      `rpc: others may be able to read the file (${messageOf(error)}): chmod 600 is yours to do`,
    );
  }
}

/** `rpc keys import FILE`, or `-` for stdin */
export async function importKeys(input: KeysInput, file: string): Promise<number> {
  const directory = requiredKeysDirectory();
  const keys = await bundleIn(file);
  if (!await isSignedBy(keys.authority, keys.certificate)) {
    throw new CommandError(
      `Cannot import ${file}: its certificate was not made by the cluster that it names`,
    );
  }
  {
    using _ = await lockKeys(directory);
    assertReplaceable(directory, (cluster) => cluster === keys.cluster, input.flags.force);
    putKeys(directory, keys);
  }
  return show(input);
}

/** The keys in a file. Only of a file that has some is it asked that others cannot read it. */
async function bundleIn(file: string): Promise<Keys> {
  let bytes: Uint8Array | undefined;
  let info: Deno.FileInfo | undefined;
  try {
    using opened = file === "-" ? undefined : await Deno.open(file);
    info = await opened?.stat();
    bytes = await readUpTo(opened ?? Deno.stdin, keyFileBytesMax);
  } catch (error) {
    throw new CommandError(`Cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
  if (bytes === undefined) {
    throw new CommandError(`Cannot import ${file}: it is not what rpc keys export makes`);
  }
  const keys = parseBundle(file === "-" ? "stdin" : file, decoded(bytes));
  if (info !== undefined) assertUnread(file, info);
  return keys;
}

/** All bytes of a source; `undefined` if they are more than these. */
async function readUpTo(
  source: { read(buffer: Uint8Array): Promise<number | null> },
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  const buffer = new Uint8Array(bytesMax + 1);
  let length = 0;
  while (length < buffer.length) {
    const read = await source.read(buffer.subarray(length));
    if (read === null) return buffer.subarray(0, length);
    length += read;
  }
  return undefined;
}

/** PowerShell of Windows writes what a command prints in UTF-16. */
function decoded(bytes: Uint8Array): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? "utf-16le" : "utf-8").decode(bytes);
}

/**
 * Makes sure that a member's keys may be put into the directory. Those of another cluster are not
 * lost by a slip, and the cluster that was made here even less. For who holds the lock, since
 * another command may put keys there.
 *
 * @param isOf whether a cluster is the one of the new keys
 * @throws {CommandError} there are keys of another cluster
 */
export function assertReplaceable(
  directory: string,
  isOf: (cluster: string) => boolean,
  isForced: boolean,
): void {
  const before = clusterBefore(directory);
  if (before === undefined || isOf(before)) return;
  if (!isForced) {
    throw new CommandError(
      `There are keys of another cluster in ${directory}: --force puts these in their place`,
    );
  }
  if (readKeyFile(directory, keyFiles.authorityKey) !== undefined) {
    throw new CommandError(
      `A cluster was made in ${directory}, and its key would be lost: move the directory away`,
    );
  }
}

/**
 * The cluster of the keys that count, which a writer that was killed may have left in a file of
 * their own; of keys that cannot be used, that of the certificate that is there.
 */
function clusterBefore(directory: string): string | undefined {
  try {
    return readKeys(directory)?.cluster;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const authority = readKeyFile(directory, keyFiles.authority);
    return authority === undefined ? undefined : clusterIn(authority);
  }
}

/** The cluster of a certificate that may be spoilt, and is then of none. */
function clusterIn(certificate: string): string {
  try {
    return clusterOf(certificate);
  } catch {
    return "";
  }
}
