import type { Clock } from "../../base/clock.ts";
import type { RpcError } from "../../base/errors.ts";
import { encodeError } from "../../wire/codec.ts";
import type { ServerConnection } from "../listener.ts";

/** Refused connections that are held at once; further ones are closed without an answer. */
const refusalsMax = 64;

/** How long a refused peer has to read the reason. */
const refusalTimeoutMs = 1_000;

/** Refuses connections with a reason, at a bounded cost. */
export class Refusals {
  readonly #clock: Clock;
  readonly #conns = new Set<ServerConnection>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sends the error, and closes the connection when the peer has read it or after a moment. */
  async refuse(conn: ServerConnection, error: RpcError): Promise<void> {
    if (this.#conns.size >= refusalsMax) {
      conn.close();
      return;
    }
    this.#conns.add(conn);
    const timer = this.#clock.after(refusalTimeoutMs, () => this.#close(conn));
    try {
      await conn.write(new TextEncoder().encode(encodeError(null, error)));
      await conn.closeWrite();
      // Its input must be read: otherwise closing would reset the connection and lose the error.
      const buffer = new Uint8Array(4_096);
      while (await conn.read(buffer) !== null);
    } catch {
      // The peer has closed, or its time is over.
    }
    timer.cancel();
    this.#close(conn);
  }

  /** Closes those that are still held. */
  close(): void {
    for (const conn of [...this.#conns]) this.#close(conn);
  }

  #close(conn: ServerConnection): void {
    if (this.#conns.delete(conn)) conn.close();
  }
}
