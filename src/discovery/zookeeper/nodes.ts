/** The nodes of one service, read no more often than needed. */

import { messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { addressOf } from "../../base/names/host_port.ts";
import {
  isZooKeeperError,
  type Watcher,
  type WatchEvent,
  type ZooKeeperClient,
} from "../../zookeeper/mod.ts";
import type { Instance } from "../discovery.ts";
import { SkippedEntries } from "../skipped.ts";
import { decodeInstance } from "../instance_json.ts";

/** What {@link ZooKeeperNodes} is built on. */
interface ZooKeeperNodesOptions {
  readonly client: ZooKeeperClient;
  readonly servicePath: string;
  readonly service: string;
  readonly log: Logger;
  /** Called when a node that was read may have changed. */
  readonly onChange: () => void;
}

/** Reads under way at once: enough to hide the round trips without flooding the server. */
const parallelReadsMax = 16;

/** A node that was read. */
interface KnownNode {
  /** The transaction that created it, which gives the order of creation. */
  readonly czxid: bigint;
  /** `undefined`: it is not an instance, or one that is switched off. */
  readonly instance: Instance | undefined;
}

/** A cache of nodes by name. */
export class ZooKeeperNodes {
  readonly #options: ZooKeeperNodesOptions;
  readonly #known = new Map<string, KnownNode>();
  /** Names of nodes to read: new ones, and those that may have changed. */
  readonly #doubtful = new Set<string>();
  /** Names of nodes that are being read. */
  readonly #reading = new Set<string>();
  /** Names by address: a server may have two nodes for a while. */
  readonly #byAddress = new Map<string, Set<string>>();
  /** Addresses with changes that were not returned yet. */
  readonly #touched = new Set<string>();
  readonly #skipped: SkippedEntries;

  constructor(options: ZooKeeperNodesOptions) {
    this.#options = options;
    this.#skipped = new SkippedEntries({
      log: options.log,
      one: "a node in ZooKeeper that is no instance",
      many: "nodes in ZooKeeper that are no instances",
      fields: (name) => ({ path: `${options.servicePath}/${name}` }),
    });
  }

  /** How many nodes are known. */
  get count(): number {
    return this.#known.size;
  }

  /** All nodes may have changed: the next reading reads them all. */
  doubtAll(): void {
    for (const name of this.#known.keys()) this.#doubtful.add(name);
  }

  /** A node is new, or may have changed. */
  doubt(name: string): void {
    this.#doubtful.add(name);
  }

  /** A node is gone. */
  forget(name: string): void {
    this.#set(name, undefined);
    this.#skipped.forget(name);
    // A read under way may still return the old node.
    if (this.#reading.has(name)) this.#doubtful.add(name);
    else this.#doubtful.delete(name);
  }

  /**
   * The instances of these nodes, in the order of creation. It reads those that are new or may have
   * changed.
   *
   * @param isFollowed whether {@link doubt} and {@link forget} are called for each change, maybe
   * also for nodes that are newer than these names; otherwise each node is watched
   * @throws {ZooKeeperError} if ZooKeeper cannot be asked; the next call continues where this one
   * stopped
   */
  async read(names: readonly string[], isFollowed: boolean): Promise<Instance[]> {
    this.#forgetAllBut(new Set(names), isFollowed);
    for (const name of names) if (!this.#known.has(name)) this.#doubtful.add(name);
    await this.#readDoubtful(isFollowed);
    this.#touched.clear();
    return [...this.#known.values()]
      .sort((a, b) => a.czxid < b.czxid ? -1 : 1)
      .map(({ instance }) => instance)
      .filter((instance) => instance !== undefined);
  }

  /**
   * Reads the nodes that are new or may have changed, and returns the current instance at each
   * address with a change; `undefined`: none.
   *
   * @throws {ZooKeeperError} as {@link read} does
   */
  async readChanges(): Promise<Map<string, Instance | undefined>> {
    await this.#readDoubtful(true);
    const changes = new Map<string, Instance | undefined>();
    for (const address of this.#touched) changes.set(address, this.#newestAt(address));
    this.#touched.clear();
    return changes;
  }

  async #readDoubtful(isFollowed: boolean): Promise<void> {
    const watcher = isFollowed ? undefined : this.#onNodeEvent;
    await forEach([...this.#doubtful], parallelReadsMax, (name) => this.#readNode(name, watcher));
    this.#skipped.tell();
  }

  #newestAt(address: string): Instance | undefined {
    let newest: KnownNode | undefined;
    for (const name of this.#byAddress.get(address) ?? []) {
      const node = this.#known.get(name);
      if (node !== undefined && (newest === undefined || node.czxid > newest.czxid)) newest = node;
    }
    return newest?.instance;
  }

  /** Sets what is known of a node; `undefined`: it does not exist. */
  #set(name: string, node: KnownNode | undefined): void {
    const before = this.#known.get(name)?.instance;
    if (before !== undefined) {
      const address = addressOf(before);
      const names = this.#byAddress.get(address);
      names?.delete(name);
      if (names?.size === 0) this.#byAddress.delete(address);
      this.#touched.add(address);
    }
    if (node === undefined) this.#known.delete(name);
    else this.#known.set(name, node);
    if (node?.instance === undefined) return;
    const address = addressOf(node.instance);
    const names = this.#byAddress.get(address);
    if (names === undefined) this.#byAddress.set(address, new Set([name]));
    else names.add(name);
    this.#touched.add(address);
  }

  #forgetAllBut(names: ReadonlySet<string>, isFollowed: boolean): void {
    for (const name of this.#known.keys()) if (!names.has(name)) this.#set(name, undefined);
    if (!isFollowed) {
      for (const name of this.#doubtful) if (!names.has(name)) this.#doubtful.delete(name);
    }
    this.#skipped.keepOnly((name) => names.has(name));
  }

  async #readNode(name: string, watcher: Watcher | undefined): Promise<void> {
    const { client, servicePath, service } = this.#options;
    // Before the read, so that a change during the read is not lost.
    this.#doubtful.delete(name);
    this.#reading.add(name);
    try {
      const { data, stat } = await client.getData(`${servicePath}/${name}`, watcher);
      const decoded = decodeInstance(data, service);
      if (decoded.kind === "malformed") this.#skipped.add(name, decoded.reason);
      this.#set(name, {
        czxid: stat.czxid,
        instance: decoded.kind === "instance" ? decoded.instance : undefined,
      });
    } catch (error) {
      if (isZooKeeperError(error, "NO_NODE")) {
        this.#set(name, undefined);
      } else if (
        isZooKeeperError(error, "NO_AUTH") || isZooKeeperError(error, "FRAME_TOO_LARGE")
      ) {
        this.#skipped.add(name, messageOf(error));
        this.#set(name, { czxid: 0n, instance: undefined });
      } else {
        this.#doubtful.add(name);
        throw error;
      }
    } finally {
      this.#reading.delete(name);
    }
  }

  readonly #onNodeEvent = ({ path }: WatchEvent): void => {
    this.#doubtful.add(path.slice(this.#options.servicePath.length + 1));
    this.#options.onChange();
  };
}

/** Runs a function for each item, some at once. After a failure it starts no more, and throws. */
async function forEach<Item>(
  items: readonly Item[],
  parallelMax: number,
  run: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const failures: unknown[] = [];
  const worker = async () => {
    for (const item of rest) {
      await run(item).catch((error) => failures.push(error));
      if (failures.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallelMax, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
}
