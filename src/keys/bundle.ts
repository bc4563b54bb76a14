/**
 * One file with all that a member needs, to be carried over by hand: three PEM blocks after each
 * other.
 */

import { CommandError } from "../base/command_error.ts";
import { type Keys, keysOf } from "./keys.ts";

/** The parts of a member's keys that are written down. */
type BundleParts = Pick<Keys, "authority" | "certificate" | "privateKey">;

const block = /-----BEGIN ([A-Z ]+)-----[A-Za-z0-9+/=\s]+-----END \1-----/g;

/** Writes a bundle: the member's key and certificate, and the cluster's certificate. */
export function formatBundle({ privateKey, certificate, authority }: BundleParts): string {
  return `${privateKey.trim()}\n${certificate.trim()}\n${authority.trim()}\n`;
}

/**
 * Reads a bundle.
 *
 * @param source how to name it in an error
 * @throws {CommandError} it is none, or its parts do not belong together
 */
export function parseBundle(source: string, text: string): Keys {
  const blocks = [...text.matchAll(block)];
  const key = blocks.filter(([, label]) => label === "PRIVATE KEY");
  const certificates = blocks.filter(([, label]) => label === "CERTIFICATE");
  const [privateKey] = key;
  const [certificate, authority] = certificates;
  if (
    blocks.length !== 3 || privateKey === undefined || certificate === undefined ||
    authority === undefined
  ) {
    throw new CommandError(`Cannot import ${source}: it is not what rpc keys export makes`);
  }
  return keysOf(source, {
    privateKey: `${privateKey[0]}\n`,
    certificate: `${certificate[0]}\n`,
    authority: `${authority[0]}\n`,
  });
}
