import { addressOf } from "../discovery/discovery.ts";

/** A byte stream in both directions, as `Deno.Conn` is one. */
export interface Duplex {
  /** Fills the buffer with what has come, or resolves to `null` at the end of the stream. */
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

/** Where a connection leads. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Makes byte streams. Rejects if the peer cannot be reached or `signal` aborts. */
export interface Transport {
  connect(target: Target, signal: AbortSignal): Promise<Duplex>;
}

/** TCP, as small messages need it: without Nagle's delay. */
export const tcpTransport: Transport = {
  async connect(target, signal) {
    const connection = await Deno.connect({
      hostname: target.host,
      port: target.port,
      signal,
    });
    try {
      connection.setNoDelay(true);
    } catch (error) {
      connection.close();
      throw new Error(`Cannot set up the connection to ${addressOf(target)}`, { cause: error });
    }
    return connection;
  },
};
