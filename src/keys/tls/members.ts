import { createHash } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { type CertificateInfo, hasMade, readCertificate } from "../certificate.ts";
import type { Keys } from "../keys.ts";

/** More than a cluster has members at a time. */
const knownMax = 4_096;

/** What was found out of certificates, by their hashes: to check a signature takes a while. */
const known = new WeakMap<Keys, Map<string, CertificateInfo>>();

/** The certificate that a peer has shown, in DER; `undefined` if it has shown none. */
export function certificateOf(socket: TLSSocket): Uint8Array | undefined {
  try {
    return (socket.getPeerCertificate() ?? {}).raw;
  } catch {
    return undefined;
  }
}

/**
 * What the certificate of a peer says, if the cluster's authority itself has signed it.
 *
 * TLS also takes one that was signed by another authority in between, though the cluster's own
 * certificate allows of none: what a root says of the path below it does not count there (RFC 5280,
 * section 6.1).
 *
 * @param certificate in DER, which TLS has found to be valid
 */
export function memberOf(keys: Keys, certificate: Uint8Array): CertificateInfo | undefined {
  let members = known.get(keys);
  if (members === undefined) known.set(keys, members = new Map());
  const hash = createHash("sha256").update(certificate).digest("base64");
  const member = members.get(hash);
  if (member !== undefined) return member;
  if (!hasMade(keys.authority, certificate)) return undefined;
  const read = readCertificate(certificate);
  if (members.size >= knownMax) members.clear();
  members.set(hash, read);
  return read;
}
