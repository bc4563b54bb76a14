/** Watching one service in ZooKeeper. */

import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf, RpcError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import { isZooKeeperError, type WatchEvent, type ZooKeeperClient } from "../../zookeeper/mod.ts";
import { CoalescedTask } from "../coalesced_task.ts";
import type { Watch, Watcher } from "../discovery.ts";
import { ListTeller, oneByAddress } from "../snapshot.ts";
import { ZooKeeperNodes } from "./nodes.ts";

/** What a watch is built on. */
interface ZooKeeperWatchOptions {
  readonly client: ZooKeeperClient;
  /** The service's node. */
  readonly servicePath: string;
  readonly service: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The list is read every 1 to 2 times this, even if nothing was heard. */
  readonly reconcileMs: number;
  /** Called when it is closed. */
  readonly onClose: () => void;
}

/**
 * How soon a refused read is tried again. Outages of the connection have a back-off of their own.
 */
const retry = { baseMs: 100, maxMs: 10_000 };

/**
 * A change is read up to this much later, so that the second event of one change joins the first.
 */
const settleMs = 4;

/** After a reconnection everybody reads everything again: spread over this time. */
const resyncMs = 250;

/**
 * The longer the list, the more a reading costs, and the rarer it may be: so much for each child.
 */
const pauseMsPerChild = 0.1;

/** Longest pause between two readings of a long list under churn. */
const pauseMsMax = 500;

/**
 * The list is read when ZooKeeper tells of a change, and each node when it is new or has changed.
 * The last list stands whatever fails: only an answer replaces it.
 */
export class ZooKeeperWatch implements Watch {
  readonly #options: ZooKeeperWatchOptions;
  readonly #nodes: ZooKeeperNodes;
  readonly #teller: ListTeller;
  readonly #backoff: Backoff;
  readonly #task: CoalescedTask;
  /** No reading before this, on the clock's scale: see {@link pauseMsPerChild}. */
  #pausedUntilMs = -Infinity;

  constructor(watcher: Watcher, options: ZooKeeperWatchOptions) {
    this.#options = options;
    this.#teller = new ListTeller(watcher);
    this.#nodes = new ZooKeeperNodes({ ...options, onChange: () => this.#changed() });
    this.#backoff = new Backoff(options.random, retry);
    this.#task = new CoalescedTask(options.clock, () => this.#read());
    this.#task.request(0);
  }

  close(): void {
    this.#teller.close();
    void this.#task.close();
    this.#options.onClose();
  }

  /**
   * ZooKeeper has been reached, for the first time or again: whatever is known may have changed.
   */
  connected(): void {
    this.#teller.recovered();
    this.#nodes.doubtAll();
    this.#task.request(this.#teller.hasTold ? resyncMs * this.#options.random() : 0);
  }

  /** ZooKeeper cannot be reached. */
  unreachable(error: RpcError): void {
    this.#teller.failed(error);
  }

  #changed(): void {
    const { clock, random } = this.#options;
    const pauseMs = Math.max(0, this.#pausedUntilMs - clock.now());
    this.#task.request(pauseMs + random() * settleMs);
  }

  async #read(): Promise<void> {
    const { client, clock, random, reconcileMs } = this.#options;
    if (client.state !== "connected") return; // `connected` asks again
    try {
      const names = await this.#list();
      const pauseMs = Math.min(names.length * pauseMsPerChild, pauseMsMax);
      this.#pausedUntilMs = clock.now() + pauseMs * (1 + random());
      const instances = await this.#nodes.read(names);
      this.#backoff.reset();
      this.#task.request(reconcileMs * (1 + random()));
      this.#teller.tell(oneByAddress(instances));
    } catch (error) {
      this.#fail(error);
      this.#task.request(this.#backoff.next());
    }
  }

  /**
   * The names of the service's nodes. A service that does not exist yet has none; its creation is
   * watched.
   */
  async #list(): Promise<string[]> {
    const { client, servicePath } = this.#options;
    try {
      return (await client.getChildren(servicePath, this.#onServiceEvent)).children;
    } catch (error) {
      if (!isZooKeeperError(error, "NO_NODE")) throw error;
    }
    if (await client.exists(servicePath, this.#onServiceEvent) === undefined) return [];
    // It was created in between; and if it is gone again, the next attempt will see.
    return (await client.getChildren(servicePath, this.#onServiceEvent)).children;
  }

  /**
   * One function for all reads: ZooKeeper's client tells a watcher once however often it was given.
   */
  readonly #onServiceEvent = (_event: WatchEvent): void => this.#changed();

  #fail(error: unknown): void {
    const { client, log, servicePath } = this.#options;
    log.debug("Could not read from ZooKeeper", { path: servicePath, error: messageOf(error) });
    // A list that is too long stays so; of all else, while the connection is down the client itself
    // says so, and better, and one failure is none yet.
    const isTooLong = isZooKeeperError(error, "FRAME_TOO_LARGE");
    if (!isTooLong && (client.state !== "connected" || this.#backoff.failures === 0)) return;
    this.unreachable(
      new RpcError(
        "Unavailable",
        `Cannot read the list of servers from ZooKeeper: ${messageOf(error)}. Still trying` +
          (isTooLong
            ? `; remove from ${servicePath} what is no server, or use another service`
            : ""),
        { cause: error },
      ),
    );
  }
}
