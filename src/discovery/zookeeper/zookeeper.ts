/** The registry of a network: ephemeral nodes in ZooKeeper, in the layout of Apache Curator. */

import type { Clock } from "../../base/clock.ts";
import { messageOf, RpcError } from "../../base/errors.ts";
import type { HostPort } from "../../base/names/host_port.ts";
import { TlsError } from "../../base/system/tls_error.ts";
import type { Logger } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import {
  type Acl,
  isZooKeeperError,
  openAcl,
  readableAcl,
  type Socket,
  ZooKeeperClient,
  type ZooKeeperState,
} from "../../zookeeper/mod.ts";
import type {
  Announcement,
  AnnounceOptions,
  Discovery,
  Instance,
  RegistryCertificate,
  Watch,
  Watcher,
} from "../discovery.ts";
import {
  assertServiceName,
  formatHosts,
  formatRegistryUrl,
  isServiceName,
  type ZooKeeperRegistryUrl,
} from "../registry_url.ts";
import { ZooKeeperAnnouncement } from "./announcement.ts";
import { ZooKeeperWatch } from "./watch.ts";

/** A connection to a registry that has proved to belong to the cluster. */
interface OpenedTls {
  readonly connection: Socket;
  /** When the registry's certificate expires, in milliseconds since 1970 UTC. */
  readonly validToMs: number;
}

/**
 * Opens a TLS connection to a registry with this machine's keys. Resolves with `undefined` where
 * there are none.
 */
export type OpenTls = (member: HostPort, signal: AbortSignal) => Promise<OpenedTls | undefined>;

/** What {@link ZooKeeperDiscovery} is built on. */
interface ZooKeeperDiscoveryOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Opens TLS connections. @default they trust the system's certificates */
  readonly openTls?: OpenTls | undefined;
  /**
   * Registrations and lists are checked every 1 to 2 times this even without an event, in
   * milliseconds: a safety net under the watches. @default 30_000
   */
  readonly reconcileMs?: number;
}

/**
 * Every child of this node is a service, and every child of a service an instance. Other programs
 * rely on that, so nothing else may be stored there.
 */
const servicesPath = "/services";

const reconcileMsDefault = 30_000;

/** The timeout of the first connection. Nothing depends on it: the client goes on trying. */
const firstConnectionMs = 10_000;

/** One session for all announcements and watches of this program, made at the first use. */
export class ZooKeeperDiscovery implements Discovery {
  readonly url: string;
  readonly #options: ZooKeeperDiscoveryOptions;
  readonly #client: ZooKeeperClient;
  /** With a login, only we may change what we write. */
  readonly #acl: readonly Acl[];
  readonly #announcements = new Set<ZooKeeperAnnouncement>();
  readonly #watches = new Set<ZooKeeperWatch>();
  /** Why ZooKeeper could not be reached when it was last tried. */
  #failure: RpcError | undefined;
  /** What the member that was connected to last has shown. */
  #certificate: RegistryCertificate | undefined;
  /** Rejects the requests for the names of services that are under way. */
  readonly #asking = new Set<(error: RpcError) => void>();

  constructor(url: ZooKeeperRegistryUrl, options: ZooKeeperDiscoveryOptions) {
    this.url = formatRegistryUrl(url);
    this.#options = options;
    const { servers, chroot, login, sessionTimeoutMs, tls } = url;
    this.#acl = login === undefined ? openAcl : readableAcl;
    this.#client = new ZooKeeperClient({
      connectString: formatHosts(servers) + chroot,
      ...(sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs }),
      ...(login === undefined
        ? {}
        : { auth: [{ scheme: "digest", credentials: `${login.user}:${login.password}` }] }),
      ...(tls === true ? { tls: { open: (member, signal) => this.#openTls(member, signal) } } : {}),
      clock: options.clock,
      random: options.random,
      log: options.log,
      onState: (state) => this.#onState(state),
      onConnectFailure: (error) => this.#unreachable(error),
    });
  }

