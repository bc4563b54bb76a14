/**
 * Makes certificates. Only `rpc keys` loads this file, since that takes a tenth of a second.
 *
 * All keys are of P-256: every TLS library has it, and a handshake takes a server a tenth of the
 * time that it takes with RSA.
 */

// By their full names, because a project that imports us may have no short ones for them.
// deno-lint-ignore no-import-prefix
import "npm:reflect-metadata@0.2.2";
// deno-lint-ignore no-import-prefix
import * as x509 from "npm:@peculiar/x509@2.2.0";
import { CommandError } from "../base/command_error.ts";
import { clusterOfKey } from "./certificate.ts";
import { anotherCluster, dateText } from "./expiry.ts";
import { clusterName, zooKeeperName } from "./names.ts";
import { type Rights, rightUris } from "./rights.ts";

/** The algorithm of all keys. */
export const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256" } as const;
/** The algorithm of all signatures. */
export const signing = { name: "ECDSA", hash: "SHA-256" } as const;

const dayMs = 24 * 60 * 60 * 1_000;

/** How long a cluster's own certificate is valid. */
const authorityDays = 3_650;

/**
 * How long a machine's certificate is valid: 398 days, the most that browsers accept of servers.
 */
const machineDays = 398;

/** Clocks differ, so a certificate is valid from a day before it was made. */
const backdatedMs = dayMs;

/**
 * A clock that says an earlier time was never set since the machine was switched on: without a
 * battery they begin in 1970 or 2000. Once it is set, what was made by it has expired.
 */
const earliestMs = Date.UTC(2001, 0, 1);

const serverUsage = "1.3.6.1.5.5.7.3.1";
const clientUsage = "1.3.6.1.5.5.7.3.2";

/** A certificate in PEM, and its private key. */
interface KeyPairPem {
  readonly certificate: string;
  readonly privateKey: string;
}

/** A cluster's own certificate and key, ready to sign. */
export interface Authority {
  readonly cluster: string;
  readonly certificate: x509.X509Certificate;
  readonly key: CryptoKey;
}

/** Makes a cluster: a certificate that may sign those of members, but no further authorities. */
export async function createAuthority(nowMs: number): Promise<KeyPairPem> {
  const keys = await crypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey));
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=rpc cluster ${clusterOfKey(spki)}`,
    notBefore: new Date(nowMs - backdatedMs),
    notAfter: new Date(nowMs + authorityDays * dayMs),
    signingAlgorithm: signing,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pemOf(certificate), privateKey: await keyPem(keys.privateKey) };
}

/** Reads a cluster's own certificate and key. @throws {Error} they are none */
export async function openAuthority(pair: KeyPairPem): Promise<Authority> {
  const certificate = new x509.X509Certificate(pair.certificate);
  const der = x509.PemConverter.decodeFirst(pair.privateKey);
  const key = await crypto.subtle.importKey("pkcs8", der, keyAlgorithm, false, ["sign"]);
  return { cluster: clusterOfKey(new Uint8Array(certificate.publicKey.rawData)), certificate, key };
}

/** For whom a certificate is made. */
export interface Subject {
  /** As {@link isMachineName} has it. */
  readonly name: string;
  readonly rights: Rights;
}

/** Makes a certificate together with its key. */
export async function createMember(
  authority: Authority,
  subject: Subject,
  nowMs: number,
): Promise<KeyPairPem> {
  const keys = await crypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
  const certificate = await sign(authority, memberOf(authority, subject), keys.publicKey, nowMs);
  return { certificate, privateKey: await keyPem(keys.privateKey) };
}

/** Makes the certificate of a cluster's ZooKeeper, which has no right to call or to serve. */
export async function createZooKeeper(
  authority: Authority,
  host: string,
  nowMs: number,
): Promise<KeyPairPem> {
  const keys = await crypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
  const certificate = await sign(
    authority,
    {
      name: host,
      // The members of an ensemble are each other's clients.
      usages: [serverUsage, clientUsage],
      names: [{ type: "dns", value: zooKeeperName(authority.cluster) }],
    },
    keys.publicKey,
    nowMs,
  );
  return { certificate, privateKey: await keyPem(keys.privateKey) };
}

/** Makes a key, and the request for its certificate, to be signed where the authority is. */
export async function createRequest(
  name: string,
): Promise<{ readonly request: string; readonly privateKey: string }> {
  const keys = await crypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: signing,
  });
  return { request: request.toString("pem"), privateKey: await keyPem(keys.privateKey) };
}

/**
 * Makes the certificate that a request asks for. Only the public key is taken from the request: the
 * inviter decides on the name and the rights.
 *
 * @throws {Error} it is no request, or not signed by the key that it names
 */
export async function signRequest(
  authority: Authority,
  request: string,
  subject: Subject,
  nowMs: number,
): Promise<string> {
  const read = new x509.Pkcs10CertificateRequest(request);
  const key = await read.publicKey.export(keyAlgorithm, ["verify"]);
  if (!await read.verify()) throw new Error("the request is not signed by its own key");
  return await sign(authority, memberOf(authority, subject), key, nowMs);
}

/** Whether an authority has signed a certificate. */
export async function isSignedBy(authority: string, certificate: string): Promise<boolean> {
  try {
    const { publicKey } = new x509.X509Certificate(authority);
    return await new x509.X509Certificate(certificate).verify({ publicKey, signatureOnly: true });
  } catch {
    return false;
  }
}

interface Form {
  readonly name: string;
  readonly usages: readonly string[];
  readonly names: x509.JsonGeneralNames;
}

/**
 * A member that may only call gets no server usage in its certificate, so it cannot pose as a
 * server.
 */
function memberOf({ cluster }: Authority, { name, rights }: Subject): Form {
  return {
    name,
    usages: rights.serve ? [serverUsage, clientUsage] : [clientUsage],
    names: [
      ...(rights.serve ? [{ type: "dns" as const, value: clusterName(cluster) }] : []),
      ...rightUris(rights).map((value) => ({ type: "url" as const, value })),
    ],
  };
}

async function sign(
  authority: Authority,
  { name, usages, names }: Form,
  publicKey: CryptoKey,
  nowMs: number,
): Promise<string> {
  if (nowMs < earliestMs) {
    throw new CommandError(
      `Cannot make a certificate: the clock of the machine that makes it says ${
        dateText(nowMs)
      }, which cannot be: set it first`,
    );
  }
  const endMs = authority.certificate.notAfter.getTime();
  if (endMs <= nowMs) {
    throw new CommandError(
      `Cannot make a certificate: cluster ${authority.cluster} has ended on ${dateText(endMs)}: ` +
        anotherCluster,
    );
  }
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${name}`,
    issuer: authority.certificate.subject,
    notBefore: new Date(nowMs - backdatedMs),
    // No certificate is valid for longer than the one that signed it.
    notAfter: new Date(Math.min(nowMs + machineDays * dayMs, endMs)),
    signingAlgorithm: signing,
    publicKey,
    signingKey: authority.key,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([...usages]),
      new x509.SubjectAlternativeNameExtension(names),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
    ],
  });
  return pemOf(certificate);
}

/** Positive, as the standard demands, and with enough random bits never to occur twice. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0] as number) & 0x3f | 0x40;
  return bytes.toHex();
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

async function keyPem(key: CryptoKey): Promise<string> {
  const der = await crypto.subtle.exportKey("pkcs8", key);
  return `${x509.PemConverter.encode(der, "PRIVATE KEY")}\n`;
}
