/** Lists of instances: making them presentable, and telling whether they changed. */

import { addressOf, type Instance } from "./discovery.ts";

/**
 * One instance per address, sorted by address.
 *
 * A server that was restarted, or whose session expired, may be listed twice for a while: as itself and
 * as the ghost of its former registration. Both are the same endpoint, and the newest one describes it.
 *
 * @param oldestFirst the instances in the order of their registration
 */
export function oneByAddress(oldestFirst: Iterable<Instance>): readonly Instance[] {
  const byAddress = new Map<string, Instance>();
  for (const instance of oldestFirst) byAddress.set(addressOf(instance), instance);
  return [...byAddress].sort(([a], [b]) => a < b ? -1 : 1).map(([, instance]) => instance);
}

/** Whether two lists say the same. Cheap where they share their items. */
export function sameInstances(a: readonly Instance[], b: readonly Instance[]): boolean {
  return a.length === b.length && a.every((item, i) => {
    const other = b[i] as Instance;
    return item === other || JSON.stringify(inOrder(item)) === JSON.stringify(inOrder(other));
  });
}

function inOrder(
  { id, service, host, port, weight, zone, version, methods, startedAtMs }: Instance,
) {
  return [id, service, host, port, weight, zone, version, methods, startedAtMs];
}
