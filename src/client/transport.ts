import { RpcError } from "../base/errors.ts";
import { addressOf, type HostPort } from "../base/names/host_port.ts";
import { anyCluster } from "../discovery/discovery.ts";
import { handlesLeft, lookUpError } from "../base/system/handles.ts";

/** A byte stream in both directions, such as a `Deno.Conn`. */
export interface Duplex {
  /** Reads into the buffer, or resolves to `null` at the end of the stream. */
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
  /** When the peer's certificate ends, in milliseconds since 1970 UTC. Absent without TLS. */
  readonly validToMs?: number | undefined;
  /** When the first certificate of the two ends, likewise. */
  readonly usableToMs?: number | undefined;
  /** Whether the peer is a stranger by now: this machine has keys of another cluster. */
  readonly isStrange?: boolean;
}

/** Where a connection leads. */
export interface Target extends HostPort {
  /** The service that the calls are for. @default "rpc" */
  readonly service?: string;
  /** The cluster whose keys are needed, as in {@link Instance}. */
  readonly cluster?: string | undefined;
  /** The secret of a server that serves only its own user. */
  readonly secret?: string | undefined;
}

/** Opens byte streams. */
export interface Transport {
  /** Rejects if the peer cannot be reached or `signal` aborts. */
  connect(target: Target, signal: AbortSignal): Promise<Duplex>;
  /** How many more file handles there are for streams, if known. */
  handlesLeft?(): number | undefined;
}

/**
 * TCP, without Nagle's delay, which would hold up small messages.
 *
 * @param remedy what a user does to call servers that want keys
 */
export function plainTransport(remedy = () => "rpc keys join"): Transport {
  return {
    handlesLeft,
    async connect(target, signal) {
      if (target.cluster !== undefined && target.cluster !== anyCluster) {
        throw new RpcError("Unauthenticated", `it wants keys: ${remedy()}`);
      }
      const connection = await connectTcp(target, signal);
      try {
        connection.setNoDelay(true);
      } catch (error) {
        connection.close();
        throw new Error(`Cannot set up the connection to ${addressOf(target)}`, { cause: error });
      }
      if (target.secret === undefined) return connection;
      return await greeted(connection, target, signal);
    },
  };
}

/** {@link plainTransport} where there are no keys. */
export const tcpTransport: Transport = plainTransport();

async function connectTcp({ host, port }: Target, signal: AbortSignal): Promise<Deno.TcpConn> {
  try {
    return await Deno.connect({ hostname: host, port, signal });
  } catch (error) {
    throw lookUpError(error, host);
  }
}

/** Greets a server with a secret. The code is loaded only then. */
async function greeted(stream: Duplex, target: Target, signal: AbortSignal): Promise<Duplex> {
  const abort = () => stream.close();
  signal.addEventListener("abort", abort, { once: true });
  try {
    const { greet } = await import("../wire/greeting.ts");
    const { service = "rpc", secret } = target;
    return (await greet(stream, { service, secret })).stream;
  } catch (error) {
    if (!signal.aborted) stream.close();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
