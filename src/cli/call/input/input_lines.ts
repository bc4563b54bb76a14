import { lineFeed } from "../../../wire/lines.ts";
import { messageMaxDefault, oneStringBytesMax } from "../../../base/limits.ts";

/** One line of an input that is not blank. */
export interface InputLine {
  /** Counted from 1 over all lines, also blank ones, as in an editor. */
  readonly number: number;
  /** Its text, or what is wrong with it, as the end of a sentence. */
  readonly content: { readonly text: string } | { readonly fault: string };
}

/** What is read, as `Deno.FsFile` is. */
interface ByteSource {
  read(buffer: Uint8Array): Promise<number | null>;
}

const bufferBytes = 64 * 1024;

/**
 * The lines of an input of any length, with little more than one line in memory. The last line
 * needs no LF; a CR before the LF is dropped; a byte order mark at the beginning is skipped.
 */
export class InputLines {
  readonly #source: ByteSource;
  readonly #lineBytesMax: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #buffer = new Uint8Array(bufferBytes);
  /** The unread part of the buffer is from `#start` to `#end`. */
  #start = 0;
  #end = 0;
  #number = 0;
  /** Whether its encoding is known. */
  #isLookedAt = false;
  #isDropping = false;
  #isEnded = false;
  #isReading = false;
  #waiters: PromiseWithResolvers<void> | undefined;

  /** @param lineBytesMax longest line: longer parameters fit no message */
  constructor(source: ByteSource, lineBytesMax = messageMaxDefault) {
    this.#source = source;
    this.#lineBytesMax = lineBytesMax;
  }

  /** Whether nothing is left but what {@link take} returns. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The next line that is not blank, if one has been read. */
  take(): InputLine | undefined {
    while (this.#start < this.#end || (this.#isEnded && this.#isDropping)) {
      const lf = this.#buffer.subarray(0, this.#end).indexOf(lineFeed, this.#start);
      if (lf === -1 && !this.#isEnded) return undefined;
      const end = lf === -1 ? this.#end : lf;
      const bytes = this.#buffer.subarray(this.#start, end);
      this.#start = Math.min(end + 1, this.#end);
      this.#number++;
      const content = this.#content(bytes);
      if (content !== undefined) return { number: this.#number, content };
    }
    return undefined;
  }

  /**
   * Resolves when {@link take} or {@link isEnded} may have changed, or at {@link stop}.
   *
   * @throws {Error} rejects with it: the input cannot be read
   */
  more(): Promise<void> {
    this.#waiters ??= Promise.withResolvers();
    if (!this.#isReading) void this.#read();
    return this.#waiters.promise;
  }

  /** Ends all waiting, since the input may never go on. */
  stop(): void {
    this.#waiters?.resolve();
    this.#waiters = undefined;
  }

  #content(bytes: Uint8Array): InputLine["content"] | undefined {
    if (this.#isDropping || bytes.length > this.#lineBytesMax) {
      this.#isDropping = false;
      const why = this.#lineBytesMax < oneStringBytesMax
        ? ": see --message-max"
        : ", the most here";
      return { fault: `is longer than ${this.#lineBytesMax} bytes${why}` };
    }
    let text: string;
    try {
      text = this.#decoder.decode(bytes);
    } catch {
      return { fault: "is not UTF-8" };
    }
    // A mark of the byte order at the beginning counts as a space.
    text = text.trim();
    return text === "" ? undefined : { text };
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    this.#makeRoom();
    try {
      const length = await this.#source.read(this.#buffer.subarray(this.#end));
      if (length === null) this.#isEnded = true;
      else this.#end += length;
      this.#refuseUtf16();
    } catch (error) {
      this.#waiters?.reject(error);
      this.#waiters = undefined;
    }
    this.#isReading = false;
    this.stop();
  }

  /**
   * Refuses UTF-16, which PowerShell's `>` writes: errors about each line would be confusing.
   */
  #refuseUtf16(): void {
    if (this.#isLookedAt || this.#end < 2) return;
    this.#isLookedAt = true;
    const [first, second] = this.#buffer;
    const hasMark = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
    // JSON begins with an ASCII character, one byte of which is zero in UTF-16.
    if (hasMark || first === 0 || second === 0) {
      throw new Error("it is UTF-16, and must be UTF-8: save it anew in that encoding");
    }
  }

  #makeRoom(): void {
    // The buffer holds the beginning of a single line.
    if (this.#isDropping || this.#end - this.#start > this.#lineBytesMax) {
      this.#isDropping = true;
      this.#start = this.#end;
    }
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    if (this.#end < this.#buffer.length) return;
    const grown = new Uint8Array(this.#buffer.length * 2);
    grown.set(this.#buffer);
    this.#buffer = grown;
  }
}
