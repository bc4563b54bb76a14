import type { Logger } from "../../base/log.ts";
import type { Instance } from "../../discovery/discovery.ts";

/** Most zones that are named. */
const namedMax = 10;

/**
 * Warns if no server is in the client's zone: its name may be misspelt. Not of a service without
 * several zones, where none could be preferred anyway.
 */
export function warnOfEmptyZone(zone: string, instances: readonly Instance[], log: Logger): void {
  if (instances.some((instance) => instance.zone === zone)) return;
  const zones = new Set(instances.map((instance) => instance.zone));
  zones.delete("");
  if (zones.size < 2) return;
  const named = [...zones].toSorted().slice(0, namedMax);
  const more = zones.size > named.length ? `, and ${zones.size - named.length} more` : "";
  log.warn("No server is in this client's zone: those of all zones are called alike", {
    zone,
    zones: `${named.join(", ")}${more}`,
  });
}
