/** Watches one service in ZooKeeper. */

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
  /** The list is read every 1 to 2 times this, even without an event. */
  readonly reconcileMs: number;
  /** Called when it is closed. */
  readonly onClose: () => void;
}

/** Delays before a refused read is tried again. The client itself handles outages. */
const retry = { baseMs: 100, maxMs: 10_000 };

/**
 * Longest delay of reading a change after the reading before, so that many changes are read
 * together. With servers before 3.6, each reading of the list is delayed by up to this, so that the
 * second event of a change joins the first.
 */
const settleMs = 4;

/**
 * How long a refusal to send events for each node is remembered. Who refuses ends the connection
 * too, so asking again on each would leave none.
 */
const refusalKeptMs = 600_000;

/** After a reconnection every client reads everything again: this spreads them, at the least. */
const resyncMs = 250;

/**
 * The same for each node that is known: a thousand clients that read ten thousand nodes at once
 * would have a server hold 370 MB of lists.
 */
const resyncMsPerNode = 1;

/** Longest time over which clients are spread. Connections tell meanwhile which servers die. */
const resyncMsMax = 10_000;

/** The pause between readings for each child: the longer the list, the more a reading costs. */
const pauseMsPerChild = 0.1;

/** Longest pause between two readings of a long list that keeps changing. */
const pauseMsMax = 500;

/**
 * ZooKeeper sends an event for each node that is created, changed or deleted, and then only that
 * node is read. Servers before 3.6 only tell that the list has changed, and then it is read too. If
 * anything fails, the last list remains valid: only an answer replaces it.
 */
export class ZooKeeperWatch implements Watch {
  readonly #options: ZooKeeperWatchOptions;
  readonly #nodes: ZooKeeperNodes;
  readonly #teller: ListTeller;
  readonly #backoff: Backoff;
  readonly #task: CoalescedTask;
  /** Whether ZooKeeper sends events for each node: `unknown` until a member was asked. */
  #follows: "unknown" | "yes" | "no" = "unknown";
  /** When a member has refused to send them: see {@link refusalKeptMs}. */
  #refusedAtMs = -Infinity;
  /**
   * Whether the connection was lost while it was asked. A server that refuses ends it, and what was
   * sent together with the question may keep the refusal from coming: so the second time nothing
   * is, and no answer is one.
   */
  #asksAlone = false;
  /** Whether the list must be read, because events may be missing. */
  #isListDue = true;
  #isClosed = false;
  /** When the list is read even without an event. */
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

  /** ZooKeeper has been reached, for the first time or again: everything may have changed. */
  connected(): void {
    this.#teller.recovered();
    this.#nodes.doubtAll();
    this.#isListDue = true;
    // This member may be newer than the one before.
    const refusedMs = this.#options.clock.now() - this.#refusedAtMs;
    if (this.#follows === "no" && refusedMs > refusalKeptMs) this.#follows = "unknown";
    const spreadMs = Math.min(
      Math.max(resyncMs, this.#nodes.count * resyncMsPerNode),
      resyncMsMax,
    );
    this.#task.request(this.#teller.hasTold ? spreadMs * this.#options.random() : 0);
  }

  /** ZooKeeper cannot be reached. */
  unreachable(error: RpcError): void {
    this.#teller.failed(error);
  }

  /** The list may have changed. */
  #relist(): void {
    const { clock, random } = this.#options;
    this.#isListDue = true;
    const pauseMs = Math.max(0, this.#pausedUntilMs - clock.now());
    this.#task.request(pauseMs + random() * settleMs);
  }

  async #read(): Promise<void> {
    const { client, clock, random, reconcileMs } = this.#options;
    if (client.state !== "connected") return; // `connected` requests it again.
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
    // Before the list is read, so that a change meanwhile is not lost.
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
      // In this order, without waiting: so there is an event for each change after the list.
      const following = this.#follow();
      if (this.#asksAlone) await following;
      const [, names] = await Promise.all([following, this.#names()]);
      if (this.#follows === "yes") return names ?? [];
    }
    const { client, servicePath } = this.#options;
    const names = await this.#names(this.#onServiceEvent);
    if (names !== undefined) return names;
    // It does not exist. Watch for its creation.
    if (await client.exists(servicePath, this.#onServiceEvent) === undefined) return [];
    // It was created in between. If it is gone again, the next attempt will see that.
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

  /** Asks ZooKeeper for events of each node. Servers before 3.6 cannot do it. */
  async #follow(): Promise<void> {
    if (this.#follows === "yes") return;
    const { client, servicePath } = this.#options;
    try {
      await client.watchTree(servicePath, this.#onNodeEvent);
      this.#follows = "yes";
      this.#asksAlone = false;
      if (this.#isClosed) client.unwatchTree(servicePath, this.#onNodeEvent);
    } catch (error) {
      const isLost = isZooKeeperError(error, "CONNECTION_LOSS");
      if (!isZooKeeperError(error, "UNIMPLEMENTED") && !(isLost && this.#asksAlone)) {
        this.#asksAlone ||= isLost;
        throw error;
      }
      this.#follows = "no";
      this.#refusedAtMs = this.#options.clock.now();
    }
  }

  readonly #onNodeEvent = ({ type, path }: WatchEvent): void => {
    const name = path.slice(this.#options.servicePath.length + 1);
    if (type === "lost") {
      // The session is over, or its new member is older. `connected` follows, or was called.
      this.#follows = "unknown";
      return this.#relist();
    }
    // Nodes below an instance are not ours, and of the service itself only its deletion matters.
    if (name.includes("/")) return;
    if (name === "") return type === "deleted" ? this.#relist() : undefined;
    if (type === "deleted") this.#nodes.forget(name);
    else this.#nodes.doubt(name);
    this.#task.request(Math.max(0, this.#settledAtMs - this.#options.clock.now()));
  };

  /** One function for all reads, since the client tells the same watcher only once. */
  readonly #onServiceEvent = (_event: WatchEvent): void => this.#relist();

  #fail(error: unknown): void {
    const { client, log, servicePath } = this.#options;
    log.debug("Could not read from ZooKeeper", { path: servicePath, error: messageOf(error) });
    // The client itself reports lost connections. A single failure is not reported, unless the list
    // is too long, which it will stay.
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
