import { type Clock, sleep } from "../../base/clock.ts";
import { logPendingMax } from "../limits.ts";

/** Where the log is written, and who is told of lost lines. */
interface LogOutputOptions {
  /** Takes some of the bytes and says how many, as `Deno.stderr.write` does. */
  write(bytes: Uint8Array): Promise<number>;
  /** Called when lines are written again, with the number of lost ones. */
  dropped(lines: number): void;
}

/**
 * Writes the log. A blocked stderr (a terminal after Ctrl-S, a pipe that nobody reads, a full disk)
 * must not hold up a server: lines wait up to a bound, and further ones are only counted.
 */
export class LogOutput {
  readonly #options: LogOutputOptions;
  readonly #encoder = new TextEncoder();
  #text = "";
  #lines = 0;
  #unwritten = 0;
  #dropped = 0;
  #writing: Promise<void> | undefined;

  constructor(options: LogOutputOptions) {
    this.#options = options;
  }

  /** Takes a line, its LF included. */
  push(line: string): void {
    if (this.#unwritten + this.#text.length + line.length > logPendingMax) {
      this.#dropped++;
      return;
    }
    this.#text += line;
    this.#lines++;
    this.#writing ??= this.#write();
  }

  /** Resolves when all is written, or after `maxMs`. */
  async flushed(clock: Clock, maxMs: number): Promise<void> {
    if (this.#writing === undefined) return;
    const stop = new AbortController();
    await Promise.race([this.#writing, sleep(clock, maxMs, stop.signal)]);
    stop.abort();
  }

  async #write(): Promise<void> {
    // Lines of one turn of the event loop leave in one write.
    await Promise.resolve();
    while (this.#text !== "") {
      const text = this.#text;
      const lines = this.#lines;
      this.#text = "";
      this.#lines = 0;
      this.#unwritten = text.length;
      const isWritten = await this.#writeAll(this.#encoder.encode(text));
      this.#unwritten = 0;
      if (!isWritten) this.#dropped += lines;
      else if (this.#dropped > 0) this.#tellDropped();
    }
    this.#writing = undefined;
  }

  async #writeAll(bytes: Uint8Array): Promise<boolean> {
    try {
      for (let start = 0; start < bytes.length;) {
        start += await this.#options.write(bytes.subarray(start));
      }
      return true;
    } catch {
      // Nobody reads any more, or the disk is full. The next line tries again.
      return false;
    }
  }

  #tellDropped(): void {
    const lines = this.#dropped;
    this.#dropped = 0;
    this.#options.dropped(lines);
  }
}
