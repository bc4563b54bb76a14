import type { Clock, Timer } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { watchedFilesMax, watchEveryMs, watchSettleMsMax } from "../limits.ts";
import type { Logger } from "../../base/log.ts";
import {
  differenceOf,
  readSources,
  rootFiles,
  type SourceFiles,
  type Sources,
  stampOf,
  stampWhenRead,
} from "./source_files.ts";

/** What a {@link SourceWatch} needs. */
interface SourceWatchOptions {
  readonly sources: Sources;
  /** Loads them anew; given up when the signal aborts. */
  readonly reload: (signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How many files are named when the watch begins. */
const filesShownMax = 8;

/**
 * Looks at the module, at the files that a worker's command names and at what these import, again
 * and again, and loads anew when one of them holds something else. It looks instead of listening,
 * because what a file is may change without an event in its directory: by a link on the way to it,
 * on a disk of another machine.
 *
 * The newest version counts: a load that is under way is given up for it.
 */
export class SourceWatch {
  readonly #options: SourceWatchOptions;
  readonly #roots: readonly string[];
  #files: SourceFiles;
  #stamp: string;
  /**
   * Since when the files have been changing, or nobody has looked whether they are; by the clock.
   */
  #unsettledSinceMs: number | undefined;
  #load: AbortController | undefined;
  #timer: Timer | undefined;

  /**
   * Reads the files as they are. To be made before the procedures are loaded: a change meanwhile is
   * one.
   */
  constructor(options: SourceWatchOptions) {
    this.#options = options;
    this.#roots = rootFiles(options.sources);
    this.#files = readSources(this.#roots);
    this.#stamp = stampWhenRead(this.#files);
    this.#unsettledSinceMs = options.clock.now();
  }

  /** Begins to look. */
  start(): void {
    const { clock, log } = this.#options;
    if (this.#roots.length === 0) {
      log.warn("Cannot watch: the command names no file. Name the program by its path");
      return;
    }
    const present = [...this.#files].filter(([, { stamp }]) => stamp !== "-").map(([path]) => path);
    const more = present.length - filesShownMax;
    const shown = present.slice(0, filesShownMax).join(", ");
    log.info("Watching for changes", { files: more > 0 ? `${shown} and ${more} more` : shown });
    if (this.#files.size >= watchedFilesMax) {
      log.warn(`Watching ${watchedFilesMax} files: the module imports more than these`);
    }
    this.#timer = clock.every(watchEveryMs, () => this.#look());
  }

  /** Looks no more, and gives up a load that is under way. */
  close(): void {
    this.#timer?.cancel();
    this.#load?.abort();
  }

  #look(): void {
    const nowMs = this.#options.clock.now();
    const stamp = stampOf(this.#files);
    const isSettled = stamp === this.#stamp;
    this.#stamp = stamp;
    if (!isSettled) this.#unsettledSinceMs ??= nowMs;
    if (this.#unsettledSinceMs === undefined) return;
    if (!isSettled) {
      // An editor writes a file in several steps. One that is written all the time has to be taken
      // as it is, but must not end each load before that is done.
      const isOverdue = nowMs - this.#unsettledSinceMs >= watchSettleMsMax;
      if (!isOverdue || this.#load !== undefined) return;
    }
    this.#unsettledSinceMs = isSettled ? undefined : nowMs;
    const before = this.#files;
    this.#files = readSources(this.#roots);
    this.#stamp = stampWhenRead(this.#files);
    const because = differenceOf(before, this.#files);
    if (because !== undefined) void this.#reload(because);
  }

  async #reload(because: string): Promise<void> {
    const { reload, log } = this.#options;
    if (this.#load !== undefined) log.info("Cancelled a reload: there is a newer version");
    this.#load?.abort();
    const load = this.#load = new AbortController();
    log.info("Reloading", { because });
    try {
      await reload(load.signal);
      if (!load.signal.aborted) log.info("Reloaded");
    } catch (error) {
      if (load.signal.aborted) return;
      log.error(`Not reloaded, still serving the version before: ${messageOf(error)}`);
    } finally {
      if (this.#load === load) this.#load = undefined;
    }
  }
}
