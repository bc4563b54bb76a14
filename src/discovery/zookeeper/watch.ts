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
 * Changes are read up to this much after the reading before, so that many at once are read
 * together. Where only a change of the list is told, each is read up to this much later, so that
 * the second event of one change joins the first.
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
 * ZooKeeper tells of each node that is new, has changed or is gone, and then that node alone is
 * read. Servers before 3.6 can only tell that there are other nodes than before: then the list is
 * read too. The last list stands whatever fails: only an answer replaces it.
 */
export class ZooKeeperWatch implements Watch {
  readonly #options: ZooKeeperWatchOptions;
  readonly #nodes: ZooKeeperNodes;
  readonly #teller: ListTeller;
  readonly #backoff: Backoff;
  readonly #task: CoalescedTask;
  /** Whether ZooKeeper tells of each node: `unknown` until a member has been asked. */
  #follows: "unknown" | "yes" | "no" = "unknown";
  /** Whether more may have happened than was told of nodes. */
  #isListDue = true;
  #isClosed = false;
  /** When the list is read even if nothing was heard. */
  #listAtMs = -Infinity;
  /** No reading of single nodes before this, on the clock's scale: see {@link settleMs}. */
  #settledAtMs = -Infinity;
  /** No reading before this, on the clock's scale: see {@link pauseMsPerChild}. */
  #pausedUntilMs = -Infinity;

  constructor(watcher: Watcher, options: ZooKeeperWatchOptions) {
    this.#options = options;
    this.#teller = new ListTeller(watcher);
    this.#nodes = new ZooKeeperNodes({ ...options, onChange: () => this.#relist() });
    this.#backoff = new Backoff(options.random, retry);
    this.#task = new CoalescedTask(options.clock, () => this.#read());
    this.#task.request(0);
  }

  close(): void {
    this.#isClosed = true;
    this.#teller.close();
    void this.#task.close();
    const { client, servicePath } = this.#options;
    client.unwatchTree(servicePath, this.#onNodeEvent);
    this.#options.onClose();
  }

  /**
   * ZooKeeper has been reached, for the first time or again: whatever is known may have changed.
   */
  connected(): void {
    this.#teller.recovered();
    this.#nodes.doubtAll();
    this.#isListDue = true;
    // It may be a newer member than the one before.
    if (this.#follows === "no") this.#follows = "unknown";
    this.#task.request(this.#teller.hasTold ? resyncMs * this.#options.random() : 0);
  }

  /** ZooKeeper cannot be reached. */
  unreachable(error: RpcError): void {
    this.#teller.failed(error);
  }

  /** There may be other nodes than before. */
  #relist(): void {
    const { clock, random } = this.#options;
    this.#isListDue = true;
    const pauseMs = Math.max(0, this.#pausedUntilMs - clock.now());
    this.#task.request(pauseMs + random() * settleMs);
  }

  async #read(): Promise<void> {
    const { client, clock, random, reconcileMs } = this.#options;
    if (client.state !== "connected") return; // `connected` asks again
    const isListDue = this.#isListDue || this.#follows !== "yes" || clock.now() >= this.#listAtMs;
    try {
      if (isListDue) await this.#readAll();
      else this.#teller.tellChanges(await this.#nodes.readChanges());
      this.#settledAtMs = clock.now() + random() * settleMs;
      this.#backoff.reset();
      if (isListDue) this.#listAtMs = clock.now() + reconcileMs * (1 + random());
      this.#task.request(Math.max(0, this.#listAtMs - clock.now()));
    } catch (error) {
      this.#isListDue ||= isListDue;
      this.#fail(error);
      this.#task.request(this.#backoff.next());
    }
  }

  async #readAll(): Promise<void> {
    const { clock, random } = this.#options;
    // Before the list: what happens while it is under way must not be lost.
    this.#isListDue = false;
    const names = await this.#list();
    const isFollowed = this.#follows === "yes";
    if (!isFollowed) {
      const pauseMs = Math.min(names.length * pauseMsPerChild, pauseMsMax);
      this.#pausedUntilMs = clock.now() + pauseMs * (1 + random());
    }
    this.#teller.tell(oneByAddress(await this.#nodes.read(names, isFollowed)));
  }

  /** The names of the service's nodes. A service that does not exist yet has none. */
  async #list(): Promise<string[]> {
    if (this.#follows !== "no") {
      // In this order, and at once: what happens after the list was made is told.
      const [, names] = await Promise.all([this.#follow(), this.#names()]);
      if (this.#follows === "yes") return names ?? [];
    }
    const { client, servicePath } = this.#options;
    const names = await this.#names(this.#onServiceEvent);
    if (names !== undefined) return names;
    // Its creation is watched.
    if (await client.exists(servicePath, this.#onServiceEvent) === undefined) return [];
    // It was created in between; and if it is gone again, the next attempt will see.
    return await this.#names(this.#onServiceEvent) ?? [];
  }

  async #names(watcher?: (event: WatchEvent) => void): Promise<string[] | undefined> {
    const { client, servicePath } = this.#options;
    try {
      return (await client.getChildren(servicePath, watcher)).children;
    } catch (error) {
      if (isZooKeeperError(error, "NO_NODE")) return undefined;
      throw error;
    }
  }

  /** Has ZooKeeper tell of each node from now on, if it can. */
  async #follow(): Promise<void> {
    if (this.#follows === "yes") return;
    const { client, servicePath } = this.#options;
    try {
      await client.watchTree(servicePath, this.#onNodeEvent);
      this.#follows = "yes";
      if (this.#isClosed) client.unwatchTree(servicePath, this.#onNodeEvent);
    } catch (error) {
      if (!isZooKeeperError(error, "UNIMPLEMENTED")) throw error;
      this.#follows = "no";
    }
  }

  readonly #onNodeEvent = ({ type, path }: WatchEvent): void => {
    const name = path.slice(this.#options.servicePath.length + 1);
    if (type === "lost") {
      // The session is over, or its new member is older: `connected` follows, or has come.
      this.#follows = "unknown";
      return this.#relist();
    }
    // What is below a node is nothing of ours, and of the service itself only its end counts.
    if (name.includes("/")) return;
    if (name === "") return type === "deleted" ? this.#relist() : undefined;
    if (type === "deleted") this.#nodes.forget(name);
    else this.#nodes.doubt(name);
    this.#task.request(Math.max(0, this.#settledAtMs - this.#options.clock.now()));
  };

  /**
   * One function for all reads: ZooKeeper's client tells a watcher once however often it was given.
   */
  readonly #onServiceEvent = (_event: WatchEvent): void => this.#relist();

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
