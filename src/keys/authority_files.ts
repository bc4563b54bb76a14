/**
 * The authority of the cluster that was made on this machine, and whom it has made certificates
 * for.
 */

import { CommandError } from "../base/command_error.ts";
import { messageOf } from "../base/errors.ts";
import { joinPath } from "../base/paths.ts";
import { type Authority, openAuthority, type Subject } from "./authority.ts";
import { readCertificate } from "./certificate.ts";
import { appendIssued, keyFiles, readKeyFile } from "./files.ts";
import { formatRights } from "./rights.ts";

/**
 * The authority in a directory of keys.
 *
 * @throws {CommandError} the cluster was made elsewhere, or nowhere, and the next command
 */
export async function openAuthorityFiles(directory: string): Promise<Authority> {
  const certificate = readKeyFile(directory, keyFiles.authority);
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
  try {
    return await openAuthority({ certificate, privateKey });
  } catch (error) {
    throw new CommandError(`Cannot use the keys in ${directory}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Keeps in mind that a certificate was made. @throws {CommandError} */
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

/** Whether a certificate for somebody of this name was made here. */
export function wasIssued(directory: string, name: string): boolean {
  let text: string;
  try {
    text = Deno.readTextFileSync(joinPath(directory, keyFiles.issued));
  } catch {
    return false;
  }
  const wanted = name.toLowerCase();
  return text.split("\n").some((line) => {
    try {
      return String(JSON.parse(line).name).toLowerCase() === wanted;
    } catch {
      return false;
    }
  });
}
