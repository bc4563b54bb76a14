/** Keeps one instance announced in ZooKeeper. */

import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { messageOf, RpcError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import { type Acl, isZooKeeperError, openAcl, type ZooKeeperClient } from "../../zookeeper/mod.ts";
import { CoalescedTask } from "../coalesced_task.ts";
import type {
  Announcement,
  AnnounceOptions,
  Instance,
  Override,
  OverrideChange,
} from "../discovery.ts";
import { AnnouncedInstance, withinWithdrawal } from "../announced.ts";
import { encodeInstance } from "../instance_json.ts";
import { Outage } from "../outage.ts";
import { OverrideNode } from "./override_node.ts";
import { keepOwnNode, type OwnNode } from "./own_node.ts";

/** What an announcement is built on. */
interface ZooKeeperAnnouncementOptions extends AnnounceOptions {
  readonly client: ZooKeeperClient;
  /** The service's node. */
  readonly servicePath: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The node is checked every 1 to 2 times this. */
  readonly reconcileMs: number;
  /** The access list of the nodes that it writes. @default anyone may do anything */
  readonly acl?: readonly Acl[];
}

/** How long after restoring a node it is checked again: whoever rewrites it will go on doing so. */
const restoredPauseMs = 1_000;

/** Delays before a refused registration is tried again. The client itself handles outages. */
const retry = { baseMs: 100, maxMs: 10_000 };

type State =
  | { readonly kind: "waiting" }
  /** The node was requested. It may exist even if the answer got lost. */
  | { readonly kind: "creating"; readonly node: OwnNode }
  | { readonly kind: "registered"; readonly node: OwnNode }
  | { readonly kind: "withdrawing"; readonly node: OwnNode | undefined }
  | { readonly kind: "withdrawn" };

/**
 * One instance, announced by an ephemeral node.
 *
 * Each attempt to register creates a node with a new name, a UUID. With a fixed name, the node of
 * an expired session might still exist when we register again. We would take that for success, and
 * soon after it would be deleted. For the same reason a node counts as ours only if our current
 * session owns it.
 */
export class ZooKeeperAnnouncement implements Announcement {
  readonly registered: Promise<void>;
  /** Resolves when it is withdrawn and has nothing left to do. */
  readonly ended: Promise<void>;
  readonly #announced: AnnouncedInstance;
  readonly #options: ZooKeeperAnnouncementOptions;
  readonly #backoff: Backoff;
  readonly #outage: Outage;
  readonly #task: CoalescedTask;
  readonly #resolveRegistered: () => void;
  readonly #resolveEnded: () => void;
  #state: State = { kind: "waiting" };
  #restoredAtMs = -Infinity;
  /** Whether our node must be rewritten because the override has changed. */
  #isOutdated = false;

  constructor(instance: Instance, options: ZooKeeperAnnouncementOptions) {
    this.#options = options;
    this.#announced = new AnnouncedInstance(
      instance,
      new OverrideNode(options.client, instance, options.acl),
      options,
    );
    this.#outage = new Outage((error) => options.trouble?.(error), options.recovered);
    this.#backoff = new Backoff(options.random, retry);
    this.#task = new CoalescedTask(options.clock, () => this.#reconcile());
    const registered = Promise.withResolvers<void>();
    this.registered = registered.promise;
    this.#resolveRegistered = registered.resolve;
    const ended = Promise.withResolvers<void>();
    this.ended = ended.promise;
    this.#resolveEnded = ended.resolve;
    this.#task.request(0);
  }

  /** Stays true while the connection is lost: the node lives as long as its session. */
  get isRegistered(): boolean {
    return this.#state.kind === "registered" &&
      this.#state.node.session === this.#options.client.sessionId;
  }

  async withdraw(): Promise<void> {
    if (this.#state.kind !== "withdrawing" && this.#state.kind !== "withdrawn") {
      const node = this.#state.kind === "waiting" ? undefined : this.#state.node;
      this.#state = { kind: "withdrawing", node };
      this.#outage.close();
      this.#resolveRegistered();
      this.#task.request(0);
    }
    await withinWithdrawal(this.#options.clock, this.ended);
  }

  async override(change: OverrideChange): Promise<Override> {
    const override = this.#announced.changed(change, this.isRegistered);
    await this.#announced.keep(override);
    this.#isOutdated = true;
    // Only the task writes the node. Otherwise it could take our own change for another program's.
    this.#task.request(0);
    return override;
  }

  /** Ends the announcement without deleting the node, because the session ends now anyway. */
  abandon(): void {
    this.#state = { kind: "withdrawn" };
    this.#outage.close();
    this.#resolveRegistered();
    this.#resolveEnded();
    void this.#task.close();
  }

  /** ZooKeeper has been reached, for the first time or again. */
  connected(): void {
    this.#outage.passing();
    this.#task.request(0);
  }

  /** ZooKeeper cannot be reached. */
  unreachable(error: RpcError): void {
    this.#outage.failed(error);
  }

  /** Brings what is in ZooKeeper into line with the state. */
  async #reconcile(): Promise<void> {
    const { client, random, reconcileMs } = this.#options;
    try {
      if (this.#state.kind === "withdrawing") return await this.#remove(this.#state.node);
      // `connected` continues later. An operation submitted now would belong to no session.
      if (client.state !== "connected") return;
      if (!await this.#isOurs()) await this.#register();
      await this.#update();
      this.#backoff.reset();
      this.#outage.recovered();
      this.#task.request(reconcileMs * (1 + random()));
    } catch (error) {
      this.#fail(error);
      this.#task.request(this.#backoff.next());
    }
  }

  /** Whether our node exists and our current session owns it. If so, it is watched. */
  async #isOurs(): Promise<boolean> {
    const { client, log } = this.#options;
    if (this.#state.kind !== "creating" && this.#state.kind !== "registered") return false;
    const { kind, node } = this.#state;
    if (node.session === client.sessionId && await keepOwnNode(node, this.#keeping)) {
      this.#become({ kind: "registered", node });
      this.#resolveRegistered();
      return true;
    }
    if (kind === "registered") {
      log.info("The registration in ZooKeeper is gone, registering again", { path: node.path });
    }
    this.#become({ kind: "waiting" });
    return false;
  }

  async #register(): Promise<void> {
    const { client, servicePath, acl = openAcl } = this.#options;
    const id = crypto.randomUUID();
    // Together, since neither needs the other.
    await Promise.all([this.#announced.recall(), client.ensurePath(servicePath, acl)]);
    const data = this.#dataOf(id);
    const node = { path: `${servicePath}/${id}`, session: client.sessionId, data };
    this.#become({ kind: "creating", node });
    await client.create(node.path, data, { mode: "ephemeral", acl });
    if (!await this.#isOurs()) throw new Error(`${node.path} vanished at once`);
  }

  /** Rewrites our node if it is outdated. */
  async #update(): Promise<void> {
    if (!this.#isOutdated || this.#state.kind !== "registered") return;
    const { node } = this.#state;
    const data = this.#dataOf(node.path.slice(node.path.lastIndexOf("/") + 1));
    this.#isOutdated = false;
    // Its answer can get lost: the next look must not take our own data for a stranger's.
    this.#become({ kind: "registered", node: { ...node, unsure: data } });
    try {
      await this.#options.client.setData(node.path, data);
    } catch (error) {
      this.#isOutdated = true;
      throw error;
    }
    const { path, session } = node;
    this.#become({ kind: "registered", node: { path, session, data } });
  }

  /** Everybody can read it, and who may know the methods of a server with keys is up to that. */
  #dataOf(id: string): Uint8Array<ArrayBuffer> {
    const instance = this.#announced.with();
    const shown = instance.cluster === undefined ? instance : { ...instance, methods: [] };
    return new TextEncoder().encode(encodeInstance(shown, id));
  }

  /** Changes the state, unless the announcement was withdrawn in the meantime. */
  #become(state: State & { readonly kind: "waiting" | "creating" | "registered" }): void {
    if (this.#state.kind === "withdrawn") return;
    if (this.#state.kind === "withdrawing") {
      const node = state.kind === "waiting" ? undefined : state.node;
      this.#state = { kind: "withdrawing", node };
    } else {
      this.#state = state;
    }
  }

  async #remove(node: OwnNode | undefined): Promise<void> {
    const { client } = this.#options;
    if (node !== undefined && node.session === client.sessionId) {
      await client.delete(node.path).catch((error) => {
        if (!isZooKeeperError(error, "NO_NODE")) throw error;
      });
    }
    this.abandon();
  }

  /** How our node is kept as we have written it. */
  get #keeping() {
    const { client, clock, log } = this.#options;
    const onRepair = (): undefined => void (this.#restoredAtMs = clock.now());
    return { client, log, onEvent: this.#onNodeEvent, onRepair };
  }

  readonly #onNodeEvent = (): void => {
    const pausedUntilMs = this.#restoredAtMs + restoredPauseMs;
    this.#task.request(Math.max(0, pausedUntilMs - this.#options.clock.now()));
  };

  #fail(error: unknown): void {
    const { servicePath, log } = this.#options;
    log.debug("Could not register in ZooKeeper", { path: servicePath, error: messageOf(error) });
    // The client itself reports lost connections. And a single failure is not reported.
    if (this.#options.client.state !== "connected") return;
    // A wrong password will stay wrong, so it is reported at once.
    const isRefused = isZooKeeperError(error, "NO_AUTH");
    if (this.#backoff.failures === 0 && !isRefused) return;
    this.unreachable(
      new RpcError(
        "Unavailable",
        `Cannot announce the server in ZooKeeper: ${messageOf(error)}. ${
          isRefused
            ? `${servicePath} belongs to another login: check the user and password in the ` +
              "registry's URL (zookeeper://login@host:2181; a login is user:password). "
            : ""
        }Still trying`,
        { cause: error },
      ),
    );
  }
}
