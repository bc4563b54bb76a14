import type { RpcError } from "../base/errors.ts";
import type { HostPort } from "../base/names/host_port.ts";
import type { Caller } from "../keys/caller.ts";

/** One connection as a session uses it: a `Deno.TcpConn` is one. */
export interface ServerConnection {
  /** Fills the buffer with what has come, or resolves to `null` at the end of the stream. */
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  /** Ends the sending side. */
  closeWrite(): Promise<void>;
  close(): void;
}

/** A connection that has come, and who it is. */
export interface Accepted {
  readonly connection: ServerConnection;
  /** Where it comes from, for people. */
  readonly from: string;
  /** Who it is, or why it is refused; `undefined` where nobody asks. */
  readonly caller: Caller | RpcError | undefined;
}

/** Where connections come from. */
export interface Listener {
  readonly addr: HostPort;
  /** The next connection. Rejects when the listener is closed, or when one broke too early. */
  accept(): Promise<Accepted>;
  close(): void;
}

/**
 * Listens on TCP, where nobody says who he is.
 *
 * @throws {Error} the address cannot be listened on
 */
export function listenTcp({ host, port }: HostPort): Listener {
  const listener = Deno.listen({ hostname: host, port, transport: "tcp" });
  return {
    addr: { host: listener.addr.hostname, port: listener.addr.port },
    async accept() {
      const connection = await listener.accept();
      try {
        connection.setNoDelay(true);
      } catch (error) {
        connection.close();
        // It broke before it was accepted.
        throw new Deno.errors.ConnectionReset("The peer has gone", { cause: error });
      }
      const { hostname, port } = connection.remoteAddr;
      return { connection, from: `${hostname}:${port}`, caller: undefined };
    },
    close: () => listener.close(),
  };
}
