/** The node of a registration, against programs that meddle with it. */

import type { Logger } from "../../base/log.ts";
import { isZooKeeperError, type ZooKeeperClient } from "../../zookeeper/mod.ts";

/** A node of ours. Its session owns it, and its end deletes it. */
export interface OwnNode {
  readonly path: string;
  readonly session: bigint;
  /** The data that we have written. */
  readonly data: Uint8Array;
  /** What it may hold instead: we have written it, and do not know yet whether it arrived. */
  readonly unsure?: Uint8Array;
}

/** What {@link keepOwnNode} needs. */
interface KeepOptions {
  readonly client: ZooKeeperClient;
  readonly log: Logger;
  /** Called once when the node changes next. */
  readonly onEvent: () => void;
  /** Called before a change of another program's is undone. */
  readonly onRepair: () => void;
}

/**
 * Whether the node exists, our session owns it and it holds what we have written. What another
 * program wrote there misleads our clients, so it is overwritten. If the program has shut us out by
 * an access list, the node is removed instead: that is for the parent's list to allow.
 *
 * @throws {ZooKeeperError} ZooKeeper did not let us look, or undo it
 */
export async function keepOwnNode(node: OwnNode, options: KeepOptions): Promise<boolean> {
  const { client, log, onEvent, onRepair } = options;
  const { path, data, unsure = data, session } = node;
  try {
    const found = await client.getData(path, onEvent);
    if (found.stat.ephemeralOwner !== session) return false;
    if (isSame(found.data, data) || isSame(found.data, unsure)) return true;
    onRepair();
    await client.setData(path, data, found.stat.version);
    log.warn("Another program changed our registration in ZooKeeper, restored it", { path });
    return true;
  } catch (error) {
    if (isZooKeeperError(error, "NO_NODE")) return false;
    if (!isZooKeeperError(error, "NO_AUTH")) throw error;
    onRepair();
    await client.delete(path);
    log.warn("Another program shut us out of our registration in ZooKeeper, removed it", { path });
    return false;
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
