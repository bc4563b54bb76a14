/** Lists of instances: one for each address, and the changes from list to list. */

import type { RpcError } from "../base/errors.ts";
import { addressOf } from "../base/names/host_port.ts";
import type { Change, Instance, Watcher } from "./discovery.ts";
import { Outage } from "./outage.ts";

/**
 * One instance per address, sorted by address.
 *
 * A server that was restarted, or whose session expired, may be listed twice for a while: with its
 * old registration and its new one. Both are the same endpoint, and the newer one is valid.
 *
 * @param oldestFirst the instances in the order of their registration
 */
export function oneByAddress(oldestFirst: Iterable<Instance>): readonly Instance[] {
  const byAddress = new Map<string, Instance>();
  for (const instance of oldestFirst) byAddress.set(addressOf(instance), instance);
  return [...byAddress].sort(([a], [b]) => a < b ? -1 : 1).map(([, instance]) => instance);
}

/**
 * The difference between two lists. It is fast if they share most items in the same order, since it
 * compares only the range from the first to the last difference.
 */
export function changeOf(before: readonly Instance[], after: readonly Instance[]): Change {
  const shortest = Math.min(before.length, after.length);
  let start = 0;
  while (start < shortest && before[start] === after[start]) start++;
  let end = 0;
  while (end < shortest - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  const gone = new Map<string, Instance>();
  for (let i = start; i < before.length - end; i++) {
    const instance = before[i] as Instance;
    gone.set(addressOf(instance), instance);
  }
  const listed: Instance[] = [];
  for (let i = start; i < after.length - end; i++) {
    const instance = after[i] as Instance;
    const address = addressOf(instance);
    const known = gone.get(address);
    gone.delete(address);
    if (known === undefined || !saysTheSame(known, instance)) listed.push(instance);
  }
  return { listed, unlisted: [...gone.values()] };
}

/** Tells a watcher the lists that a watch finds, if they differ, and each outage once. */
export class ListTeller {
  readonly #watcher: Watcher;
  readonly #outage: Outage;
  #told: readonly Instance[] | undefined;
  #isClosed = false;

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
    this.#outage = new Outage((error) => watcher.trouble(error));
  }

  /** Whether the watcher has got a list. */
  get hasTold(): boolean {
    return this.#told !== undefined;
  }

  /** Tells the registry's current list, with at most one instance for each address. */
  tell(instances: readonly Instance[]): void {
    if (this.#isClosed) return;
    this.#outage.recovered();
    const isFirst = this.#told === undefined;
    const change = changeOf(this.#told ?? [], instances);
    this.#told = instances;
    if (!isFirst && change.listed.length + change.unlisted.length === 0) return;
    this.#watcher.snapshot({ instances, stale: false }, change);
  }

  /**
   * Tells the current instances of some addresses; `undefined`: none. The cost does not grow with
   * the list, but for copying it.
   */
  tellChanges(changes: ReadonlyMap<string, Instance | undefined>): void {
    if (this.#isClosed) return;
    this.#outage.recovered();
    const instances = [...this.#told ?? []];
    const listed: Instance[] = [];
    const unlisted: Instance[] = [];
    for (const [address, instance] of changes) {
      const index = indexOf(address, instances);
      const at = instances[index];
      const known = at !== undefined && addressOf(at) === address ? at : undefined;
      if (instance === undefined) {
        if (known === undefined) continue;
        instances.splice(index, 1);
        unlisted.push(known);
      } else if (known === undefined || !saysTheSame(known, instance)) {
        instances.splice(index, known === undefined ? 0 : 1, instance);
        listed.push(instance);
      }
    }
    if (this.#told !== undefined && listed.length + unlisted.length === 0) return;
    this.#told = instances;
    this.#watcher.snapshot({ instances, stale: false }, { listed, unlisted });
  }

  /** The registry cannot be asked. */
  failed(error: RpcError): void {
    this.#outage.failed(error);
  }

  /** The registry can be asked again, though its list is not known yet. */
  recovered(): void {
    this.#outage.recovered();
  }

  /** Tells nothing any more. */
  close(): void {
    this.#isClosed = true;
    this.#outage.close();
  }
}

/** The index of an address in a sorted list, or where it belongs (binary search). */
function indexOf(address: string, sorted: readonly Instance[]): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (addressOf(sorted[middle] as Instance) < address) from = middle + 1;
    else to = middle;
  }
  return from;
}

function saysTheSame(one: Instance, other: Instance): boolean {
  return one === other || JSON.stringify(inOrder(one)) === JSON.stringify(inOrder(other));
}

function inOrder(one: Instance) {
  const { id, service, host, port, cluster, secret, weight, drained = false } = one;
  const { zone, messageMax, version, methods, startedAtMs } = one;
  return [
    [id, service, host, port, cluster, secret, weight, drained],
    [zone, messageMax, version, methods, startedAtMs],
  ];
}
