/** Watches one service of a local registry. */

import { baseName, joinPath } from "../../base/paths.ts";
import type { Clock } from "../../base/clock.ts";
import { isOutOfHandles, messageOf, RpcError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { CoalescedTask } from "../coalesced_task.ts";
import type { Watch, Watcher } from "../discovery.ts";
import { type LocalDirectory, prepareServiceDirectory } from "./directory.ts";
import { parseFileName } from "./files.ts";
import { LocalScanner } from "./scanner.ts";
import { SkippedEntries } from "../skipped.ts";
import { ListTeller, oneByAddress } from "../snapshot.ts";

/** Reports changes in a directory: `Deno.watchFs`, or a test's substitute. */
export type WatchDirectory = (
  path: string,
) => AsyncIterable<{ readonly paths: readonly string[] }> & { close(): void };

/** What a watch is built on. */
interface LocalWatchOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly watchDirectory: WatchDirectory;
  /** How often everything is checked even without an event. */
  readonly rescanMs: number;
}

/**
 * Shortest time between two scans for events. One registration causes half a dozen events, and many
 * may come at once. The event that completes a registration, the renaming to its `.json`, causes a
 * scan as soon as this allows, since clients wait for it.
 */
const settleMs = 5;

/**
 * How long after a first scan that found servers we begin to listen for events. Most one-shot
 * programs have ended by then, and on Linux a process that listens takes up to 20 ms longer to end.
 */
const listenAfterMs = 100;

/**
 * The file system's events tell within milliseconds which registrations to check: a new one, and on
 * Linux also one whose server died, because closing the lock file is an event. Events may be
 * unavailable for lack of handles, or get lost, so everything is also checked periodically.
 */
export class LocalWatch implements Watch {
  /** Resolves when it is closed and does not touch the disk any more. Never rejects. */
  readonly ended: Promise<void>;
  readonly #resolveEnded: () => void;
  readonly #directory: LocalDirectory;
  readonly #service: string;
  readonly #options: LocalWatchOptions;
  readonly #scanning: CoalescedTask;
  readonly #scanner: LocalScanner;
  readonly #teller: ListTeller;
  /** Registrations with events since the last scan. */
  readonly #touched = new Set<string>();
  #events: ReturnType<WatchDirectory> | undefined;
  #eventsFailed = false;
  /** Events cause no scan before this, on the clock's scale: see {@link settleMs}. */
  #settledAtMs = -Infinity;
  /** When everything is to be checked, with or without events. */
  #rescanAtMs = -Infinity;
  #hasLooked = false;

  constructor(
    directory: LocalDirectory,
    service: string,
    watcher: Watcher,
    options: LocalWatchOptions,
  ) {
    this.#directory = directory;
    this.#service = service;
    this.#options = options;
    this.#teller = new ListTeller(watcher);
    const skipped = new SkippedEntries({
      log: options.log,
      one: "a file in the local registry that is no instance",
      many: "files in the local registry that are no instances",
      fields: (file) => ({ directory: joinPath(directory.path, service), file }),
    });
    this.#scanner = new LocalScanner({ service, skipped });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    this.#scanning = new CoalescedTask(options.clock, () => this.#scan());
    this.#scanning.request(0);
  }

  close(): void {
    this.#teller.close();
    this.#stopEvents();
    void this.#scanning.close().then(this.#resolveEnded);
  }

  async #scan(): Promise<void> {
    const { clock, rescanMs } = this.#options;
    const all = clock.now() >= this.#rescanAtMs;
    if (all) this.#rescanAtMs = clock.now() + rescanMs;
    try {
      const path = prepareServiceDirectory(this.#directory, this.#service);
      // Changes before the events began caused no event.
      const isHeard = this.#events !== undefined;
      if (this.#hasLooked) this.#startEvents(path);
      const touched = isHeard ? new Set(this.#touched) : undefined;
      this.#touched.clear();
      const instances = await this.#scanner.scan(path, { touched, all });
      this.#teller.tell(oneByAddress(instances));
      if (!this.#hasLooked) {
        this.#hasLooked = true;
        this.#rescanAtMs = clock.now() + (instances.length === 0 ? 0 : listenAfterMs);
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#settledAtMs = clock.now() + settleMs;
    this.#scanning.request(Math.max(0, this.#rescanAtMs - clock.now()));
  }

  #startEvents(path: string): void {
    if (this.#events !== undefined) return;
    try {
      this.#events = this.#options.watchDirectory(path);
      this.#eventsFailed = false;
      void this.#listen(this.#events, path);
    } catch (error) {
      if (this.#eventsFailed) return;
      this.#eventsFailed = true;
      this.#options.log.warn("Cannot listen for changes of the local registry, looking each time", {
        directory: path,
        rescanMs: this.#options.rescanMs,
        error: messageOf(error),
      });
    }
  }

  async #listen(events: ReturnType<WatchDirectory>, path: string): Promise<void> {
    try {
      for await (const { paths } of events) {
        // The directory itself was removed or moved: listen anew at the next scan.
        if (paths.includes(path)) break;
        const files = paths.map((changed) => parseFileName(baseName(changed)));
        for (const file of files) if (file !== undefined) this.#touched.add(file.id);
        const isWhole = files.some((file) => file?.extension === "json");
        const settlesInMs = this.#settledAtMs - this.#options.clock.now();
        this.#scanning.request(isWhole ? Math.max(0, settlesInMs) : settleMs);
      }
    } catch (error) {
      this.#options.log.debug("Lost the events of the local registry", { error: messageOf(error) });
    }
    if (this.#events === events) this.#stopEvents();
  }

  #stopEvents(): void {
    try {
      this.#events?.close();
    } catch { /* It had ended by itself. */ }
    this.#events = undefined;
  }

  #fail(error: unknown): void {
    const remedy = isOutOfHandles(error)
      ? "Allow this process more file handles: ulimit -n"
      : "Give permission there, or choose another directory (--registry or RPC_REGISTRY, as local:/some/dir)";
    const text = `Cannot read the local registry ${this.#directory.path}: ${messageOf(error)}. ` +
      `Still trying. ${remedy}`;
    this.#teller.failed(new RpcError("Unavailable", text, { cause: error }));
  }
}
