/** What the nodes of one service say, read no more often than needed. */

import { messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { isZooKeeperError, type WatchEvent, type ZooKeeperClient } from "../../zookeeper/mod.ts";
import type { Instance } from "../discovery.ts";
import { SkippedEntries } from "../skipped.ts";
import { decodeInstance } from "../instance_json.ts";

/** What {@link ZooKeeperNodes} is built on. */
interface ZooKeeperNodesOptions {
  readonly client: ZooKeeperClient;
  readonly servicePath: string;
  readonly service: string;
  readonly log: Logger;
  /** A node that was read may have changed. */
  readonly onChange: () => void;
}

/** Reads under way at once: enough to hide the round trips, too few to be a storm. */
const parallelReadsMax = 16;

/** A node that was read. */
interface KnownNode {
  /** The transaction that created it: these give the order of creation, whatever the clocks say. */
  readonly czxid: bigint;
  /** Absent: it is no instance, or one that is switched off. */
  readonly instance: Instance | undefined;
}

/** A cache of nodes by name. */
export class ZooKeeperNodes {
  readonly #options: ZooKeeperNodesOptions;
  readonly #known = new Map<string, KnownNode>();
  /** Names of known nodes that may have changed since they were read. */
  readonly #doubtful = new Set<string>();
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

  /** Whatever is known may have changed: the next reading reads it all. */
  doubtAll(): void {
    for (const name of this.#known.keys()) this.#doubtful.add(name);
  }

  /**
   * The instances under these names, in the order of creation. Reads those that are new or may have
   * changed.
   *
   * @throws {ZooKeeperError} if ZooKeeper cannot be asked; the next call goes on where this one
   * stopped
   */
  async read(names: readonly string[]): Promise<Instance[]> {
    this.#forgetAllBut(new Set(names));
    const wanted = names.filter((name) => !this.#known.has(name) || this.#doubtful.has(name));
    await forEach(wanted, parallelReadsMax, (name) => this.#readNode(name));
    this.#skipped.tell();
    return [...this.#known.values()]
      .sort((a, b) => a.czxid < b.czxid ? -1 : 1)
      .flatMap(({ instance }) => instance ?? []);
  }

  #forgetAllBut(names: ReadonlySet<string>): void {
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name);
    for (const name of this.#doubtful) if (!names.has(name)) this.#doubtful.delete(name);
    this.#skipped.keepOnly((name) => names.has(name));
  }

  async #readNode(name: string): Promise<void> {
    const { client, servicePath, service } = this.#options;
    // Before the read: what happens while it is under way must not be lost.
    this.#doubtful.delete(name);
    try {
      const { data, stat } = await client.getData(`${servicePath}/${name}`, this.#onNodeEvent);
      const decoded = decodeInstance(data, service);
      if (decoded.kind === "malformed") this.#skipped.add(name, decoded.reason);
      this.#known.set(name, {
        czxid: stat.czxid,
        instance: decoded.kind === "instance" ? decoded.instance : undefined,
      });
    } catch (error) {
      if (isZooKeeperError(error, "NO_NODE")) {
        this.#known.delete(name);
      } else if (
        isZooKeeperError(error, "NO_AUTH") || isZooKeeperError(error, "FRAME_TOO_LARGE")
      ) {
        this.#skipped.add(name, messageOf(error));
        this.#known.set(name, { czxid: 0n, instance: undefined });
      } else {
        this.#doubtful.add(name);
        throw error;
      }
    }
  }

  readonly #onNodeEvent = ({ path }: WatchEvent): void => {
    this.#doubtful.add(path.slice(this.#options.servicePath.length + 1));
    this.#options.onChange();
  };
}

/**
 * Runs a function for each item, at most so many at once. After a failure it begins no more, and
 * throws.
 */
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
