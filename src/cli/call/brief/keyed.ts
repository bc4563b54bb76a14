/** What a brief call needs of this machine's keys. It is loaded only where there are some. */

import { tlsTransport } from "../../../client/tls/tls_transport.ts";
import type { Duplex } from "../../../client/transport.ts";
import type { Instance } from "../../../discovery/discovery.ts";
import { readKeys } from "../../../keys/keys.ts";

/** The servers that may be called with keys, and how to connect to them. */
export interface Keyed {
  /** The id of the cluster that they are of. */
  readonly cluster: string;
  /**
   * Connects as the client does, and by the same code: nothing is left out of what the two sides
   * ask of each other. Rejects if the server is not of the cluster, or refuses this machine.
   */
  connect(server: Instance): Promise<Duplex>;
}

/**
 * What is to be done with the keys in a directory.
 *
 * @throws {Error} there are none that can be used: the caller must not go on without them
 */
export function openKeyed(directory: string): Keyed {
  const keys = readKeys(directory);
  if (keys === undefined) throw new Error(`${directory} has no keys any more`);
  const transport = tlsTransport({ current: () => keys });
  return {
    cluster: keys.cluster,
    connect: (server) => transport.connect(server, new AbortController().signal),
  };
}
