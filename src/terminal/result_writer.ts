import { sleep, systemClock } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import { fullPipePauseMs } from "./stdout.ts";

/** Characters that may wait for a slow reader. */
const pendingMax = 1024 * 1024;

/** Most bytes of one write, unless a line is longer: a pipe takes up to this many as a whole. */
const writeBytesMax = 4_096;

const encoder = new TextEncoder();

/** Where results go. */
export interface ResultOutput {
  /** Writes some or all of the bytes. Some may be written even if it fails. */
  write(bytes: Uint8Array): Promise<number>;
  /** The size of a file; `undefined` for anything else. */
  size(): number | undefined;
}

/** How a {@link ResultWriter} writes, and where. */
interface ResultWriterOptions {
  /** Adds to lines what a terminal shows below them. @default nothing */
  readonly dressed?: (lines: string) => string;
  /** Called after each write. */
  readonly afterWrite?: () => void;
  /** Called once, when no further line will be written. */
  readonly onOver?: () => void;
  /** @default stdout */
  readonly output?: ResultOutput;
}

interface Line<Tag> {
  /** Bytes if no text can be so long. */
  readonly text: string | Uint8Array;
  readonly tag: Tag;
}

/**
 * Writes results to stdout: in few large writes while there are many, at once while there are few.
 * Lines that could not be written are reported by their tags.
 */
export class ResultWriter<Tag> {
  readonly #options: ResultWriterOptions;
  readonly #output: ResultOutput;
  #pending: Line<Tag>[] = [];
  #pendingLength = 0;
  #writing: Promise<void> | undefined;
  #isBroken = false;
  #problem: string | undefined;
  /** The size of the file before the next write; `NaN` if it is no file. */
  #sizeBefore: number | undefined;
  #unwritten: Tag[] = [];
  /** Writes of which something was taken. */
  #takenCount = 0;
  /** Fails the write under way, and with it all later ones. */
  #abandon: () => void = () => {};

  constructor(options: ResultWriterOptions = {}) {
    this.#options = options;
    this.#output = options.output ?? stdoutOutput;
  }

  /** Whether no further line will be written: nobody reads any more, or writing failed. */
  get isOver(): boolean {
    return this.#isBroken || this.#problem !== undefined;
  }

  /** Whether nobody reads any more, as after `rpc call ... | head`. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Why no more can be written, as a sentence for the user: the disk is full, for one. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The tags of the lines that were not written whole, in order. */
  get unwritten(): readonly Tag[] {
    return this.#unwritten;
  }

  /** Takes a line without its LF. */
  line(text: string | Uint8Array, tag: Tag): void {
    if (this.isOver) {
      this.#unwritten.push(tag);
      return;
    }
    this.#pending.push({ text, tag });
    this.#pendingLength += text.length;
    this.#writing ??= this.#write();
  }

  /** Whether the reader is far behind: no more is to be written for now. */
  get isBehind(): boolean {
    return this.#pendingLength > pendingMax;
  }

  /** Resolves when the reader is not far behind, most often at once. */
  async keepingUp(): Promise<void> {
    while (this.isBehind) await this.#writing;
  }

  /** Resolves when all lines are written, or never will be. */
  async flushed(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  /** The same, but resolves after so many milliseconds at the latest, for who is asked to end. */
  async flushedWithin(timeoutMs: number): Promise<void> {
    const flushed = new AbortController();
    const late = sleep(systemClock, timeoutMs, flushed.signal);
    await Promise.race([this.flushed(), late]);
    flushed.abort();
  }

  /**
   * The same, for who is asked to end and has results to keep: gives up, as if writing had failed,
   * once nothing was taken for so many milliseconds.
   */
  async flushedUnlessStuck(stuckMs: number): Promise<void> {
    while (this.#writing !== undefined) {
      const before = this.#takenCount;
      await this.flushedWithin(stuckMs);
      if (this.#takenCount === before) this.#abandon();
    }
  }

  async #write(): Promise<void> {
    // So that lines of the same turn of the event loop leave in one write.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      const lines = this.#pending;
      this.#pending = [];
      this.#pendingLength = 0;
      await this.#writeLines(lines);
    }
    this.#writing = undefined;
  }

  async #writeLines(lines: readonly Line<Tag>[]): Promise<void> {
    for (let start = 0; start < lines.length && !this.isOver;) {
      let count = 0;
      let length = 0;
      for (; count < lines.length - start; count++) {
        length += (lines[start + count]?.text.length ?? 0) + 1;
        if (length > writeBytesMax && count > 0) break;
      }
      const first = lines[start]?.text;
      const isBytes = typeof first === "object";
      let text = isBytes ? "\n" : textOf(lines, start, count);
      let bytes = encoder.encode(text);
      // Characters beyond ASCII take several bytes.
      while (bytes.length > writeBytesMax && count > 1) {
        count = Math.ceil(count / 2);
        text = textOf(lines, start, count);
        bytes = encoder.encode(text);
      }
      const shown = this.#options.dressed?.(text) ?? text;
      if (shown !== text) bytes = encoder.encode(shown);
      const sizeBefore = this.#sizeBefore ??= this.#output.size() ?? NaN;
      try {
        if (isBytes) await this.#writeWhole(first);
        await this.#writeWhole(bytes);
        this.#sizeBefore = sizeBefore + bytes.length + (isBytes ? first.length : 0);
      } catch (error) {
        // The error does not tell how much was written, but a file's size does.
        const kept = (this.#output.size() ?? NaN) - sizeBefore;
        this.#end(error, [...lines.slice(start), ...this.#pending], kept > 0 ? kept : 0);
      } finally {
        this.#options.afterWrite?.();
      }
      start += count;
    }
  }

  async #writeWhole(bytes: Uint8Array): Promise<void> {
    const { promise: abandoned, reject } = Promise.withResolvers<never>();
    this.#abandon = () => reject(new Error("nobody reads them"));
    for (let start = 0; start < bytes.length;) {
      try {
        start += await Promise.race([abandoned, this.#output.write(bytes.subarray(start))]);
        this.#takenCount++;
      } catch (error) {
        if (!(error instanceof Deno.errors.WouldBlock)) throw error;
        await sleep(systemClock, fullPipePauseMs);
      }
    }
  }

  /** @param kept how many bytes of these lines were written nevertheless */
  #end(error: unknown, lines: readonly Line<Tag>[], kept: number): void {
    if (error instanceof Deno.errors.BrokenPipe) this.#isBroken = true;
    else this.#problem = `Cannot write results: ${messageOf(error)}`;
    for (const { text, tag } of lines) {
      kept -= (typeof text === "string" ? encoder.encode(text) : text).length + 1;
      if (kept < 0) this.#unwritten.push(tag);
    }
    this.#pending = [];
    this.#pendingLength = 0;
    this.#options.onOver?.();
  }
}

function textOf(lines: readonly Line<unknown>[], start: number, count: number): string {
  let text = "";
  for (let i = start; i < start + count; i++) text += `${lines[i]?.text}\n`;
  return text;
}

const stdoutOutput: ResultOutput = {
  write: (bytes) => Deno.stdout.write(bytes),
  size() {
    try {
      const { isFile, size } = Deno.statSync("/dev/stdout");
      return isFile ? size : undefined;
    } catch {
      return undefined;
    }
  },
};
