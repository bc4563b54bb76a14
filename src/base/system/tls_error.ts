import { RpcError } from "../errors.ts";

/**
 * Why no TLS connection was made:
 *
 * - `unknown signer`: nobody whom this machine trusts has signed the peer's certificate;
 * - `bad certificate`: it shows none of a server of this machine's cluster;
 * - `hung up`: it ended the connection during the handshake, as who speaks no TLS does.
 */
type TlsProblem = "unknown signer" | "bad certificate" | "hung up";

/** A TLS connection was not made for a known reason. */
export class TlsError extends RpcError {
  readonly problem: TlsProblem;

  constructor(problem: TlsProblem, message: string, cause: unknown) {
    super("Unavailable", message, { cause });
    this.problem = problem;
  }
}
