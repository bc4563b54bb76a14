import { spareBuffersBytesMax } from "./limits.ts";
import { isSearchable, searchableBuffer } from "./values/byte_search.ts";

/** Smaller buffers are not kept: a new one is made as fast as an old one is found. */
const bytesMin = 64 * 1024;

/**
 * Up to this size they are made so that they can be searched where they are: the copies would take
 * as long as the search. Of longer messages other work is much more.
 */
const searchableBytesMax = 256 * 1024;

/**
 * A pool of buffers for long messages: the system takes longer to make a large buffer, page by
 * page, than we take to fill it. A connection holds one only while something long is under way, and
 * one that moves much gets the same buffers again and again.
 */
export class SpareBuffers {
  readonly #bytesMax: number;
  /** In the order in which they were given back. */
  #buffers: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  /** @param bytesMax most bytes of all unused buffers together */
  constructor(bytesMax = spareBuffersBytesMax) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes of all unused buffers together. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A buffer of at least so many bytes. What is in it is arbitrary. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    const index = this.#smallestOf(bytes);
    if (index === -1) return newBuffer(roundedUp(bytes));
    const [buffer] = this.#buffers.splice(index, 1) as [Uint8Array<ArrayBuffer>];
    this.#bytes -= buffer.length;
    return buffer;
  }

  #smallestOf(bytes: number): number {
    let found = -1;
    let least = Infinity;
    for (let i = this.#buffers.length - 1; i >= 0; i--) {
      const { length } = this.#buffers[i] as Uint8Array;
      if (length >= bytes && length < least) [found, least] = [i, length];
    }
    return found;
  }

  /** Takes back a buffer that nobody uses any more. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    if (buffer.length < bytesMin) return;
    if (buffer.length > this.#bytesMax) return free(buffer);
    this.#buffers.push(buffer);
    this.#bytes += buffer.length;
    while (this.#bytes > this.#bytesMax) {
      const oldest = this.#buffers.shift() as Uint8Array<ArrayBuffer>;
      this.#bytes -= oldest.length;
      free(oldest);
    }
  }
}

/** A new buffer of so many bytes. One of some hundred KiB can be searched fast. */
export function newBuffer(bytes: number): Uint8Array<ArrayBuffer> {
  const mayBeSearched = bytes >= bytesMin && bytes <= searchableBytesMax;
  const buffer = mayBeSearched ? searchableBuffer(bytes) : undefined;
  return buffer === undefined ? new Uint8Array(bytes) : new Uint8Array(buffer, 0, bytes);
}

/**
 * Gives a buffer's memory back at once. The garbage collector comes only when hundreds of megabytes
 * have piled up.
 */
function free({ buffer }: Uint8Array<ArrayBuffer>): void {
  // Those cannot be given back, and are few.
  if (!isSearchable(buffer)) buffer.transfer(0);
}

/**
 * Bytes in a spare buffer that several holders share, counted: the last one to let go gives the
 * buffer back. A holder that never lets go costs only the reuse, so whoever cannot tell whether the
 * bytes are still read does not let go.
 */
export class LentBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #use: { holders: number };

  /** Bytes with one holder, in a buffer that nobody else uses. */
  constructor(bytes: Uint8Array<ArrayBuffer>, use = { holders: 1 }) {
    this.bytes = bytes;
    this.#use = use;
  }

  /** The number of bytes. */
  get length(): number {
    return this.bytes.length;
  }

  /** Length of the buffer that they are in, which may be twice as long. */
  get heldBytes(): number {
    return this.bytes.buffer.byteLength;
  }

  /** Whether nobody holds them any more: the buffer may be in other use then. */
  get isGone(): boolean {
    return this.#use.holders === 0;
  }

  /** Some of the bytes, for the same holders. */
  part(start: number, end: number): LentBytes {
    return new LentBytes(this.bytes.subarray(start, end), this.#use);
  }

  /** Adds a holder. */
  hold(): void {
    if (this.isGone) throw new Error("Cannot hold bytes that are somebody else's by now");
    this.#use.holders++;
  }

  /** A holder lets go. */
  letGo(): void {
    if (this.isGone || --this.#use.holders > 0) return;
    spareBuffers.give(new Uint8Array(this.bytes.buffer));
  }
}

/** The pool of this process. */
export const spareBuffers: SpareBuffers = new SpareBuffers();

const utf8 = new TextEncoder();

/** Texts of up to so many UTF-16 code units are encoded into {@link shortBuffer}. */
const shortLength = 1024;

/** The buffer for short texts: making an array for each takes half a microsecond. */
const shortBuffer = new Uint8Array(shortLength * 3);

/**
 * Hands a text's bytes in UTF-8 to `use`, which may not keep them, and may not encode another text
 * while it uses them. A long text is encoded into a spare buffer.
 */
export function withEncoded<Result>(text: string, use: (bytes: Uint8Array) => Result): Result {
  if (text.length <= shortLength) {
    return use(shortBuffer.subarray(0, utf8.encodeInto(text, shortBuffer).written));
  }
  if (text.length * 3 < bytesMin) return use(utf8.encode(text));
  const bytes = encodeLong(text);
  try {
    return use(bytes);
  } finally {
    spareBuffers.give(new Uint8Array(bytes.buffer));
  }
}

/** A text's bytes in UTF-8, in a spare buffer: the caller gives it back. */
export function encodeLong(text: string): Uint8Array<ArrayBuffer> {
  // Most long texts are ASCII, so room for one byte a character comes first.
  const buffer = spareBuffers.take(text.length);
  const { read, written } = utf8.encodeInto(text, buffer);
  if (read === text.length) return buffer.subarray(0, written);
  const larger = spareBuffers.take(written + (text.length - read) * 3);
  larger.set(buffer.subarray(0, written));
  spareBuffers.give(buffer);
  const rest = utf8.encodeInto(text.slice(read), larger.subarray(written));
  return larger.subarray(0, written + rest.written);
}

/**
 * The next quarter of a power of two, so that a buffer fits similar messages too, if it will be
 * kept at all. Whole powers would take 8 MiB for 4 MiB with the rest of their line.
 */
function roundedUp(bytes: number): number {
  if (bytes <= bytesMin || bytes > spareBuffersBytesMax) return bytes;
  const step = 2 ** Math.floor(Math.log2(bytes)) / 4;
  return Math.ceil(bytes / step) * step;
}
