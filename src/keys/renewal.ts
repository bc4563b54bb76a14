/** Renews the certificate of a member, here or at the machine that has the authority. */

import { CommandError } from "../base/command_error.ts";
import { createRequest, isSignedBy, signRequest, type Subject } from "./authority.ts";
import { lastIssued, openAuthorityFiles, rememberIssued } from "./authority_files.ts";
import { putKeys } from "./bundle.ts";
import { clusterOf, readCertificate } from "./certificate.ts";
import { dateProblem, dateText } from "./expiry.ts";
import { lockIssued, lockKeys } from "./file_writing.ts";
import { keyFiles } from "./files.ts";
import { areSame, type Keys, keysOf, readKeys } from "./keys.ts";
import { formatRights } from "./rights.ts";

const dayMs = 24 * 60 * 60 * 1_000;

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
  assertListed(directory, member);
  const authority = await openAuthorityFiles(directory);
  const certificate = await signRequest(authority, request, member, nowMs);
  // Under the lock, since it may have been given other keys meanwhile, and the last line counts.
  using _ = await lockIssued(directory);
  const { until } = assertListed(directory, member);
  // Whoever asks again and again adds a line a day to the list, which is read whole each time.
  const { validToMs } = readCertificate(certificate);
  const isNoted = Math.abs(validToMs - Date.parse(String(until))) < dayMs;
  if (!isNoted) rememberIssued(directory, member, certificate, nowMs);
  return certificate;
}

/**
 * What the list says last of a member that may renew.
 *
 * @throws {Error} the list does not have it any more, or has it with other rights
 */
function assertListed(directory: string, member: Subject): { readonly until?: unknown } {
  const { name } = member;
  const last = lastIssued(directory, name);
  if (last === undefined) {
    throw new Error(
      `${name} is not on the list ${keyFiles.issued} of who may renew. To put it there, ` +
        `where keys are made: rpc keys export ${name} --name ${name}`,
    );
  }
  // A member that was given other rights since keeps the former ones only until its certificate
  // expires.
  const { rights } = last;
  if (typeof rights === "string" && rights !== formatRights(member.rights)) {
    throw new Error(`${name} was given other keys since, for the rights ${rights}; these here end`);
  }
  return last;
}

/**
 * Replaces the key and the certificate by new ones, and returns those that are there then: others
 * may have been renewed meanwhile.
 *
 * @param before the keys that are there
 * @param sign has the certificate made
 * @throws {CommandError} what was made is not of this machine's cluster or not valid now, or this
 * machine has become another member meanwhile
 */
export async function renewKeys(
  directory: string,
  before: Keys,
  sign: (request: string) => Promise<string>,
  nowMs: number,
): Promise<Keys> {
  const { authority, own } = before;
  const { request, privateKey } = await createRequest(own.name);
  const certificate = await sign(request);
  if (!await isSignedBy(authority, certificate)) {
    throw new CommandError(
      `Cannot renew: the answer is not of this machine's cluster ${clusterOf(authority)}`,
    );
  }
  const keys = keysOf("the answer", { authority, certificate, privateKey });
  if (keys.own.name !== own.name) throw new CommandError("Cannot renew: the answer is another's");
  // Where the other machine's clock is ahead, they are good only later, and those of before now.
  if (dateProblem(keys.own, nowMs) !== undefined) {
    const [from, to, now] = [keys.own.validFromMs, keys.own.validToMs, nowMs].map(dateText);
    throw new CommandError(
      `Cannot renew: the new keys are valid from ${from} to ${to}, and this machine's clock says ` +
        `${now}: it is wrong, or that of the machine that made them`,
    );
  }
  using _ = await lockKeys(directory);
  const now = readKeys(directory);
  if (now === undefined) {
    throw new CommandError(`Did not renew: meanwhile the keys were taken away from ${directory}`);
  }
  if (areSame(now, before)) {
    putKeys(directory, keys);
    return keys;
  }
  if (now.cluster === keys.cluster && now.own.name === own.name) return now;
  throw new CommandError(
    `Did not renew: meanwhile ${directory} was given the keys of ${now.own.name} in cluster ` +
      `${now.cluster}, which stay`,
  );
}
