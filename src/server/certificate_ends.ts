import type { RpcError } from "../base/errors.ts";
import { type Caller, expired } from "../keys/caller.ts";
import { certificateGraceMs } from "../keys/limits.ts";
import { encodeError } from "../wire/codec.ts";
import type { Gate } from "./gate.ts";
import type { Session } from "./session/session.ts";

/** A connection whose caller has a certificate. */
interface Known {
  readonly name: string;
  readonly from: string;
  readonly validToMs: number;
  readonly gate: Gate;
  /** Set once it has expired: the message that ends the connection. */
  farewell: string | undefined;
}

/** Sees to it that no connection is of use to its caller for longer than the certificate. */
export class CertificateEnds {
  readonly #known = new Map<Session, Known>();
  readonly #refused: (from: string, refusal: RpcError) => void;

  /** @param refused called once for each connection whose certificate has expired */
  constructor(refused: (from: string, refusal: RpcError) => void) {
    this.#refused = refused;
  }

  /** A caller with a certificate has come. */
  add(session: Session, from: string, { name, validToMs }: Caller, gate: Gate): void {
    if (validToMs === undefined) return;
    this.#known.set(session, { name, from, validToMs, gate, farewell: undefined });
  }

  /** The connection has ended. */
  delete(session: Session): void {
    this.#known.delete(session);
  }

  /**
   * The message that ends the connection, once its caller's certificate has expired. From then on
   * its new calls are refused; those under way go on.
   */
  farewellOf(session: Session, nowMs: number): string | undefined {
    const known = this.#known.get(session);
    if (known === undefined || nowMs <= known.validToMs + certificateGraceMs) return undefined;
    if (known.farewell === undefined) {
      const refusal = expired(known);
      known.gate.end(refusal);
      known.farewell = encodeError(null, refusal);
      this.#refused(known.from, refusal);
    }
    return known.farewell;
  }
}