  announce(instance: Instance, options: AnnounceOptions = {}): Announcement {
    const announcement = new ZooKeeperAnnouncement(instance, {
      ...options,
      ...this.#parts(instance.service),
      acl: this.#acl,
    });
    this.#announcements.add(announcement);
    void announcement.ended.then(() => this.#announcements.delete(announcement));
    this.#connect();
    this.#tellFormerFailure(announcement);
    return announcement;
  }

  prepare(): void {
    this.#connect();
  }

  reach(): Promise<void> {
    this.#connect();
    return this.#client.sessionAsked;
  }

  watch(service: string, watcher: Watcher): Watch {
    const watch: ZooKeeperWatch = new ZooKeeperWatch(watcher, {
      ...this.#parts(service),
      service,
      onClose: () => this.#watches.delete(watch),
    });
    this.#watches.add(watch);
    this.#connect();
    this.#tellFormerFailure(watch);
    return watch;
  }

  async services(): Promise<readonly string[]> {
    const { promise: unreachable, reject } = Promise.withResolvers<never>();
    this.#asking.add(reject);
    try {
      this.#connect();
      const { children } = await Promise.race([
        this.#client.getChildren(servicesPath),
        unreachable,
      ]);
      return children.filter(isServiceName).sort();
    } catch (error) {
      if (isZooKeeperError(error, "NO_NODE")) return [];
      if (error instanceof RpcError) throw error;
      const message = `Cannot read the list of services from ZooKeeper: ${messageOf(error)}`;
      throw new RpcError("Unavailable", message, { cause: error });
    } finally {
      this.#asking.delete(reject);
    }
  }

  /** Creates a node to learn its time of creation, and deletes it. */
  async wallTimeMs(): Promise<number | undefined> {
    const path = `/rpc-clock-${this.#options.random().toString(36).slice(2)}`;
    try {
      await this.#client.create(path, "", { mode: "ephemeral", acl: this.#acl });
    } catch (error) {
      if (isZooKeeperError(error, "NO_NODE") || isZooKeeperError(error, "NO_AUTH")) {
        return undefined;
      }
      throw error;
    }
    const stat = await this.#client.exists(path);
    await this.#client.delete(path);
    return stat?.ctimeMs;
  }

  certificate(): RegistryCertificate | undefined {
    return this.#certificate;
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) watch.close();
    // The end of the session deletes all its nodes at once.
    for (const announcement of this.#announcements) announcement.abandon();
    await this.#client.close();
  }

  async #openTls(member: HostPort, signal: AbortSignal): Promise<Socket | undefined> {
    const opened = await this.#options.openTls?.(member, signal);
    if (opened === undefined) return undefined;
    this.#certificate = { member, validToMs: opened.validToMs };
    return opened.connection;
  }

  /** What announcements and watches of a service have in common. */
  #parts(service: string) {
    assertServiceName(service);
    const { clock, random, log, reconcileMs = reconcileMsDefault } = this.#options;
    const servicePath = `${servicesPath}/${service}`;
    return { client: this.#client, servicePath, clock, random, log, reconcileMs };
  }

  #connect(): void {
    this.#client.connect(firstConnectionMs).catch(() => {
      // All other failures are reported through `onState` and `onConnectFailure`. A refused login
      // was too, but maybe before this announcement or watch.
      if (this.#client.state === "auth_failed") this.#onState("auth_failed");
    });
  }

  #onState(state: ZooKeeperState): void {
    this.#options.log.debug("The ZooKeeper session changed", { state });
    this.#failure = undefined;
    if (state === "connected") {
      for (const part of [...this.#announcements, ...this.#watches]) part.connected();
    } else if (state === "auth_failed") {
      this.#tellAll(
        "ZooKeeper refused the login. Check the user and password in the registry's URL " +
          "(zookeeper://login@host:2181; a login is user:password)",
      );
    }
  }

  /** Reports the last failure to an announcement or watch that is newer, after returning that. */
  #tellFormerFailure(part: ZooKeeperAnnouncement | ZooKeeperWatch): void {
    if (this.#failure === undefined) return;
    queueMicrotask(() => this.#failure && part.unreachable(this.#failure));
  }

  #unreachable(error: Error): void {
    this.#tellAll(`${error.message}. ${whatToDo(error.cause)}`, error);
  }

  #tellAll(message: string, cause?: Error): void {
    const error = new RpcError("Unavailable", message, { cause });
    this.#failure = error;
    for (const part of [...this.#announcements, ...this.#watches]) part.unreachable(error);
    for (const reject of this.#asking) reject(error);
  }
}

/** The next step of a user whose ZooKeeper cannot be reached for this reason. */
function whatToDo(cause: unknown): string {
  switch (cause instanceof TlsError ? cause.problem : undefined) {
    case "unknown signer":
      return "This machine does not trust who signed it: if that is a cluster of rpc, let this " +
        "machine join it (rpc keys join)";
    case "bad certificate":
      return "Choose another registry (--registry, or RPC_REGISTRY)";
    case "hung up":
      return "If it speaks no TLS, write zookeeper://";
    case undefined:
      return "Is it running? Start it, or choose another registry (--registry or RPC_REGISTRY: " +
        "local: needs none, on one machine)";
  }
}
