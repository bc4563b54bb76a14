import { RpcError } from "../base/errors.ts";
import type { CertificateInfo } from "./certificate.ts";
import { dateText, momentTexts } from "./expiry.ts";
import type { Rights } from "./rights.ts";

/** The caller at the other end of a connection, as its certificate tells. */
export interface Caller {
  readonly name: string;
  readonly rights: Rights;
  /** When its certificate expires, in milliseconds since 1970 UTC. Absent where it has none. */
  readonly validToMs?: number | undefined;
  /** The cluster that its certificate is of. Absent where it has none. */
  readonly cluster?: string | undefined;
}

/** What TLS found out about a peer. */
interface PeerFacts {
  /** The certificate that it sent, if it sent one. */
  readonly certificate: CertificateInfo | undefined;
  /** Whether it is a member of the cluster, its signature, usage and dates included. */
  readonly isAuthorized: boolean;
  /** The id of the cluster that it has to belong to. */
  readonly cluster: string;
  readonly nowMs: number;
}

/**
 * The caller, or the refusal that it is told: who was refused, why, and the next command.
 *
 * The dates are looked at here too: they must hold for each connection, whatever TLS remembers of
 * one before.
 */
export function callerOf({ certificate, isAuthorized, cluster, nowMs }: PeerFacts):
  | Caller
  | RpcError {
  if (certificate === undefined) {
    return refused(
      "This server wants keys, and none were shown: rpc keys join, with a token that the machine " +
        "of the cluster prints by rpc keys invite",
    );
  }
  const { name, rights, validFromMs, validToMs } = certificate;
  const who = JSON.stringify(name);
  if (nowMs > validToMs) {
    return expired({ name, validToMs });
  }
  if (nowMs < validFromMs) {
    const [begin, now] = momentTexts(validFromMs, nowMs);
    return refused(
      `The certificate of ${who} begins on ${begin}, and the clock of this server says ${now}: is ` +
        "a clock wrong?",
    );
  }
  if (!isAuthorized) {
    return stranger({ name, cluster });
  }
  return { name, rights, validToMs, cluster };
}

/** The refusal of a caller whose certificate is not of the cluster. */
export function stranger({ name, cluster }: { name: string; cluster: string }): RpcError {
  return refused(
    `The certificate of ${JSON.stringify(name)} is not one of a caller of cluster ${cluster}: ` +
      "rpc keys show tells of which it is, rpc keys join makes another",
  );
}

/** The refusal of a caller whose certificate has expired. */
export function expired({ name, validToMs }: { name: string; validToMs: number }): RpcError {
  const who = JSON.stringify(name);
  return refused(`The certificate of ${who} has expired on ${dateText(validToMs)}: rpc keys renew`);
}

function refused(message: string): RpcError {
  return new RpcError("Unauthenticated", message);
}
