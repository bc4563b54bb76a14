/** The keys of this machine, as TLS uses them. */

import { CommandError } from "../base/command_error.ts";
import { joinPath } from "../base/paths.ts";
import {
  canBeRead,
  type CertificateInfo,
  clusterOf,
  hasMade,
  isAuthority,
  isKeyOf,
  isTlsKey,
  readCertificate,
} from "./certificate.ts";
import { assertOwnDirectory, readKeyFile } from "./file_reading.ts";
import { keyFiles } from "./files.ts";
import { certificatesIn, isEncrypted, privateKeyIn } from "./pem.ts";

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
  /** Authorities beside it whose members do not count: a machine is of one cluster. @default 0 */
  readonly otherAuthorities?: number;
}

/** Keys as texts, such as the contents of files, which may hold more than the keys. */
export type KeyTexts = Pick<Keys, "authority" | "certificate" | "privateKey">;

/**
 * Reads the keys in a directory; `undefined` if there are none.
 *
 * Files that do not belong together show a writer that has not finished or was killed. All that it
 * writes is then complete in one more file, which stays until the writer is done.
 *
 * @throws {CommandError} there are some, and they cannot be used: the caller must not go on without
 * keys then
 */
export function readKeys(directory: string): Keys | undefined {
  assertOwnDirectory(directory);
  try {
    const read = readFiles(directory);
    if (read === undefined || read.isOne) return read?.keys;
  } catch (error) {
    if (!(error instanceof UnfitKeys)) throw error;
  }
  const pending = readKeyFile(directory, keyFiles.pending);
  // Where that file is missing, the writer may have finished in between: read the files again.
  if (pending === undefined) {
    const read = readFiles(directory);
    if (read === undefined || read.isOne) return read?.keys;
    throw new UnfitKeys(
      directory,
      `${keyFiles.machine} was not made by the cluster of ${keyFiles.authority}, so nobody would ` +
        "take it; make keys anew (rpc keys join)",
    );
  }
  return keysOf(directory, { authority: pending, certificate: pending, privateKey: pending });
}

function readFiles(directory: string): KeysRead | undefined {
  const authority = readKeyFile(directory, keyFiles.authority);
  const certificate = readKeyFile(directory, keyFiles.machine);
  const privateKey = readKeyFile(directory, keyFiles.machineKey);
  if (authority === undefined && certificate === undefined && privateKey === undefined) {
    return undefined;
  }
  if (authority !== undefined && certificate !== undefined && privateKey !== undefined) {
    return keysIn(directory, { authority, certificate, privateKey });
  }
  const missing = authority === undefined
    ? keyFiles.authority
    : certificate === undefined
    ? keyFiles.machine
    : keyFiles.machineKey;
  throw new UnfitKeys(
    directory,
    `${missing} is missing; make them anew (rpc keys join), or go without (--insecure, or insecure: true)`,
  );
}

/** The error for texts that are no keys, or keys that do not belong together. */
class UnfitKeys extends CommandError {
  constructor(source: string, reason: string) {
    super(`Cannot use the keys in ${source}: ${reason}`);
  }
}

/**
 * Takes the keys from their texts. Of several certificates it takes the one of the private key, and
 * of several authorities the one that signed it.
 *
 * @throws {CommandError} the texts are no keys, or the keys do not belong together
 */
export function keysOf(source: string, texts: KeyTexts): Keys {
  return keysIn(source, texts).keys;
}

/** Keys, and whether their authority has signed their certificate: else they are of two. */
interface KeysRead {
  readonly keys: Keys;
  readonly isOne: boolean;
}

function keysIn(source: string, texts: KeyTexts): KeysRead {
  const read = keysReadIn(source, texts);
  if (read.keys.own.name !== "") return read;
  throw new UnfitKeys(
    source,
    `${keyFiles.machine} names nobody, or not one alone, so nobody would take it; make keys anew ` +
      "(rpc keys join)",
  );
}

function keysReadIn(source: string, texts: KeyTexts): KeysRead {
  const privateKey = privateKeyIn(texts.privateKey);
  const certificate = privateKey === undefined || !isTlsKey(privateKey)
    ? undefined
    : certificatesIn(texts.certificate).find((one) =>
      isKeyOf(privateKey, one) && !isAuthority(one)
    );
  const authorities = certificatesIn(texts.authority);
  try {
    if (privateKey !== undefined && certificate !== undefined) {
      // Looked at once: checking a signature takes longer than all else here.
      const maker = authorities.find((one) => hasMade(one, certificate));
      const authority = maker ?? authorities[0] ?? "";
      const [cluster, own] = [clusterOf(authority), readCertificate(certificate)];
      return {
        keys: {
          ...{ cluster, own, authority, certificate, privateKey },
          otherAuthorities: authorities.filter((one) => one !== authority && isAuthority(one))
            .length,
        },
        isOne: maker !== undefined,
      };
    }
  } catch {
    // It is no certificate.
  }
  throw new UnfitKeys(source, faultOf(texts));
}

/**
 * What is wrong with keys. The likeliest fault comes first: a file that a full disk has cut off.
 */
function faultOf({ authority, certificate, privateKey }: KeyTexts): string {
  const [cut] = ([
    [keyFiles.authority, authority],
    [keyFiles.machine, certificate],
    [keyFiles.machineKey, privateKey],
  ] as const).find(([, text]) => !/-----END [A-Z0-9 ]+-----/.test(text)) ?? [];
  if (cut !== undefined) return `what ${cut} holds is not whole PEM`;
  if (isEncrypted(privateKey)) {
    return `${keyFiles.machineKey} wants a passphrase, which nobody is asked for: ` +
      "openssl pkey writes one without";
  }
  const key = privateKeyIn(privateKey);
  if (key === undefined) return `${keyFiles.machineKey} holds no private key`;
  if (!isTlsKey(key)) {
    return `${keyFiles.machineKey} is no key on P-256, P-384 or P-521, of Ed25519, or of RSA with ` +
      "2,048 bits or more: TLS takes no other; make keys anew (rpc keys join)";
  }
  const isCertificate = (text: string) => certificatesIn(text).some(canBeRead);
  if (!isCertificate(certificate) || !isCertificate(authority)) {
    return "they are no certificates in PEM";
  }
  return "the private key and the certificate do not belong together";
}

/** What to say of authorities that do not count; `undefined`: there are none. */
export function otherAuthoritiesText({ otherAuthorities = 0, own, cluster }: Keys) {
  if (otherAuthorities === 0) return undefined;
  return `${keyFiles.authority} has ${otherAuthorities} more than the authority that made the ` +
    `certificate of ${own.name}: only members of cluster ${cluster} count, and those of others ` +
    "are refused";
}

/** Whether a renewal makes no keys that are good for longer, since the cluster ends with these. */
export function areLast({ own, authority }: Keys): boolean {
  return own.validToMs >= readCertificate(authority).validToMs;
}

/** The times and sizes of the files, by which to see cheaply whether they have changed. */
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

/** Whether these are the same keys, though their files may have been written anew. */
export function areSame(a: Keys, b: Keys): boolean {
  return a.authority === b.authority && a.certificate === b.certificate &&
    a.privateKey === b.privateKey;
}
