/** Renews the certificate of a member, here or at the machine that has the authority. */

import { CommandError } from "../base/command_error.ts";
import { createRequest, isSignedBy, signRequest, type Subject } from "./authority.ts";
import { lastIssued, openAuthorityFiles, rememberIssued } from "./authority_files.ts";
import { writeKeys } from "./bundle.ts";
import { clusterOf } from "./certificate.ts";
import { keyFiles } from "./files.ts";
import { type Keys, keysOf } from "./keys.ts";
import { formatRights } from "./rights.ts";

/**
 * Makes the certificate that a member asks for, with the name and the rights that it has.
 *
 * @throws {Error} it is no request, or the list of those made here does not have the member any
 * more, or has it with other rights
 */
export async function renewMember(
  directory: string,
  member: Subject,
  request: string,
  nowMs: number,
): Promise<string> {
  const last = lastIssued(directory, member.name);
  if (last === undefined) {
    throw new Error(`${member.name} is not on the list ${keyFiles.issued} of who may renew`);
  }
  // A member that was given other rights since keeps the former ones only until its certificate
  // expires.
  const { rights } = last;
  if (typeof rights === "string" && rights !== formatRights(member.rights)) {
    throw new Error(
      `${member.name} was given other keys since, for the rights ${rights}; these here end`,
    );
  }
  const authority = await openAuthorityFiles(directory);
  const certificate = await signRequest(authority, request, member, nowMs);
  rememberIssued(directory, member, certificate, nowMs);
  return certificate;
}

/**
 * Replaces the key and the certificate by new ones.
 *
 * @param sign has the certificate made
 * @throws {CommandError} what was made is not of this machine's cluster
 */
export async function renewKeys(
  directory: string,
  { authority, own }: Keys,
  sign: (request: string) => Promise<string>,
): Promise<Keys> {
  const { request, privateKey } = await createRequest(own.name);
  const certificate = await sign(request);
  if (!await isSignedBy(authority, certificate)) {
    throw new CommandError(
      `Cannot renew: the answer is not of this machine's cluster ${clusterOf(authority)}`,
    );
  }
  const keys = keysOf("the answer", { authority, certificate, privateKey });
  if (keys.own.name !== own.name) throw new CommandError("Cannot renew: the answer is another's");
  await writeKeys(directory, keys);
  return keys;
}
