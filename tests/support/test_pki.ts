/**
 * Certificates as nobody should have them: expired, of another cluster, signed by who may not sign.
 */

import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { silentLogger } from "../../src/base/log.ts";
import { systemClock } from "../../src/base/clock.ts";
import {
  createAuthority,
  createMember,
  keyAlgorithm,
  openAuthority,
  signing,
} from "../../src/keys/authority.ts";
import { appendIssued, writeKeyFiles } from "../../src/keys/file_writing.ts";
import { keyFiles } from "../../src/keys/files.ts";
import { KeyRing } from "../../src/keys/key_ring.ts";
import { clusterName } from "../../src/keys/names.ts";
import { machineRights, type Rights, rightUris } from "../../src/keys/rights.ts";

const dayMs = 86_400_000;

/** A certificate and its key, in PEM. */
export interface Pair {
  readonly certificate: string;
  readonly privateKey: string;
}

/** What is wrong with a certificate; what is left out is right. */
export interface Faults {
  readonly name?: string;
  /** The whole subject. @default `CN=` and the name */
  readonly subject?: string;
  /** Whether it may itself sign certificates. */
  readonly isAuthority?: boolean;
  readonly usages?: readonly ("server" | "client")[];
  readonly fromDays?: number;
  readonly toDays?: number;
  readonly signer?: Pair;
  readonly selfSigned?: boolean;
  /** The names in it. @default the cluster's */
  readonly dns?: readonly string[];
  /** @default those of a machine's rights */
  readonly uris?: readonly string[];
}

const usageIds = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" };

/** A cluster of a test: its authority, and directories of keys. */
export class TestCluster implements AsyncDisposable {
  readonly ca: Pair;
  readonly id: string;
  readonly #directories: string[] = [];

  private constructor(ca: Pair, id: string) {
    this.ca = ca;
    this.id = id;
  }

  /** Makes one. `ageDays`: how long ago, of the 3,650 days that it lasts. @default 0 */
  static async create(ageDays = 0): Promise<TestCluster> {
    const ca = await createAuthority(Date.now() - ageDays * dayMs);
    return new TestCluster(ca, (await openAuthority(ca)).cluster);
  }

  /** A member's certificate, as `rpc keys` makes it. */
  async member(name: string, rights: Rights = machineRights): Promise<Pair> {
    return await createMember(await openAuthority(this.ca), { name, rights }, Date.now());
  }

  /** A certificate with faults. */
  async faulty(faults: Faults): Promise<Pair> {
    const keys = await crypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
    const signer = faults.signer ?? this.ca;
    const issuer = new x509.X509Certificate(signer.certificate);
    const signingKey = faults.selfSigned === true ? keys.privateKey : await keyOf(signer);
    const subject = faults.subject ?? `CN=${faults.name ?? "alice"}`;
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: crypto.getRandomValues(new Uint8Array(8)).toHex(),
      subject,
      issuer: faults.selfSigned === true ? subject : issuer.subject,
      notBefore: new Date(Date.now() + (faults.fromDays ?? -1) * dayMs),
      notAfter: new Date(Date.now() + (faults.toDays ?? 100) * dayMs),
      signingAlgorithm: signing,
      publicKey: keys.publicKey,
      signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(faults.isAuthority ?? false, undefined, true),
        new x509.ExtendedKeyUsageExtension(
          (faults.usages ?? ["server", "client"]).map((usage) => usageIds[usage]),
        ),
        new x509.SubjectAlternativeNameExtension([
          ...(faults.dns ?? [clusterName(this.id)]).map((value) => ({
            type: "dns" as const,
            value,
          })),
          ...(faults.uris ?? rightUris(machineRights)).map((value) => ({
            type: "url" as const,
            value,
          })),
        ]),
      ],
    });
    const der = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
    return {
      certificate: `${certificate.toString("pem")}\n`,
      privateKey: `${x509.PemConverter.encode(der, "PRIVATE KEY")}\n`,
    };
  }

  /** Puts keys into a directory of their own, or of `directory`, and returns its path. */
  write(pair: Pair, directory = this.#newDirectory()): string {
    writeKeyFiles(directory, {
      [keyFiles.machineKey]: pair.privateKey,
      [keyFiles.machine]: pair.certificate,
      [keyFiles.authority]: this.ca.certificate,
    });
    return directory;
  }

  /** Makes a directory of keys the one where the cluster was made, with these members. */
  makeOwner(directory: string, members: readonly string[]): void {
    writeKeyFiles(directory, { [keyFiles.authorityKey]: this.ca.privateKey });
    for (const name of members) appendIssued(directory, JSON.stringify({ name }));
  }

  /** Keys as a program has them. */
  ring(pair: Pair): KeyRing {
    const ring = KeyRing.open(this.write(pair), systemClock, silentLogger);
    if (ring === undefined) throw new Error("No keys where they were written");
    return ring;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const directory of this.#directories) await Deno.remove(directory, { recursive: true });
  }

  #newDirectory(): string {
    const directory = Deno.makeTempDirSync({ prefix: "rpc_keys_" });
    this.#directories.push(directory);
    return directory;
  }
}

async function keyOf({ privateKey }: Pair): Promise<CryptoKey> {
  const der = x509.PemConverter.decodeFirst(privateKey);
  return await crypto.subtle.importKey("pkcs8", der, keyAlgorithm, false, ["sign"]);
}
