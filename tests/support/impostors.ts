/** Servers that a machine with keys must not call, and one that it may. */

import tls from "node:tls";
import { clusterName } from "../../src/keys/names.ts";
import type { Pair, TestCluster } from "./test_pki.ts";

/** A server as far as its certificate tells. */
export interface Impostor {
  readonly kind: string;
  readonly pair: Pair;
  /** What a client says of it; `undefined`: it is a server of the cluster. */
  readonly says: RegExp | undefined;
}

/** A server of a cluster, and those that only look like one. */
export async function impostorsOf(
  cluster: TestCluster,
  other: TestCluster,
): Promise<readonly Impostor[]> {
  const says = /no good certificate/;
  const stolenName = { dns: [clusterName(cluster.id)] };
  const forger = await cluster.member("forger");
  const forged = await cluster.faulty({ signer: forger });
  const lower = await cluster.faulty({ name: "lower", isAuthority: true });
  const below = await cluster.faulty({ signer: lower });
  return [
    {
      kind: "a server of the cluster",
      pair: await cluster.member("server"),
      says: undefined,
    },
    { kind: "another cluster's, with our name", pair: await other.faulty(stolenName), says },
    {
      kind: "another cluster's",
      pair: await other.member("alice"),
      says: new RegExp(`keys of cluster ${other.id}, and this machine's are of ${cluster.id} \\(`),
    },
    {
      kind: "a member that may only call",
      pair: await cluster.faulty({ usages: ["client"] }),
      says,
    },
    { kind: "another name", pair: await cluster.faulty({ dns: ["x.rpc.internal"] }), says },
    {
      kind: "expired",
      pair: await cluster.faulty({ fromDays: -20, toDays: -10 }),
      says: /certificate, of "alice", has expired on \d{4}-\d\d-\d\d \(there: rpc keys renew\)/,
    },
    {
      kind: "not yet valid",
      pair: await cluster.faulty({ fromDays: 10 }),
      says: /"alice", begins on \S+, and this machine's clock says \S+: is a clock wrong\?/,
    },
    { kind: "signed by itself", pair: await cluster.faulty({ selfSigned: true }), says },
    {
      kind: "signed by a member, who comes along",
      pair: { ...forged, certificate: forged.certificate + forger.certificate },
      says,
    },
    {
      kind: "signed by an authority in between, which comes along",
      pair: { ...below, certificate: below.certificate + lower.certificate },
      says,
    },
    {
      kind: "without the right to serve",
      pair: await cluster.faulty({ uris: [] }),
      says: /"alice", has no right to serve \(there: rpc keys show\)/,
    },
    { kind: "any name", pair: await cluster.faulty({ dns: ["*.rpc.internal"] }), says },
    { kind: "nobody", pair: await cluster.faulty({ subject: "O=alice" }), says },
    { kind: "no subject", pair: await cluster.faulty({ subject: "" }), says },
    { kind: "two members", pair: await cluster.faulty({ subject: "CN=alice, CN=bob" }), says },
    {
      kind: "the name where hosts have none",
      pair: await cluster.faulty({ dns: [], name: clusterName(cluster.id) }),
      says,
    },
  ];
}

/**
 * Listens as such a server.
 *
 * @param taken what is done with a client that takes it for one
 * @param version the version of TLS that it speaks. @default the newest
 */
export async function listenAs(
  { certificate: cert, privateKey: key }: Pair,
  taken: (socket: tls.TLSSocket) => void = () => {},
  version?: tls.SecureVersion,
): Promise<{ readonly port: number } & Disposable> {
  const options = { cert, key, ...(version && { minVersion: version, maxVersion: version }) };
  const server = tls.createServer(options as tls.TlsOptions, taken);
  server.on("tlsClientError", (_error: Error, socket: tls.TLSSocket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as { port: number };
  return { port, [Symbol.dispose]: () => void server.close() };
}
