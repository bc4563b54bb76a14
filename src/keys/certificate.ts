/**
 * Reads certificates: whose they are, until when they are valid, with which rights. authority.ts
 * makes them.
 */

import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { clusterIdLength } from "./names.ts";
import { type Rights, rightsOfUris } from "./rights.ts";

/** What a certificate says. Whether it is authentic is not checked here: TLS does that. */
export interface CertificateInfo {
  /** The machine's or member's name. */
  readonly name: string;
  readonly rights: Rights;
  /** In milliseconds since 1970 UTC. */
  readonly validFromMs: number;
  readonly validToMs: number;
}

/**
 * Reads a certificate in PEM, or in DER as TLS hands it over.
 *
 * @throws {Error} it is none
 */
export function readCertificate(certificate: string | Uint8Array): CertificateInfo {
  const read = new X509Certificate(certificate);
  const [, name = ""] = /^CN=(.*)$/m.exec(read.subject) ?? [];
  return {
    name,
    rights: rightsOfUris(urisOf(read.subjectAltName ?? "")),
    validFromMs: Date.parse(read.validFrom),
    validToMs: Date.parse(read.validTo),
  };
}

/** The id of the cluster whose CA this is: a part of the hash of its public key. */
export function clusterOf(caCertificate: string): string {
  const key = new X509Certificate(caCertificate).publicKey;
  return clusterOfKey(key.export({ type: "spki", format: "der" }));
}

/** The id of the cluster whose CA has this public key, in DER. */
export function clusterOfKey(spki: Uint8Array): string {
  return createHash("sha256").update(spki).digest("hex").slice(0, clusterIdLength);
}

/** Whether a key in PEM is the one that a certificate was made for. */
export function isKeyOf(privateKey: string, certificate: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey));
  } catch {
    return false;
  }
}

/** Whether an authority has signed a certificate, both in PEM. */
export function hasMade(authority: string, certificate: string): boolean {
  try {
    return new X509Certificate(certificate).verify(new X509Certificate(authority).publicKey);
  } catch {
    return false;
  }
}

/** Whether a certificate is a cluster's own, which makes members and is none. */
export function isAuthority(certificate: string): boolean {
  return new X509Certificate(certificate).ca;
}

/** Whether a text is a certificate in PEM. */
export function canBeRead(certificate: string): boolean {
  try {
    readCertificate(certificate);
    return true;
  } catch {
    return false;
  }
}

/** The URIs in a certificate's names, as OpenSSL writes them: `DNS:a, URI:b`. */
function urisOf(subjectAltName: string): string[] {
  return subjectAltName.split(", ").filter((name) => name.startsWith("URI:"))
    .map((name) => name.slice("URI:".length));
}
