import { messageMaxDefault } from "../base/limits.ts";
import { RpcError } from "../base/errors.ts";
import { LentBytes, spareBuffers } from "../base/spare_buffers.ts";
import { firstWanted, type Wanted } from "../base/values/byte_search.ts";

/** A line's text without its LF, or what is wrong with the line. */
type Line = string | RpcError;

/** A {@link Line}, or the text of a long one in bytes. */
export type AnyLine = Line | LentBytes;

/** What ends a line. */
export const lineFeed = 0x0a;

/** What may stand before it. */
const carriageReturn = 0x0d;

const noBytes = new Uint8Array(0);

/** Up to this many bytes are searched for a line feed one by one. */
const shortLookBytes = 1024;

/** The last line feed is looked for in pieces of this size. */
const lastLookBytes = 8 * 1024;

/**
 * Long bytes are looked at in pieces of this size. For longer strings V8 asks the system for memory
 * each time.
 */
export const lookBytes: number = 64 * 1024;

/** What lines are searched for. */
const lineFeeds: Wanted = { low: 0, span: 0xff, one: lineFeed, other: lineFeed };

/** The index of the last line feed, or -1. */
function lastLineFeed(chunk: Uint8Array): number {
  const near = chunk.subarray(-shortLookBytes).lastIndexOf(lineFeed);
  if (near !== -1) return Math.max(0, chunk.length - shortLookBytes) + near;
  for (let end = chunk.length - shortLookBytes; end > 0; end -= lastLookBytes) {
    const start = Math.max(0, end - lastLookBytes);
    const found = firstWanted(chunk, start, end, lineFeeds);
    // To search backwards takes several times as long, and there are few such bytes left.
    if (found !== -1) return found + chunk.subarray(found, end).lastIndexOf(lineFeed);
  }
  return -1;
}

/** The index of the first line feed, or -1. */
function firstLineFeed(chunk: Uint8Array): number {
  const near = chunk.subarray(0, shortLookBytes).indexOf(lineFeed);
  return near === -1 ? firstWanted(chunk, shortLookBytes, chunk.length, lineFeeds) : near;
}

/**
 * A line is long once this much of it has arrived: the rest is read into the same buffer, and may
 * stay bytes. Shorter lines arrive many at a time, and are decoded together faster.
 */
const longLineBytes = 32 * 1024;

/** Most bytes of a long line that are read at once, so that other connections get their turns. */
const roomBytesMax = 256 * 1024;

/** Least room for a read: many small reads would cost more than growing the buffer. */
const roomBytesMin = 16 * 1024;

/**
 * Once this part of the last long line's length has come the buffer is as long as that: it grows in
 * fewer steps, each of which is a copy, and what is left is read in one go. Not before, or a few
 * bytes would hold megabytes.
 */
const usualShare = 8;

/** A buffer that a long line grew past this size is given back after the line. */
const partialBytesKept = 64 * 1024;

// The decoders only get whole lines, so they keep no state and all connections share them. A byte
// order mark is kept: it is not JSON, and must fail at the start of a stream as anywhere else.
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Decodes what is most likely UTF-8, with a {@link replacementMark} for whatever is not: only text
 * with that mark needs the strict decoder. In Deno the strict one takes several times as long, and
 * makes strings of two bytes a character even of ASCII.
 */
export const decoder: TextDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** In decoded text: bytes that are not UTF-8, or this very character. */
export const replacementMark = "\ufffd";

/** A line without its LF; ParseError if it is not UTF-8. */
export function decodedStrictly(bytes: Uint8Array): Line {
  try {
    return strictDecoder.decode(bytes);
  } catch (cause) {
    return new RpcError("ParseError", "Cannot read a line that is not UTF-8", { cause });
  }
}

/**
 * Cuts a stream of bytes into lines: pure, incremental, bounded.
 *
 * A whole read is decoded at once and split as a string, which in V8 is several times faster than
 * finding and decoding each line by itself. Only a read with bytes that are not UTF-8 is decoded
 * line by line, so that the fault costs only its own line.
 */
