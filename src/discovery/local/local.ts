/** The registry of one machine: files in a directory. */

import type { Clock } from "../../base/clock.ts";
import { messageOf, RpcError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type {
  Announcement,
  AnnounceOptions,
  Discovery,
  Instance,
  Override,
  OverrideChange,
  Watch,
  Watcher,
} from "../discovery.ts";
import type { LocalAnnouncement } from "./announcement.ts";
import {
  assertLocalName,
  defaultLocalDirectory,
  type LocalDirectory,
  namedLocalDirectory,
  ownerText,
} from "./directory.ts";
import { LocalWatch, type WatchDirectory } from "./watch.ts";
import { formatRegistryUrl, isServiceName, type LocalRegistryUrl } from "../registry_url.ts";

/** What {@link LocalDiscovery} is built on. */
export interface LocalDiscoveryOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** How often the directory is read even without an event, in milliseconds. @default 1000 */
  readonly rescanMs?: number;
  /** @default Deno.watchFs, of the directory alone */
  readonly watchDirectory?: WatchDirectory;
}

const rescanMsDefault = 1_000;

/** A directory per service, a registration per instance: see `files.ts`. */
export class LocalDiscovery implements Discovery {
  readonly url: string;
  readonly place: string | undefined;
  readonly watchesEndWithProcess = true;
  readonly #directory: LocalDirectory;
  readonly #options: LocalDiscoveryOptions;
  readonly #rescanMs: number;
  readonly #announcements = new Set<LaterAnnouncement>();
  readonly #watches = new Set<LocalWatch>();

  /** @throws {RpcError} InvalidParams: the user's own directory is unknown (Windows only) */
  constructor(url: LocalRegistryUrl, options: LocalDiscoveryOptions) {
    this.url = formatRegistryUrl(url);
    this.#directory = url.directory === undefined
      ? defaultLocalDirectory()
      : namedLocalDirectory(url.directory);
    this.place = ownerText(this.#directory);
    this.#options = options;
    this.#rescanMs = options.rescanMs ?? rescanMsDefault;
  }

  prepare(): void {
    // Whatever goes wrong is told by whoever announces.
    this.#announcing().catch(() => {});
  }

  announce(instance: Instance, options: AnnounceOptions = {}): Announcement {
    assertLocalName(instance.service);
    const { clock, random, log } = this.#options;
    const announcement = new LaterAnnouncement(async () => {
      const { LocalAnnouncement } = await this.#announcing();
      return new LocalAnnouncement(this.#directory, instance, {
        ...options,
        clock,
        random,
        log,
        checkMs: this.#rescanMs,
      });
    });
    this.#announcements.add(announcement);
    void announcement.ended.then(() => this.#announcements.delete(announcement));
    return announcement;
  }

  watch(service: string, watcher: Watcher): Watch {
    assertLocalName(service);
    const { clock, log, watchDirectory = watchWithDeno } = this.#options;
    const watch = new LocalWatch(this.#directory, service, watcher, {
      clock,
      log,
      watchDirectory,
      rescanMs: this.#rescanMs,
    });
    this.#watches.add(watch);
    void watch.ended.then(() => this.#watches.delete(watch));
    return watch;
  }

  async services(): Promise<readonly string[]> {
    const { path } = this.#directory;
    const names: string[] = [];
    try {
      for await (const { name, isDirectory } of Deno.readDir(path)) {
        if (isDirectory && isServiceName(name)) names.push(name);
      }
    } catch (error) {
      // No server was announced here yet.
      if (error instanceof Deno.errors.NotFound) return [];
      const message = `Cannot read the local registry ${path}: ${messageOf(error)}`;
      throw new RpcError("Unavailable", message, { cause: error });
    }
    return names.sort();
  }

  /** What announces: clients start faster without it. */
  #announcing() {
    return import("./announcement.ts");
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) watch.close();
    await Promise.all([
      ...[...this.#watches].map((watch) => watch.ended),
      ...[...this.#announcements].map((announcement) => announcement.withdraw()),
    ]);
  }
}

/** An announcement whose code is still being loaded. */
class LaterAnnouncement implements Announcement {
  readonly registered: Promise<void>;
  /** Resolves when it is withdrawn and its files are gone. */
  readonly ended: Promise<void>;
  readonly #made: Promise<LocalAnnouncement>;
  #announcement: LocalAnnouncement | undefined;

  constructor(make: () => Promise<LocalAnnouncement>) {
    this.#made = make();
    this.registered = this.#made.then((made) => (this.#announcement = made).registered);
    this.ended = this.#made.then((made) => made.ended);
  }

  get isRegistered(): boolean {
    return this.#announcement?.isRegistered ?? false;
  }

  async override(change: OverrideChange): Promise<Override> {
    return await (await this.#made).override(change);
  }

  async withdraw(): Promise<void> {
    await (await this.#made).withdraw();
  }
}

function watchWithDeno(path: string): Deno.FsWatcher {
  return Deno.watchFs(path, { recursive: false });
}
