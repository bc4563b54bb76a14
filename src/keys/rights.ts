/** What the holder of a certificate may do. The certificate has it as URIs. */

import { RpcError } from "../base/errors.ts";
import { type Matcher, matcherOf } from "../base/names/patterns.ts";

/** The rights of one member. */
export interface Rights {
  /** Patterns of the methods that it may call. */
  readonly call: readonly string[];
  /** Whether it may be a server. */
  readonly serve: boolean;
  /** Whether it may do everything. */
  readonly admin: boolean;
  /**
   * Whether it may ask servers what they offer and for their statistics. Every other right includes
   * it.
   */
  readonly read: boolean;
}

/** The rights of a machine of the cluster, unless the inviter says otherwise. */
export const machineRights: Rights = { call: ["*"], serve: true, admin: false, read: true };

/** The rights of the machine on which the cluster was made. */
export const ownerRights: Rights = { call: ["*"], serve: true, admin: true, read: true };

const uriPrefix = "urn:rpc:right:";

/**
 * Patterns of method names. They have no comma, space or quote, which a certificate's list of names
 * would not keep.
 */
const callPattern = /^[A-Za-z0-9_.*:$-]{1,256}$/;

/** Rights as text, for people and for {@link parseRights}: `read,call:fib*,serve`. */
export function formatRights(rights: Rights): string {
  return wordsOf(rights).join(",");
}

/** Rights as a certificate's URIs. */
export function rightUris(rights: Rights): string[] {
  return wordsOf(rights).map((word) => uriPrefix + word);
}

function wordsOf({ call, serve, admin, read }: Rights): string[] {
  return [
    ...(read ? ["read"] : []),
    ...call.map((pattern) => `call:${pattern}`),
    ...(serve ? ["serve"] : []),
    ...(admin ? ["admin"] : []),
  ];
}

/**
 * Reads rights that somebody wrote: `read`, `call` (all methods), `call:<pattern>`, `serve`,
 * `admin`, with commas between.
 *
 * @throws {RpcError} InvalidParams: a word that is no right
 */
export function parseRights(text: string): Rights {
  const words = text.split(",").map((word) => word.trim());
  // An empty word is none either: it is what an unset variable of a script leaves.
  const wrong = words.find((word) => !isRight(word));
  if (wrong !== undefined) {
    throw new RpcError(
      "InvalidParams",
      `Cannot give the right ${JSON.stringify(wrong)}: there are read, call, ` +
        "call:<pattern> such as call:fib*, serve and admin, with commas between",
    );
  }
  return rightsOf(words);
}

/** The rights among a certificate's URIs. Other URIs give no right. */
export function rightsOfUris(uris: readonly string[]): Rights {
  const words = uris.filter((uri) => uri.startsWith(uriPrefix))
    .map((uri) => uri.slice(uriPrefix.length));
  return rightsOf(words.filter(isRight));
}

function isRight(word: string): boolean {
  if (word.startsWith("call:")) return callPattern.test(word.slice("call:".length));
  return word === "read" || word === "call" || word === "serve" || word === "admin";
}

function rightsOf(words: readonly string[]): Rights {
  const admin = words.includes("admin");
  const call = words.flatMap((word) =>
    word === "call" ? ["*"] : word.startsWith("call:") ? [word.slice("call:".length)] : []
  );
  return {
    call: [...new Set(call)],
    serve: words.includes("serve"),
    admin,
    read: words.length > 0,
  };
}

/** Which methods may be called with these rights. */
export function callMatcher({ call, admin }: Rights): Matcher {
  return admin ? () => true : matcherOf(call);
}