export class LineSplitter {
  readonly #bytesMax: number;
  #partial = noBytes;
  #partialBytes = 0;
  /** What the last long line took, as the next ones may be alike. */
  #usualBytes = 0;
  #overflowed = false;

  /** @param bytesMax longest line, LF included. Default {@link messageMaxDefault} */
  constructor(bytesMax = messageMaxDefault) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes so far of the unfinished line. */
  get partialBytes(): number {
    return this.#partialBytes;
  }

  /** Bytes of that line's buffer, which may be twice as long. */
  get heldBytes(): number {
    return this.#partialBytes === 0 ? 0 : this.#partial.length;
  }

  /** Those bytes, until the next {@link push}. */
  get partial(): Uint8Array {
    return this.#partial.subarray(0, this.#partialBytes);
  }

  /**
   * The place for the next read, if a long line has begun, so that its bytes need not be copied.
   * Hand what was read there to {@link push} as it is.
   */
  get room(): Uint8Array<ArrayBuffer> | undefined {
    const start = this.#partialBytes;
    if (start < longLineBytes || start === this.#bytesMax) return undefined;
    if (this.#partial.length - start < roomBytesMin) this.#reserve(start + roomBytesMin);
    return this.#partial.subarray(start, Math.min(start + roomBytesMax, this.#bytesMax));
  }

  /**
   * Whether the next bytes are whole lines, none of them too long, as most reads are: nothing has
   * to be cut or kept then.
   */
  isWhole(chunk: Uint8Array): boolean {
    return chunk[chunk.length - 1] === lineFeed && this.#partialBytes === 0 &&
      chunk.length <= this.#bytesMax && !this.#overflowed;
  }

  /** Whether a line was too long. The rest of the stream cannot be read then: close it. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  /**
   * Takes the next bytes and returns the lines that they complete; blank ones are left out. The
   * chunk may be reused afterwards. After an overflow, which is the last item, nothing more is
   * returned.
   */
  push(chunk: Uint8Array): Line[] {
    const lines: Line[] = [];
    this.#push(chunk, lines);
    return lines;
  }

  /** {@link push}, but long lines stay bytes: the caller holds them, and has to decode them. */
  pushLong(chunk: Uint8Array): AnyLine[] {
    const lines: AnyLine[] = [];
    this.#push(chunk, lines as Line[], (line) => lines.push(line));
    return lines;
  }

  #push(chunk: Uint8Array, lines: Line[], takeLong?: (line: LentBytes) => void): void {
    if (this.#overflowed) return;
    if (chunk.length > this.#bytesMax) return this.#pushInPieces(chunk, lines, takeLong);
    const rest = takeLong === undefined ? chunk : this.#pushLong(chunk, takeLong);
    if (rest === undefined) return this.#overflow(lines);
    if (this.isWhole(rest)) return this.#decode(rest, lines, takeLong);
    const end = lastLineFeed(rest) + 1;
    let start = 0;
    let done = noBytes;
    if (end > 0 && this.#partialBytes > 0) {
      // All lines of the chunk at once, unless that might be too long for the buffer.
      start = this.#partialBytes + end <= this.#bytesMax ? end : firstLineFeed(rest) + 1;
      if (!this.#keep(rest.subarray(0, start))) return this.#overflow(lines);
      this.#decode(this.partial, lines, takeLong);
      this.#partialBytes = 0;
      if (this.#partial.length > partialBytesKept) [done, this.#partial] = [this.#partial, noBytes];
    }
    if (start < end) this.#decode(rest.subarray(start, end), lines, takeLong);
    if (!this.#keep(rest.subarray(end))) this.#overflow(lines);
    // Not before: the rest of the chunk may be in it.
    spareBuffers.give(done);
  }

  /**
   * Takes the long lines that come first, and returns what comes then. `undefined`: a line is too
   * long.
   */
  #pushLong(chunk: Uint8Array, takeLong: (line: LentBytes) => void): Uint8Array | undefined {
    let rest = chunk;
    while (this.#partialBytes + rest.length >= longLineBytes) {
      const length = firstLineFeed(rest) + 1;
      if (length === 0 || this.#partialBytes + length < longLineBytes) break;
      if (!this.#keep(rest.subarray(0, length))) return undefined;
      takeLong(this.#handOver());
      rest = rest.subarray(length);
    }
    return rest;
  }

  /** The finished line without its LF, in a buffer that belongs to its reader from now on. */
  #handOver(): LentBytes {
    const line = this.#partial.subarray(0, this.#partialBytes - 1);
    // A read takes all of the rest only where that much is left behind it.
    this.#usualBytes = this.#partialBytes + roomBytesMin;
    this.#partial = noBytes;
    this.#partialBytes = 0;
    return new LentBytes(line);
  }

  /** No piece is longer than the longest line, so a line within one piece needs no check. */
  #pushInPieces(chunk: Uint8Array, lines: Line[], takeLong?: (line: LentBytes) => void): void {
    for (let start = 0; start < chunk.length; start += this.#bytesMax) {
      this.#push(chunk.subarray(start, start + this.#bytesMax), lines, takeLong);
    }
  }

  /** Appends to the partial line, or returns `false` if it would get too long. */
  #keep(bytes: Uint8Array): boolean {
    const needed = this.#partialBytes + bytes.length;
    if (needed > this.#bytesMax) return false;
    if (!this.#isInRoom(bytes)) {
      if (needed > this.#partial.length) this.#reserve(needed);
      this.#partial.set(bytes, this.#partialBytes);
    }
    this.#partialBytes = needed;
    return true;
  }

  #isInRoom({ buffer, byteOffset }: Uint8Array): boolean {
    return buffer === this.#partial.buffer &&
      byteOffset === this.#partial.byteOffset + this.#partialBytes;
  }

  #reserve(bytes: number): void {
    // A buffer of less than that would not be kept for the next long line.
    const least = bytes < longLineBytes ? 0 : partialBytesKept;
    const doubled = Math.max(bytes, Math.min(this.#partial.length * 2, this.#bytesMax), least);
    const usual = this.#usualBytes;
    const isUsual = bytes >= longLineBytes && bytes <= usual && bytes * usualShare >= usual;
    const grown = spareBuffers.take(isUsual ? usual : doubled);
    grown.set(this.partial);
    spareBuffers.give(this.#partial);
    this.#partial = grown;
  }

  /** Gives its buffer back, after the last read into {@link room} has ended. */
  letGo(): void {
    spareBuffers.give(this.#partial);
    this.#partial = noBytes;
    this.#partialBytes = 0;
  }

  #overflow(lines: Line[]): void {
    this.#overflowed = true;
    this.letGo();
    const text = `Cannot take a message of more than ${this.#bytesMax} bytes: send large data in ` +
      "pieces, or allow longer ones (--message-max, or messageMax)";
    lines.push(new RpcError("InvalidRequest", text));
  }

  /** Decodes whole lines, the last LF included. */
  #decode(bytes: Uint8Array, lines: Line[], takeLong?: (line: LentBytes) => void): void {
    const text = decoder.decode(bytes);
    if (text.includes(replacementMark)) return this.#cutOneByOne(bytes, lines, takeLong);
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      if (end > start && !(end === start + 1 && text.charCodeAt(start) === 0x0d)) {
        lines.push(text.slice(start, end));
      }
      start = end + 1;
    }
  }

  /**
   * Whoever takes bytes gets them undecoded: it takes long to find out what is wrong with thousands
   * of lines, and others may come between.
   */
  #cutOneByOne(bytes: Uint8Array, lines: Line[], takeLong?: (line: LentBytes) => void): void {
    let start = 0;
    for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, start)) {
      const line = bytes.subarray(start, end);
      const isBlank = end === start || (end === start + 1 && line[0] === carriageReturn);
      if (!isBlank && takeLong !== undefined) takeLong(new LentBytes(line.slice()));
      else if (!isBlank) lines.push(decodedStrictly(line));
      start = end + 1;
    }
  }
}
