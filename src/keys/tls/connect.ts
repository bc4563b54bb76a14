import tls from "node:tls";
import { messageOf, RpcError } from "../../base/errors.ts";
import { systemClock } from "../../base/clock.ts";
import { TlsError } from "../../base/system/tls_error.ts";
import type { HostPort } from "../../base/names/host_port.ts";
import { lookUpError } from "../../base/system/handles.ts";
import type { CertificateInfo } from "../certificate.ts";
import { dateProblem } from "../expiry.ts";
import type { Keys } from "../keys.ts";
import { clusterName } from "../names.ts";
import { belowOf } from "./below.ts";
import { TlsConnection } from "./connection.ts";
import { contextOptionsOf } from "./context.ts";
import { certificateOf, memberOf } from "./members.ts";
import { certificateFault } from "./shown.ts";
import { boundTextless } from "./textless_bytes.ts";

/** A connection to a server that has proved to belong to the cluster. */
interface ConnectedTls {
  readonly connection: TlsConnection;
  /** When the server's certificate expires, in milliseconds since 1970 UTC. */
  readonly validToMs: number;
}

/** One for all connections: to read the keys takes a third of the time of a refused handshake. */
const contexts = new WeakMap<Keys, tls.SecureContext>();

function contextOf(keys: Keys): tls.SecureContext {
  let context = contexts.get(keys);
  if (context === undefined) {
    context = tls.createSecureContext(contextOptionsOf(keys));
    contexts.set(keys, context);
  }
  return context;
}

const noGoodCertificate =
  "it shows no good certificate of a server of this cluster: it has keys of another cluster (rpc " +
  "keys show on both), or it is an impostor";

/**
 * What the TLS library says, and what it means here. It does not tell one bad certificate from
 * another.
 */
const meanings: readonly (readonly [
  pattern: RegExp,
  meaning: string,
  problem?: TlsError["problem"],
])[] = [
  [
    /ProtocolVersion|unsupported protocol|protocol version/i,
    "it speaks no TLS 1.3, so it is no server of this program",
  ],
  [
    /disconnected before secure/,
    "it hung up on TLS: it does not speak TLS, or it does not take this machine's keys",
    "hung up",
  ],
  [
    /unable to (verify|get)|self.signed|altname|certificate/i,
    noGoodCertificate,
    "bad certificate",
  ],
  [
    /wrong version|corrupt message|InvalidContentType|packet length|unexpected eof/i,
    "it does not speak TLS: it runs without keys, or another program has the port",
  ],
];

/**
 * Connects to a server of the cluster, and to no other: its certificate must be signed by the
 * cluster's authority, for the cluster's name, and for use by a server.
 *
 * @param name the name that the certificate must have. @default the cluster's
 * @throws {RpcError} Unavailable: it cannot be reached, or it is not what it must be
 */
export function connectTls(
  target: HostPort,
  keys: Keys,
  signal: AbortSignal,
  name = clusterName(keys.cluster),
): Promise<ConnectedTls> {
  const { promise, resolve, reject } = Promise.withResolvers<ConnectedTls>();
  if (signal.aborted) return Promise.reject(signal.reason);
  const socket = tls.connect({
    host: target.host,
    port: target.port,
    servername: name,
    secureContext: contextOf(keys),
    minVersion: "TLSv1.3",
    allowHalfOpen: true,
  } as tls.ConnectionOptions);
  socket.setNoDelay(true);
  const bound = boundTextless({
    bytesRead: () => belowOf(socket)?.getBytesRead() ?? 0,
    textBytes: () => 0,
    end: () => socket.destroy(),
  });
  socket.once("close", () => bound.cancel());
  let isOver = false;
  const abort = () => {
    isOver = true;
    socket.destroy();
    reject(signal.reason);
  };
  const fail = async (error: Error) => {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    reject(await unavailable(lookUpError(error, target.host), target, keys, name));
    signal.removeEventListener("abort", abort);
  };
  signal.addEventListener("abort", abort, { once: true });
  socket.on("error", fail);
  const hungUp = () => fail(new Error("unexpected EOF in the handshake"));
  socket.once("close", hungUp);
  socket.once("secureConnect", () => {
    bound.cancel();
    const peer = socket.authorized === true ? serverOf(socket, keys, name) : undefined;
    if (peer === undefined) {
      void fail(new Error("its certificate is not a server's"));
      return;
    }
    // What goes wrong from now on is the connection's: TLS 1.3 refuses a client behind this only.
    signal.removeEventListener("abort", abort);
    socket.off("error", fail);
    socket.off("close", hungUp);
    resolve({ connection: new TlsConnection(socket), validToMs: peer.validToMs });
  });
  return promise;
}

/**
 * What the certificate of the peer says, if it is a server's of the cluster. TLS looks at the name
 * less strictly: it may be a pattern, or the common name.
 */
function serverOf(
  socket: tls.TLSSocket,
  keys: Keys,
  name: string,
): CertificateInfo | undefined {
  const raw = certificateOf(socket);
  const peer = raw === undefined ? undefined : memberOf(keys, raw);
  if (peer === undefined || peer.name === "" || !peer.hosts.includes(name)) return undefined;
  // The registry's has no rights.
  return peer.rights.serve || name !== clusterName(keys.cluster) ? peer : undefined;
}

async function unavailable(
  cause: unknown,
  target: HostPort,
  keys: Keys,
  name: string,
): Promise<RpcError> {
  const code = (cause as { code?: unknown }).code;
  const text = `${typeof code === "string" ? code : ""} ${messageOf(cause)}`;
  const [, meaning = messageOf(cause), problem] =
    meanings.find(([pattern]) => pattern.test(text)) ?? [];
  if (problem === undefined) return new RpcError("Unavailable", meaning, { cause });
  if (problem !== "bad certificate") return new TlsError(problem, meaning, cause);
  // If this machine's clock is wrong, all certificates seem invalid.
  const fault = dateProblem(keys.own, systemClock.wallTimeMs()) ??
    await certificateFault(target, keys, name);
  return new TlsError(problem, fault ?? meaning, cause);
}
