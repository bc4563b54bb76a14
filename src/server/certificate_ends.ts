import type { RpcError } from "../base/errors.ts";
import { type Caller, expired, stranger } from "../keys/caller.ts";
import { certificateGraceMs } from "../base/limits.ts";
import { encodeError } from "../wire/codec.ts";
import type { Gate } from "./gate.ts";
import type { Session } from "./session/session.ts";

/** A connection whose caller has a certificate. */
interface Known {
  readonly name: string;
  readonly from: string;
  readonly validToMs: number;
  readonly cluster: string | undefined;
  readonly gate: Gate;
  /** Set once it is of no use any more: the message that ends the connection. */
  farewell: string | undefined;
}

/**
 * Sees to it that no connection is of use to its caller for longer than the certificate, or than
 * this machine is of the certificate's cluster.
 */
export class CertificateEnds {
  readonly #known = new Map<Session, Known>();
  readonly #refused: (from: string, refusal: RpcError) => void;

  /** @param refused called once for each connection whose certificate is of no use any more */
  constructor(refused: (from: string, refusal: RpcError) => void) {
    this.#refused = refused;
  }

  /** A caller with a certificate has come. */
  add(session: Session, from: string, { name, validToMs, cluster }: Caller, gate: Gate): void {
    if (validToMs === undefined) return;
    this.#known.set(session, { name, from, validToMs, cluster, gate, farewell: undefined });
  }

  /** The connection has ended. */
  delete(session: Session): void {
    this.#known.delete(session);
  }

  /**
   * The message that ends the connection, once its caller's certificate has expired or this machine
   * is of another cluster. From then on its new calls are refused; those under way go on.
   */
  farewellOf(session: Session, nowMs: number, cluster: string | undefined): string | undefined {
    const known = this.#known.get(session);
    if (known === undefined) return undefined;
    if (known.farewell === undefined) {
      const refusal = cluster !== undefined && known.cluster !== cluster
        ? stranger({ ...known, cluster })
        : nowMs > known.validToMs + certificateGraceMs
        ? expired(known)
        : undefined;
      if (refusal === undefined) return undefined;
      known.gate.end(refusal);
      known.farewell = encodeError(null, refusal);
      this.#refused(known.from, refusal);
    }
    return known.farewell;
  }
}
