/** Remembers a registry's last list on disk, and uses it while the registry cannot be asked. */

import type { Clock, Timer } from "../../base/clock.ts";
import type { RpcError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { CoalescedTask } from "../coalesced_task.ts";
import type {
  Announcement,
  AnnounceOptions,
  Change,
  Discovery,
  Instance,
  RegistryCertificate,
  Snapshot,
  Watch,
  Watcher,
} from "../discovery.ts";
import type { LastKnownStore } from "./store.ts";
import { changeOf } from "../snapshot.ts";

/** What the layer is built on. */
interface LastKnownOptions {
  readonly store: LastKnownStore;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A registry that has told nothing for this long counts as unreachable. */
export const silenceMs = 2_000;

/** A list that keeps changing is written at most this often. */
export const savePeriodMs = 1_000;

/**
 * Adds the memory to a registry. It is the outermost layer: clients see a stored list as if the
 * registry had told it, marked {@link Snapshot.stale}.
 */
export function withLastKnown(discovery: Discovery, options: LastKnownOptions): Discovery {
  return new LastKnownDiscovery(discovery, options);
}

class LastKnownDiscovery implements Discovery {
  readonly url: string;
  readonly #discovery: Discovery;
  readonly #options: LastKnownOptions;
  readonly #watches = new Set<LastKnownWatch>();

  constructor(discovery: Discovery, options: LastKnownOptions) {
    this.url = discovery.url;
    this.#discovery = discovery;
    this.#options = options;
  }

  announce(instance: Instance, options?: AnnounceOptions): Announcement {
    return this.#discovery.announce(instance, options);
  }

  prepare(): void {
    this.#discovery.prepare?.();
  }

  async reach(): Promise<void> {
    await this.#discovery.reach?.();
  }

  certificate(): RegistryCertificate | undefined {
    return this.#discovery.certificate?.();
  }

  watch(service: string, watcher: Watcher): Watch {
    const watch = new LastKnownWatch(this.#discovery, service, watcher, this.#options);
    this.#watches.add(watch);
    void watch.ended.then(() => this.#watches.delete(watch));
    return watch;
  }

  services(): Promise<readonly string[]> {
    return this.#discovery.services();
  }

  async close(): Promise<void> {
    const watches = [...this.#watches];
    for (const watch of watches) watch.close();
    await Promise.all([this.#discovery.close(), ...watches.map((watch) => watch.ended)]);
  }
}

class LastKnownWatch implements Watch {
  /** Resolves when it is closed and the last list is written. */
  readonly ended: Promise<void>;
  readonly #resolveEnded: () => void;
  readonly #registry: string;
  readonly #service: string;
  readonly #watcher: Watcher;
  readonly #options: LastKnownOptions;
  readonly #watch: Watch;
  readonly #silence: Timer;
  readonly #saving: CoalescedTask;
  /** `silent`: the registry itself has told nothing yet. */
  #state: "silent" | "heard" | "closed" = "silent";
  #recalled: Promise<void> | undefined;
  /** The stored list, if that is the last one that the watcher got. */
  #toldStale: readonly Instance[] | undefined;
  /** The list that is not yet written to disk, if there is one. */
  #unsaved: readonly Instance[] | undefined;

  constructor(
    discovery: Discovery,
    service: string,
    watcher: Watcher,
    options: LastKnownOptions,
  ) {
    this.#registry = discovery.url;
    this.#service = service;
    this.#watcher = watcher;
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    this.#saving = new CoalescedTask(options.clock, () => this.#save());
    this.#watch = discovery.watch(service, {
      snapshot: (snapshot, change) => this.#hear(snapshot, change),
      trouble: (error) => void this.#trouble(error),
    });
    this.#silence = options.clock.after(silenceMs, () => void this.#recall());
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#watch.close();
    this.#silence.cancel();
    void this.#saving.close().then(() => this.#save()).then(this.#resolveEnded);
  }

  #hear(snapshot: Snapshot, change: Change): void {
    if (this.#state === "closed") return;
    const isFirst = this.#state === "silent";
    this.#state = "heard";
    this.#silence.cancel();
    const stale = this.#toldStale;
    this.#toldStale = undefined;
    // The registry's first list is all new to the registry, but the watcher may have the stored
    // one.
    const told = stale === undefined ? change : changeOf(stale, snapshot.instances);
    this.#watcher.snapshot(snapshot, told);
    // An empty list is not stored: in an outage it would help nobody.
    if (snapshot.instances.length === 0) return;
    this.#unsaved = snapshot.instances;
    this.#saving.request(isFirst ? 0 : savePeriodMs);
  }

  async #trouble(error: RpcError): Promise<void> {
    const wasSilent = this.#state === "silent";
    // The stored list first: the trouble matters only to those who have no list at all.
    if (wasSilent) await this.#recall(error.message);
    // What the registry has told meanwhile has ended the trouble.
    const isOver = wasSilent && this.#state === "heard";
    if (!isOver && this.#state !== "closed") this.#watcher.trouble(error);
  }

  /**
   * Delivers the stored list, once, unless the registry has told its own.
   *
   * @param reason why the registry cannot be asked, if that is known
   */
  #recall(reason?: string): Promise<void> {
    return this.#recalled ??= this.#deliverStored(reason);
  }

  async #deliverStored(reason: string | undefined): Promise<void> {
    const stored = await this.#options.store.load(this.#registry, this.#service);
    if (stored === undefined || this.#state !== "silent") return;
    const { savedAtMs, instances } = stored;
    this.#options.log.warn("The registry cannot be asked, using its last known list of servers", {
      registry: this.#registry,
      service: this.#service,
      servers: instances.length,
      saved: new Date(savedAtMs).toISOString(),
      ...(reason === undefined ? {} : { reason }),
    });
    this.#toldStale = instances;
    this.#watcher.snapshot({ instances, stale: true }, changeOf([], instances));
  }

  async #save(): Promise<void> {
    const instances = this.#unsaved;
    if (instances === undefined) return;
    this.#unsaved = undefined;
    await this.#options.store.save({
      registry: this.#registry,
      service: this.#service,
      savedAtMs: this.#options.clock.wallTimeMs(),
      instances,
    });
  }
}
