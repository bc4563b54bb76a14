/** The keys of this machine, as TLS uses them. */

import { CommandError } from "../base/command_error.ts";
import { joinPath } from "../base/paths.ts";
import { type CertificateInfo, clusterOf, isKeyOf, readCertificate } from "./certificate.ts";
import { keyFiles, readKeyFile } from "./files.ts";

/** What one machine needs to be a member of a cluster. */
export interface Keys {
  /** The cluster's id. */
  readonly cluster: string;
  /** Who this machine is. */
  readonly own: CertificateInfo;
  /** In PEM, like the two below. */
  readonly authority: string;
  readonly certificate: string;
  readonly privateKey: string;
}

/**
 * Reads the keys in a directory; `undefined` if there are none.
 *
 * @throws {CommandError} there are some, and they cannot be used: nothing then goes on without
 */
export function readKeys(directory: string): Keys | undefined {
  const authority = readKeyFile(directory, keyFiles.authority);
  const certificate = readKeyFile(directory, keyFiles.machine);
  const privateKey = readKeyFile(directory, keyFiles.machineKey);
  if (authority === undefined && certificate === undefined && privateKey === undefined) {
    return undefined;
  }
  if (authority === undefined || certificate === undefined || privateKey === undefined) {
    const missing = authority === undefined
      ? keyFiles.authority
      : certificate === undefined
      ? keyFiles.machine
      : keyFiles.machineKey;
    throw new CommandError(
      `Cannot use the keys in ${directory}: ${missing} is missing; make them anew (rpc keys join), ` +
        "or go without (--insecure)",
    );
  }
  return keysOf(directory, { authority, certificate, privateKey });
}

/**
 * Keys of their texts.
 *
 * @throws {CommandError} they are none, or do not belong together
 */
export function keysOf(
  source: string,
  parts: Pick<Keys, "authority" | "certificate" | "privateKey">,
): Keys {
  // One that was cut off, such as by a full disk, is the likeliest fault, and told by its name.
  const [name] = ([
    [keyFiles.authority, parts.authority],
    [keyFiles.machine, parts.certificate],
    [keyFiles.machineKey, parts.privateKey],
  ] as const).find(([, text]) => !/-----END [A-Z ]+-----/.test(text)) ?? [];
  if (name !== undefined) {
    throw new CommandError(`Cannot use the keys in ${source}: what ${name} holds is not whole PEM`);
  }
  try {
    const keys = {
      cluster: clusterOf(parts.authority),
      own: readCertificate(parts.certificate),
      ...parts,
    };
    if (isKeyOf(parts.privateKey, parts.certificate)) return keys;
  } catch {
    throw new CommandError(`Cannot use the keys in ${source}: they are no certificates in PEM`);
  }
  throw new CommandError(
    `Cannot use the keys in ${source}: the private key and the certificate do not belong together`,
  );
}

/** What tells cheaply whether the files have changed: their times and sizes. */
export function stampOf(directory: string): string {
  return [keyFiles.authority, keyFiles.machine, keyFiles.machineKey].map((name) => {
    try {
      const { mtime, size, ino } = Deno.statSync(joinPath(directory, name));
      return `${mtime?.getTime()}:${size}:${ino}`;
    } catch {
      return "-";
    }
  }).join(" ");
}
