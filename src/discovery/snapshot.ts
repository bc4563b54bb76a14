/** Lists of instances: making them presentable, and telling what changed in them. */

import type { RpcError } from "../base/errors.ts";
import { addressOf } from "../base/names/host_port.ts";
import type { Change, Instance, Watcher } from "./discovery.ts";
import { Outage } from "./outage.ts";

/**
 * One instance per address, sorted by address.
 *
 * A server that was restarted, or whose session expired, may be listed twice for a while: as itself
 * and as the ghost of its former registration. Both are the same endpoint, and the newest one
 * describes it.
 *
 * @param oldestFirst the instances in the order of their registration
 */
export function oneByAddress(oldestFirst: Iterable<Instance>): readonly Instance[] {
  const byAddress = new Map<string, Instance>();
  for (const instance of oldestFirst) byAddress.set(addressOf(instance), instance);
  return [...byAddress].sort(([a], [b]) => a < b ? -1 : 1).map(([, instance]) => instance);
}

/**
 * What is different in a list from the one before. Quick where they share their items in the same
 * order: then only what lies between the first and the last difference is really looked at.
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

/**
 * What one watch finds, told to its watcher: the lists, one after the other, whenever one says
 * something else, and once in each outage what is wrong.
 */
export class ListTeller {
  readonly #watcher: Watcher;
  readonly #outage: Outage;
  #told: readonly Instance[] | undefined;
  #isClosed = false;

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
    this.#outage = new Outage((error) => watcher.trouble(error));
  }

  /** Whether the watcher has been told a list. */
  get hasTold(): boolean {
    return this.#told !== undefined;
  }

  /** The registry's list now: at most one instance per address. */
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
   * What the registry says now of some addresses; `undefined`: it lists nothing there. What it
   * costs does not grow with the list, but for a copy of it.
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

  /** The registry can be asked again, whatever its list may be. */
  recovered(): void {
    this.#outage.recovered();
  }

  /** Tells nothing any more. */
  close(): void {
    this.#isClosed = true;
    this.#outage.close();
  }
}

/** Where an address is, or belongs, in a list that is sorted by them. */
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
