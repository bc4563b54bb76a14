import type { RpcError } from "../base/errors.ts";
import type { HostPort } from "../base/names/host_port.ts";
import type { Caller } from "../keys/caller.ts";

/** A connection as a session needs it, such as a `Deno.TcpConn`. */
export interface ServerConnection {
  /** Reads into the buffer, or resolves to `null` at the end of the stream. */
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  /** Ends the sending side. */
  closeWrite(): Promise<void>;
  close(): void;
}

/** A new connection, and its caller. */
export interface Accepted {
  readonly connection: ServerConnection;
  /** The peer's address, for people. */
  readonly from: string;
  /** The caller, or why it is refused; `undefined` on a server without keys. */
  readonly caller: Caller | RpcError | undefined;
}

/** A source of connections. */
export interface Listener {
  readonly addr: HostPort;
  /** The next connection. Rejects when the listener is closed, or when one broke too early. */
  accept(): Promise<Accepted>;
  /** The cluster whose callers it takes now, if it wants keys. */
  cluster?(): string;
  close(): void;
}

/**
 * Listens on TCP, for a server without keys.
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
        // The connection broke before it was accepted.
        throw new Deno.errors.ConnectionReset("The peer has gone", { cause: error });
      }
      const { hostname, port } = connection.remoteAddr;
      return { connection, from: `${hostname}:${port}`, caller: undefined };
    },
    close: () => listener.close(),
  };
}
