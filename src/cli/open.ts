import type { Instance } from "../discovery/discovery.ts";
import { isLoopback } from "../library/running/advertise.ts";

/** Whether anybody on the network may call a server, according to the registry. */
export function isOpen({ cluster, host }: Pick<Instance, "cluster" | "host">): boolean {
  return cluster === undefined && !isLoopback(host);
}
