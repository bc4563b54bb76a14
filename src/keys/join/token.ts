/**
 * The token of one join. It is a secret that only the inviter and the invited know, so it proves
 * each side to the other over a network that nobody trusts.
 */

import { createHmac } from "node:crypto";
import { isSameSecret } from "../../base/values/same_secret.ts";

/** Random bytes in a token: 128 bits, which nobody guesses in five tries or in fifteen minutes. */
const secretBytes = 16;

/**
 * How many hex digits of the cluster's id are in a token: by them the machine joins no other
 * cluster.
 */
const clusterDigits = 16;

const form = /^rpc-join-([0-9a-f]{16})-([A-Za-z0-9_-]{22})$/;

/** A token that nobody has. */
const sample = `rpc-join-${"0".repeat(clusterDigits)}-${"A".repeat(22)}`;

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
function parseToken(text: string): Token | undefined {
  const [, cluster, secret] = form.exec(text.trim()) ?? [];
  if (cluster === undefined || secret === undefined) return undefined;
  try {
    return { cluster, secret: Uint8Array.fromBase64(secret, { alphabet: "base64url" }) };
  } catch {
    return undefined;
  }
}

/** Line breaks, spaces and invisible characters that programs put into a text they show or send. */
const breaks = /[\s\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/gu;

/** What stands around a token where it was copied: quotes, brackets, the end of a sentence. */
const around = /^["'`<([*_]*(?=rpc-)|["'`>)\].,;:*]+$/g;

/** A token within what somebody has typed or pasted; `undefined`: there is none. */
export function findToken(pasted: string): Token | undefined {
  // An editor may have replaced hyphens by typographical ones.
  const text = pasted.replaceAll(/[\u2010-\u2015\u2212]/gu, "-");
  const [whole] = /(?<![\w-])rpc-join-[0-9a-f]{16}-[\w-]{22}(?![\w-])/.exec(text) ?? [];
  return parseToken(whole ?? unbroken(text));
}

/** A text without the reply marks and line ends that a mail program has added. */
function unbroken(text: string): string {
  return text.replaceAll(/=\r?\n/g, "").replaceAll(/^[>\s]+/gm, "").replaceAll(breaks, "")
    .replaceAll(around, "");
}

/** Whether a text may be the beginning of a token that was cut off. */
export function isBeginningOfToken(text: string): boolean {
  const begun = unbroken(text);
  return begun !== "" && begun.length < sample.length &&
    form.test(begun + sample.slice(begun.length));
}

/** Whether a token is for a cluster. */
export function isOfToken(cluster: string, token: Token): boolean {
  return cluster.slice(0, clusterDigits) === token.cluster;
}

/** The proof that these texts are by a holder of the token. It covers where each text ends. */
export function proofOf({ secret }: Token, ...texts: readonly string[]): string {
  const mac = createHmac("sha256", secret);
  for (const text of texts) mac.update(`${text.length}:${text}\n`);
  return mac.digest("base64url");
}

/** Whether a proof is right. Takes the same time wherever the first difference is. */
export function isProof(given: unknown, right: string): boolean {
  return typeof given === "string" && isSameSecret(given, right);
}
