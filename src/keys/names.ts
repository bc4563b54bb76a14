/** The names in certificates: a cluster's, a machine's, and what a machine may be called. */

import { RpcError } from "../base/errors.ts";

/** Hex digits of a cluster's id: 80 bits of the hash of its CA's public key. */
export const clusterIdLength = 20;

/**
 * What follows a cluster's id in the names that are checked. Nobody can register `.internal`
 * publicly.
 */
const suffix = ".rpc.internal";

/**
 * The name that clients expect in a server's certificate. It is the cluster's, since addresses
 * change.
 */
export function clusterName(cluster: string): string {
  return `${cluster}${suffix}`;
}

/**
 * The name in the certificate of a cluster's ZooKeeper. It differs from the servers', so that no
 * server can pose as the registry.
 */
export function zooKeeperName(cluster: string): string {
  return `zookeeper.${clusterName(cluster)}`;
}

/** The cluster of whose servers or ZooKeeper this is the name; `undefined`: of none. */
export function clusterOfName(name: string): string | undefined {
  const [id = ""] = /[0-9a-f]{20}/.exec(name) ?? [];
  return name === clusterName(id) || name === zooKeeperName(id) ? id : undefined;
}

/** The length of the longest name that {@link isMachineName} takes. */
export const machineNameLengthMax = 63;

/** One word, like a host name, since it appears in logs, in metrics and in patterns. */
const machineName = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/i;

/** Whether a machine or a member may be called so. */
export function isMachineName(name: string): boolean {
  return machineName.test(name);
}

/**
 * Refuses what is no name.
 *
 * @throws {RpcError} InvalidParams: what one looks like
 */
export function assertMachineName(name: string): void {
  if (isMachineName(name)) return;
  throw new RpcError(
    "InvalidParams",
    `Cannot name a machine ${JSON.stringify(name)}: 1 to 63 letters, digits, dots, dashes and ` +
      "underscores, the first and the last a letter or a digit",
  );
}
