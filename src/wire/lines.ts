import { messageMaxDefault } from "../base/limits.ts";
import { RpcError } from "../base/errors.ts";
import { LentBytes, spareBuffers } from "../base/spare_buffers.ts";

/** A line's text without its LF, or what is wrong with the line. */
type Line = string | RpcError;

/** A {@link Line}, of which the text may be there in bytes. */
export type AnyLine = Line | LentBytes;

/** What ends a line. */
export const lineFeed = 0x0a;

const noBytes = new Uint8Array(0);

/** In so few bytes a line feed is found by looking at each. */
const shortLookBytes = 1024;

/**
 * So many bytes at a time are made text and looked through, which takes a fifth of the time of
 * looking at each. Longer strings are memory that V8 takes from the system one by one.
 */
export const lookBytes: number = 64 * 1024;

/** Where the last line feed is, or -1. */
function lastLineFeed(chunk: Uint8Array): number {
  const near = chunk.subarray(-shortLookBytes).lastIndexOf(lineFeed);
  if (near !== -1) return Math.max(0, chunk.length - shortLookBytes) + near;
  for (let end = chunk.length - shortLookBytes; end > 0; end -= lookBytes) {
    const start = Math.max(0, end - lookBytes);
    const part = chunk.subarray(start, end);
    if (decoder.decode(part).includes("\n")) return start + part.lastIndexOf(lineFeed);
  }
  return -1;
}

/** Where the first line feed is, of a chunk that has one. */
function firstLineFeed(chunk: Uint8Array): number {
  const near = chunk.subarray(0, shortLookBytes).indexOf(lineFeed);
  if (near !== -1) return near;
  for (let start = shortLookBytes; start < chunk.length; start += lookBytes) {
    const part = chunk.subarray(start, start + lookBytes);
    const text = decoder.decode(part);
    const at = text.indexOf("\n");
    if (at === -1) continue;
    // Unless each character stands where its byte does.
    const isByteEach = text.length === part.length && !text.includes(replacementMark);
    return start + (isByteEach ? at : part.indexOf(lineFeed));
  }
  return -1;
}

/**
 * A line of which so much has come is long: the rest of it is read to where it is, and it may stay
 * bytes. Shorter ones come many to a read, and are sooner text together.
 */
const longLineBytes = 32 * 1024;

/** Most that is read of a long line at once, so that others come between. */
const roomBytesMax = 256 * 1024;

/** Least that there is room for: many reads take longer than to move what has come. */
const roomBytesMin = 16 * 1024;

/**
 * A buffer grown past this by one long line is given back with it, so that an idle connection keeps
 * none.
 */
const partialBytesKept = 64 * 1024;

// Whole lines only, so they keep nothing between them and all can share them. A byte order mark is
// no JSON: kept, so that it fails wherever it stands, not only in mid-stream.
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Decodes what is most likely UTF-8, and puts a {@link replacementMark} where it is not, after
 * which one looks more closely: the strict one makes strings of two bytes a character in Deno, also
 * of plain ASCII, and takes several times as long.
 */
export const decoder: TextDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Stands in decoded text for what is not UTF-8, and for itself. */
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
 * finding and decoding each line by itself. Only when a read holds bytes that are not UTF-8 is it
 * gone through line by line, so that the fault costs its own line and no other.
 */
export class LineSplitter {
  readonly #bytesMax: number;
  #partial = noBytes;
  #partialBytes = 0;
  #overflowed = false;

  /** @param bytesMax longest line, LF included. Default {@link messageMaxDefault} */
  constructor(bytesMax = messageMaxDefault) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes of the line that has begun and not ended. */
  get partialBytes(): number {
    return this.#partialBytes;
  }

  /** What it holds for that line: the buffer may be twice as long as what is in it. */
  get heldBytes(): number {
    return this.#partialBytes === 0 ? 0 : this.#partial.length;
  }

  /** Those bytes, until the next {@link push}. */
  get partial(): Uint8Array {
    return this.#partial.subarray(0, this.#partialBytes);
  }

  /**
   * Where the next read may go, if a long line has begun, so that it need not be copied. What was
   * read there is to be handed to {@link push} as it is.
   */
  get room(): Uint8Array<ArrayBuffer> | undefined {
    const start = this.#partialBytes;
    if (start < longLineBytes || start === this.#bytesMax) return undefined;
    if (this.#partial.length - start < roomBytesMin) this.#reserve(start + roomBytesMin);
    return this.#partial.subarray(start, Math.min(start + roomBytesMax, this.#bytesMax));
  }

  /** A line was too long. The stream cannot be followed any further: close it. */
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

  /** {@link push}, but very long lines stay bytes, which the caller holds, and has to decode. */
  pushLong(chunk: Uint8Array): AnyLine[] {
    const lines: AnyLine[] = [];
    this.#push(chunk, lines as Line[], (line) => lines.push(line));
    return lines;
  }

  #push(chunk: Uint8Array, lines: Line[], takeLong?: (line: LentBytes) => void): void {
    if (this.#overflowed) return;
    if (chunk.length > this.#bytesMax) return this.#pushInPieces(chunk, lines, takeLong);
    const end = lastLineFeed(chunk) + 1;
    let start = 0;
    if (end > 0 && this.#partialBytes > 0) {
      const isLong = takeLong !== undefined && this.#partialBytes >= longLineBytes;
      // All of them at once, unless that might be too much for one.
      const isShort = !isLong && this.#partialBytes + end <= this.#bytesMax;
      start = isShort ? end : firstLineFeed(chunk) + 1;
      if (!this.#keep(chunk.subarray(0, start))) return this.#overflow(lines);
      if (isLong) takeLong(this.#handOver());
      else this.#decode(this.partial, lines);
      this.#partialBytes = 0;
      if (this.#partial.length > partialBytesKept) this.#letGo();
    }
    if (start < end) this.#decode(chunk.subarray(start, end), lines);
    if (!this.#keep(chunk.subarray(end))) this.#overflow(lines);
  }

  /** The line that is whole now, without its LF, in memory that is its reader's from now on. */
  #handOver(): LentBytes {
    const line = this.#partial.subarray(0, this.#partialBytes - 1);
    this.#partial = noBytes;
    return new LentBytes(line);
  }

  /**
   * No piece is longer than the longest line, so what is whole within one needs no look at its
   * length.
   */
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
    const grown = spareBuffers.take(Math.max(bytes, this.#partial.length * 2));
    grown.set(this.partial);
    this.#letGo();
    this.#partial = grown;
  }

  #letGo(): void {
    spareBuffers.give(this.#partial);
    this.#partial = noBytes;
  }

  #overflow(lines: Line[]): void {
    this.#overflowed = true;
    this.#letGo();
    this.#partialBytes = 0;
    const text = `Cannot take a message of more than ${this.#bytesMax} bytes: send large data in ` +
      "pieces, or raise --message-max";
    lines.push(new RpcError("InvalidRequest", text));
  }

  /** Decodes whole lines, the last LF included. */
  #decode(bytes: Uint8Array, lines: Line[]): void {
    const text = decoder.decode(bytes);
    if (text.includes(replacementMark)) return this.#decodeOneByOne(bytes, lines);
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      if (end > start && !(end === start + 1 && text.charCodeAt(start) === 0x0d)) {
        lines.push(text.slice(start, end));
      }
      start = end + 1;
    }
  }

  #decodeOneByOne(bytes: Uint8Array, lines: Line[]): void {
    let start = 0;
    for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, start)) {
      const line = decodedStrictly(bytes.subarray(start, end));
      if (line !== "" && line !== "\r") lines.push(line);
      start = end + 1;
    }
  }
}
