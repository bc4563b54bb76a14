import { CommandError } from "../../base/command_error.ts";
import { messageOf } from "../../base/errors.ts";
import { canBeRead, isKeyOf, readCertificate } from "../../keys/certificate.ts";
import { dateText } from "../../keys/expiry.ts";
import { certificatesIn, isEncrypted, privateKeyIn } from "../../keys/pem.ts";

/** The paths of a certificate and its key. */
export interface TlsFiles {
  readonly certPath: string;
  readonly keyPath: string;
}

/** The texts of a certificate's file and of its key. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/** Reads both. @throws {CommandError} one of them cannot be read */
export async function readTlsFiles({ certPath, keyPath }: TlsFiles): Promise<TlsPair> {
  return { cert: await read("--tls-cert", certPath), key: await read("--tls-key", keyPath) };
}

async function read(flag: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new CommandError(`Cannot read ${flag} ${path}: ${messageOf(error)}`);
  }
}

/**
 * Makes sure that the two are a certificate and its key. The runtime does too, and does not say
 * which file is at fault.
 *
 * @throws {CommandError} which one is, and why
 */
export function assertTlsPair({ cert, key }: TlsPair, { certPath, keyPath }: TlsFiles): void {
  const [own] = certificatesIn(cert);
  if (own === undefined) {
    throw new CommandError(`Cannot use --tls-cert ${certPath}: it holds no certificate in PEM`);
  }
  const privateKey = privateKeyIn(key);
  if (privateKey === undefined) {
    throw new CommandError(
      `Cannot use --tls-key ${keyPath}: ` +
        (isEncrypted(key)
          ? "it wants a passphrase, which nobody is asked for: openssl pkey writes one without"
          : "it holds no private key in PEM"),
    );
  }
  if (canBeRead(own) && !isKeyOf(privateKey, own)) {
    throw new CommandError(
      `Cannot use --tls-key ${keyPath}: it is not the key of the first certificate in ${certPath}`,
    );
  }
}

/** Why callers refuse a certificate at a moment; `undefined`: its dates allow it. */
export function datesFault({ cert }: TlsPair, nowMs: number): string | undefined {
  const [own] = certificatesIn(cert);
  if (own === undefined || !canBeRead(own)) return undefined;
  const { validFromMs, validToMs } = readCertificate(own);
  if (nowMs > validToMs) return `it has expired on ${dateText(validToMs)}`;
  if (nowMs < validFromMs) return `it begins on ${dateText(validFromMs)}: is the clock wrong?`;
  return undefined;
}
