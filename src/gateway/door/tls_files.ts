import { CommandError } from "../../base/command_error.ts";
import { messageOf } from "../../base/errors.ts";

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
