/**
 * The token of one join. Who has it is the invited one, and who made it is the inviter: it proves
 * both sides to each other over a network that nobody trusts.
 */

import { createHmac } from "node:crypto";
import { isSameSecret } from "../../base/values/same_secret.ts";

/** Random bytes in a token: 128 bits, which nobody guesses in five tries or in fifteen minutes. */
const secretBytes = 16;

/** Hex digits of the cluster's id in a token: what is joined is the cluster that was meant. */
const clusterDigits = 16;

const form = /^rpc-join-([0-9a-f]{16})-([A-Za-z0-9_-]{22})$/;

/** What a token says. */
export interface Token {
  /** The beginning of the cluster's id. */
  readonly cluster: string;
  readonly secret: Uint8Array;
}

/** A new token for a cluster. */
export function createToken(cluster: string): Token {
  const secret = crypto.getRandomValues(new Uint8Array(secretBytes));
  return { cluster: cluster.slice(0, clusterDigits), secret };
}

/** A token as text. */
export function formatToken({ cluster, secret }: Token): string {
  return `rpc-join-${cluster}-${secret.toBase64({ alphabet: "base64url", omitPadding: true })}`;
}

/** Reads a token; `undefined` if the text is none. */
export function parseToken(text: string): Token | undefined {
  const [, cluster, secret] = form.exec(text.trim()) ?? [];
  if (cluster === undefined || secret === undefined) return undefined;
  try {
    return { cluster, secret: Uint8Array.fromBase64(secret, { alphabet: "base64url" }) };
  } catch {
    return undefined;
  }
}

/** Whether a cluster is the one that a token is of. */
export function isOfToken(cluster: string, token: Token): boolean {
  return cluster.slice(0, clusterDigits) === token.cluster;
}

/** The proof that who has the token said these texts, each apart from the next. */
export function proofOf({ secret }: Token, ...texts: readonly string[]): string {
  const mac = createHmac("sha256", secret);
  for (const text of texts) mac.update(`${text.length}:${text}\n`);
  return mac.digest("base64url");
}

/** Whether a proof is right, in the same time wherever it is wrong. */
export function isProof(given: unknown, right: string): boolean {
  return typeof given === "string" && isSameSecret(given, right);
}
