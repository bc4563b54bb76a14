/**
 * Reads certificates: whose they are, until when they are valid, with which rights. authority.ts
 * makes them.
 */

import { Buffer } from "node:buffer";
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { clusterIdLength } from "./names.ts";
import { type Rights, rightsOfUris } from "./rights.ts";

/** What a certificate says. Whether it is authentic is not checked here: TLS does that. */
export interface CertificateInfo {
  /** The machine's or member's name. Empty if it has none, or more than one. */
  readonly name: string;
  readonly rights: Rights;
  /** The host names in it: of a server its cluster's, of who may only call none. */
  readonly hosts: readonly string[];
  /** In milliseconds since 1970 UTC. */
  readonly validFromMs: number;
  readonly validToMs: number;
  /** Whether a client may show it: its usages do not leave that out, and it makes no others. */
  readonly isForClients: boolean;
}

/**
 * Reads a certificate in PEM, or in DER as TLS hands it over.
 *
 * @throws {Error} it is none
 */
export function readCertificate(certificate: string | Uint8Array): CertificateInfo {
  const read = new X509Certificate(certificate);
  const names = (read.subjectAltName ?? "").split(", ");
  return {
    name: commonNameOf(read),
    rights: rightsOfUris(whole(read, names, { label: "URI:", tag: 0x86 })),
    hosts: whole(read, names, { label: "DNS:", tag: 0x82 }),
    validFromMs: Date.parse(read.validFrom),
    validToMs: Date.parse(read.validTo),
    isForClients: !read.ca && (!read.raw.includes(usages) || read.raw.includes(clientUsage)),
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

/** The curves and the smallest RSA key that the runtime's TLS signs with. */
const curves = ["prime256v1", "secp384r1", "secp521r1"];
const rsaBitsMin = 2_048;

/** Whether TLS can use a private key in PEM; with another one it says that there is none. */
export function isTlsKey(privateKey: string): boolean {
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPrivateKey(privateKey);
    if (type === "ec") return curves.includes(details?.namedCurve ?? "");
    if (type === "rsa") return (details?.modulusLength ?? 0) >= rsaBitsMin;
    return type === "ed25519";
  } catch {
    return false;
  }
}

/** Whether an authority has signed a certificate itself. */
export function hasMade(authority: string, certificate: string | Uint8Array): boolean {
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

/** The tag of an object identifier, its length, and `2.5.29.37`: usages follow. */
const usages = Buffer.of(0x06, 0x03, 0x55, 0x1d, 0x25);
const clientUsage = Buffer.of(0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02);

/** The tag of an object identifier, its length, and `2.5.4.3`: what follows is a common name. */
const commonName = [0x06, 0x03, 0x55, 0x04, 0x03];

/** The tags of the two kinds of text that names are of. */
const textTags = [0x0c, 0x13];

function commonNameOf({ subject, raw }: X509Certificate): string {
  // Of a certificate without any subject the runtime has none, whatever its types say.
  const lines = (subject as string | undefined)?.split("\n") ?? [];
  const [name, ...others] = lines.filter((line) => line.startsWith("CN="))
    .map((line) => line.slice("CN=".length));
  if (name === undefined || others.length > 0) return "";
  return textTags.some((tag) => raw.includes(encoded([...commonName, tag], name))) ? name : "";
}

/**
 * The names of one kind. They are shown as one text, `DNS:a, URI:b`, and nothing in it keeps a name
 * from looking like two; so each is looked for in the certificate as it is encoded there.
 */
function whole(
  { raw }: X509Certificate,
  names: readonly string[],
  { label, tag }: { readonly label: string; readonly tag: number },
): string[] {
  return names.filter((name) => name.startsWith(label)).map((name) => name.slice(label.length))
    .filter((name) => raw.includes(encoded([tag], name)));
}

/** A text in DER. The names that count here have fewer than 65,536 bytes. */
function encoded(tag: readonly number[], text: string): Buffer {
  const bytes = Buffer.from(text);
  const { length } = bytes;
  const size = length < 0x80
    ? [length]
    : length < 0x100
    ? [0x81, length]
    : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.from([...tag, ...size]), bytes]);
}
