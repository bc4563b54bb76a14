import type { Clock, Timer } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import {
  watchCancelMsMax,
  watchedFilesMax,
  watchEveryMs,
  watchLoadMsMax,
  watchSettleMsMax,
} from "../limits.ts";
import { inLines, type Logger } from "../../base/log.ts";
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
  /** Reloads the procedures. It is cancelled when the signal aborts. */
  readonly reload: (signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A reload that is under way. */
interface Load {
  readonly cancel: AbortController;
  readonly sinceMs: number;
  /** When the first one began of those in a row that were cancelled, this one after them. */
  readonly rowSinceMs: number;
}

/** Most files that are named when the watch begins. */
const filesShownMax = 8;

/**
 * Checks the module, the files that a worker's command names, and all that these import,
 * periodically, and reloads when a content has changed. It polls because a file may change without
 * an event in its directory: by a link on the way to it, or on another machine's disk.
 *
 * A newer version cancels a load that is under way, but not one load after the other for long:
 * somebody who saves each second would otherwise see nothing before the last save.
 */
export class SourceWatch {
  readonly #options: SourceWatchOptions;
  readonly #roots: readonly string[];
  #files: SourceFiles;
  #stamp: string;
  /** Since when the files are not known to be stable, by the clock; `undefined` if they are. */
  #unsettledSinceMs: number | undefined;
  #load: Load | undefined;
  #timer: Timer | undefined;

  /**
   * Reads the files. Make it before the procedures are loaded, so that a change meanwhile counts.
   */
  constructor(options: SourceWatchOptions) {
    this.#options = options;
    this.#roots = rootFiles(options.sources);
    this.#files = readSources(this.#roots);
    this.#stamp = stampWhenRead(this.#files);
    this.#unsettledSinceMs = options.clock.now();
  }

  /** Begins to check. */
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

  /** Stops checking, and cancels a load that is under way. */
  close(): void {
    this.#timer?.cancel();
    this.#load?.cancel.abort();
  }

  #look(): void {
    const nowMs = this.#options.clock.now();
    const stamp = stampOf(this.#files);
    const isSettled = stamp === this.#stamp;
    this.#stamp = stamp;
    if (!isSettled) this.#unsettledSinceMs ??= nowMs;
    if (this.#unsettledSinceMs === undefined) return;
    if (!isSettled) {
      // An editor writes a file in several steps, so we wait until it is stable. A file that is
      // written all the time has to be loaded too, without cancelling each load before its end.
      const isOverdue = nowMs - this.#unsettledSinceMs >= watchSettleMsMax;
      if (!isOverdue || this.#load !== undefined) return;
    }
    if (this.#load !== undefined && mayEnd(this.#load, nowMs)) return;
    this.#unsettledSinceMs = isSettled ? undefined : nowMs;
    const before = this.#files;
    this.#files = readSources(this.#roots);
    this.#stamp = stampWhenRead(this.#files);
    const because = differenceOf(before, this.#files);
    if (because !== undefined) void this.#reload(because);
  }

  async #reload(because: string): Promise<void> {
    const { reload, clock, log } = this.#options;
    const before = this.#load;
    if (before !== undefined) log.info("Cancelled a reload: there is a newer version");
    before?.cancel.abort();
    const cancel = new AbortController();
    const sinceMs = clock.now();
    const load = this.#load = { cancel, sinceMs, rowSinceMs: before?.rowSinceMs ?? sinceMs };
    log.info("Reloading", { because });
    try {
      await reload(cancel.signal);
      if (!cancel.signal.aborted) log.info("Reloaded");
    } catch (error) {
      if (cancel.signal.aborted) return;
      const [first, more] = inLines(messageOf(error));
      log.error(`Not reloaded, still serving the version before: ${first}`, more);
    } finally {
      if (this.#load === load) this.#load = undefined;
    }
  }
}

/** Whether a newer version waits for its end. */
function mayEnd({ sinceMs, rowSinceMs }: Load, nowMs: number): boolean {
  return sinceMs > rowSinceMs && nowMs - rowSinceMs >= watchCancelMsMax &&
    nowMs - sinceMs < watchLoadMsMax;
}
