import { messageOf, RpcError } from "../../base/errors.ts";
import { handlesLeft } from "../../base/system/handles.ts";
import { anyCluster } from "../../discovery/discovery.ts";
import type { KeyRing } from "../../keys/key_ring.ts";
import type { Keys } from "../../keys/keys.ts";
import { connectTls } from "../../keys/tls/connect.ts";
import { greet, type Welcome } from "../../wire/greeting.ts";
import type { Duplex, Target, Transport } from "../transport.ts";

/** A connected server after the greeting. */
interface Greeted {
  readonly welcome: Welcome;
  readonly duplex: Duplex;
  /** When the server's certificate ends, in milliseconds since 1970 UTC. */
  readonly validToMs: number;
}

/**
 * TLS 1.3 with certificates on both sides, and a greeting that names the service. Servers without
 * keys are not called, whatever the registry lists.
 */
export function tlsTransport(keys: Pick<KeyRing, "current">): Transport {
  return {
    handlesLeft,
    async connect(target, signal) {
      const own = keys.current();
      const { duplex, validToMs } = await connectGreeted(own, target, signal);
      return {
        read: (buffer) => duplex.read(buffer),
        write: (bytes) => duplex.write(bytes),
        close: () => duplex.close(),
        validToMs,
        usableToMs: Math.min(own.own.validToMs, validToMs),
        get isStrange() {
          return keys.current().cluster !== own.cluster;
        },
      };
    },
  };
}

/**
 * Connects and greets.
 *
 * @throws {RpcError} the server is not of the cluster, or refuses this caller
 */
export async function connectGreeted(
  keys: Keys,
  target: Target,
  signal: AbortSignal,
): Promise<Greeted> {
  assertOurs(keys, target);
  const { connection, validToMs } = await connectTls(target, keys, signal);
  const abort = () => connection.close();
  signal.addEventListener("abort", abort, { once: true });
  try {
    const { welcome, stream } = await greet(connection, { service: target.service ?? "rpc" });
    return { welcome, duplex: stream, validToMs };
  } catch (error) {
    connection.close();
    throw error instanceof RpcError ? error : new RpcError("Unavailable", messageOf(error), {
      cause: error,
    });
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function assertOurs({ cluster }: Keys, target: Target): void {
  if (target.cluster === anyCluster || target.cluster === cluster) return;
  throw new RpcError(
    "Unavailable",
    target.cluster === undefined
      ? "open, not used: this machine has keys; --insecure (or insecure: true) goes without"
      : `of cluster ${target.cluster}, and this machine's keys are of ${cluster}: rpc keys show`,
  );
}
