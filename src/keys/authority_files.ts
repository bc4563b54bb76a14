/**
 * The files of the authority of the cluster that was made on this machine, and the list of the
 * certificates that it has made.
 */

import { CommandError } from "../base/command_error.ts";
import { messageOf } from "../base/errors.ts";
import { exists, joinPath, readRegularFile } from "../base/paths.ts";
import { isObject } from "../base/values/members.ts";
import { type Authority, openAuthority, type Subject } from "./authority.ts";
import { isKeyOf, readCertificate } from "./certificate.ts";
import { appendIssued, lockIssued } from "./file_writing.ts";
import { readKeyFile } from "./file_reading.ts";
import { keyFiles } from "./files.ts";
import { readKeys } from "./keys.ts";
import { certificatesIn } from "./pem.ts";
import { machineNameLengthMax } from "./names.ts";
import { formatRights } from "./rights.ts";

/**
 * The authority in a directory of keys.
 *
 * @throws {CommandError} the cluster was made elsewhere, or nowhere. The message tells the next
 * command
 */
export async function openAuthorityFiles(directory: string): Promise<Authority> {
  const certificate = readAuthority(directory);
  const privateKey = readKeyFile(directory, keyFiles.authorityKey);
  if (certificate === undefined) {
    throw new CommandError(
      `There are no keys in ${directory} yet: create a cluster with rpc keys init`,
    );
  }
  if (privateKey === undefined) {
    throw new CommandError(
      `Only the machine where the cluster was made can do this: ${
        joinPath(directory, keyFiles.authorityKey)
      } is not here`,
    );
  }
  if (!isKeyOf(privateKey, certificate)) {
    throw new CommandError(
      `Cannot use the keys in ${directory}: ${keyFiles.authorityKey} is not the key of ` +
        `${keyFiles.authority}; a copy of the right one makes members again`,
    );
  }
  try {
    return await openAuthority({ certificate, privateKey });
  } catch (error) {
    throw new CommandError(`Cannot use the keys in ${directory}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * The certificate of the cluster that this machine belongs to; `undefined` if it belongs to none.
 *
 * @throws {CommandError} there are keys, and they cannot be used
 */
export function readAuthority(directory: string): string | undefined {
  // The machine on which the cluster was made need not be a member itself.
  if (exists(joinPath(directory, keyFiles.machineKey))) return readKeys(directory)?.authority;
  return certificatesIn(readKeyFile(directory, keyFiles.authority) ?? "")[0];
}

/**
 * Makes a member's certificate and adds it to the list, while nobody else does: a name that is free
 * is given once, though several ask for it at the same time.
 *
 * @param choose for whom, by the list as it is then
 * @throws {Error} what `choose` or `make` throws, or what the file system has against it
 */
export async function issue<Made extends { readonly certificate: string }>(
  directory: string,
  choose: () => Subject,
  make: (subject: Subject) => Promise<Made>,
  nowMs: number,
): Promise<Made> {
  using _ = await lockIssued(directory);
  const subject = choose();
  const made = await make(subject);
  // Before it is handed out: whoever has it can renew it, whatever happens to this process.
  rememberIssued(directory, subject, made.certificate, nowMs);
  return made;
}

/** Adds a certificate to the list of those that were made here. @throws {CommandError} */
export function rememberIssued(
  directory: string,
  subject: Subject,
  certificate: string,
  nowMs: number,
): void {
  const { validToMs } = readCertificate(certificate);
  appendIssued(
    directory,
    JSON.stringify({
      name: subject.name,
      rights: formatRights(subject.rights),
      made: new Date(nowMs).toISOString(),
      until: new Date(validToMs).toISOString(),
    }),
  );
}

/** Whether a certificate for somebody of this name was made here. @throws {CommandError} */
export function wasIssued(directory: string, name: string): boolean {
  return lastIssued(directory, name) !== undefined;
}

/**
 * A name that nobody has yet, for a machine whose own is taken: `name-2`, `name-3` and so on.
 *
 * @throws {CommandError} the list cannot be read
 */
export function freeName(directory: string, name: string): string {
  const taken = new Set(
    issuedIn(directory).map((entry) => String(entry?.["name"]).toLowerCase()),
  );
  for (let number = 2;; number++) {
    const suffix = `-${number}`;
    const free = name.slice(0, machineNameLengthMax - suffix.length) + suffix;
    if (!taken.has(free.toLowerCase())) return free;
  }
}

/**
 * What the list says last of a member; `undefined`: its name is not there.
 *
 * @throws {CommandError} the list cannot be read
 */
export function lastIssued(
  directory: string,
  name: string,
): { readonly rights?: unknown; readonly until?: unknown } | undefined {
  const wanted = name.toLowerCase();
  return issuedIn(directory).findLast((entry) => {
    const listed = entry?.["name"];
    return typeof listed === "string" && listed.toLowerCase() === wanted;
  });
}

/** @throws {CommandError} the list is there, and cannot be read: any name would seem free */
function issuedIn(directory: string): (Record<string, unknown> | undefined)[] {
  const path = joinPath(directory, keyFiles.issued);
  try {
    const text = new TextDecoder().decode(readRegularFile(path));
    return text.split("\n").map(entryOf);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw new CommandError(`Cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function entryOf(line: string): Record<string, unknown> | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return isObject(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}
