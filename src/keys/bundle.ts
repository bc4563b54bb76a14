/**
 * One text with all that a member needs: three PEM blocks after each other. It is what is carried
 * over by hand, and what keeps new keys together until each is in its file.
 */

import { CommandError } from "../base/command_error.ts";
import { removeKeyFile, writeKeyFiles } from "./file_writing.ts";
import { keyFiles } from "./files.ts";
import { type Keys, keysOf, type KeyTexts } from "./keys.ts";
import { pemBlocks } from "./pem.ts";

/** Writes a bundle: the member's key and certificate, and the cluster's certificate. */
export function formatBundle({ privateKey, certificate, authority }: KeyTexts): string {
  return `${privateKey.trim()}\n${certificate.trim()}\n${authority.trim()}\n`;
}

/**
 * Reads a bundle.
 *
 * @param source how to name it in an error
 * @throws {CommandError} it is none, or its parts do not belong together
 */
export function parseBundle(source: string, text: string): Keys {
  const blocks = pemBlocks(text);
  const textOf = (wanted: string) =>
    blocks.filter(({ label }) => label === wanted).map(({ text }) => text);
  const [privateKey] = textOf("PRIVATE KEY");
  const certificates = textOf("CERTIFICATE");
  if (blocks.length !== 3 || privateKey === undefined || certificates.length !== 2) {
    throw new CommandError(`Cannot import ${source}: it is not what rpc keys export makes`);
  }
  const both = certificates.join("");
  return keysOf(source, { privateKey, certificate: both, authority: both });
}

/**
 * Puts a member's keys into a directory, in the place of those that are there. Whoever is killed
 * meanwhile leaves either of them whole. For who holds the lock of the directory.
 *
 * @throws {CommandError} what the file system has against it
 */
export function putKeys(directory: string, keys: KeyTexts): void {
  // In this order, and none before there is room for all.
  writeKeyFiles(directory, {
    [keyFiles.pending]: formatBundle(keys),
    [keyFiles.machineKey]: keys.privateKey,
    [keyFiles.machine]: keys.certificate,
    [keyFiles.authority]: keys.authority,
  });
  removeKeyFile(directory, keyFiles.pending);
}
