/** What a connection reads into, and what it writes short lines into. */

import {
  lineBufferBytes,
  lineBuffersMax,
  readBufferBytes,
  readBufferBytesIdle,
  readBufferBytesLong,
  shortLineBytesMax,
} from "../base/limits.ts";
import { newBuffer } from "../base/spare_buffers.ts";

/** After this many reads in a row of at most half a small buffer, the large one is dropped. */
const shortReadsMax = 16;

/**
 * The buffer that a connection reads into: small until a read fills it, then larger until reads are
 * short again. So an idle connection costs little, and a busy one reads a whole window at a time.
 */
export class ReadBuffer {
  #bytes = new Uint8Array(readBufferBytesIdle);
  #shortReads = 0;

  /** The buffer of the next read. It may be another one after each {@link took}. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** Returns the bytes of a read, which are valid until the next one, and prepares for that. */
  took(length: number): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes;
    if (length === bytes.length) {
      this.#shortReads = 0;
      if (length < readBufferBytesLong) this.#bytes = newBuffer(largerThan(length));
    } else if (length * 2 > readBufferBytesIdle) {
      this.#shortReads = 0;
    } else if (bytes.length > readBufferBytesIdle && ++this.#shortReads >= shortReadsMax) {
      this.#bytes = new Uint8Array(readBufferBytesIdle);
    }
    return bytes.subarray(0, length);
  }
}

function largerThan(bytes: number): number {
  return bytes < readBufferBytes ? readBufferBytes : readBufferBytesLong;
}

const zero = 0x30;
const space = 0x20;
const quote = 0x22;
const backslash = 0x5c;
const delete_ = 0x7f;

const wordBytes = 4;

const utf8 = new TextEncoder();

/** A text that many messages have: compared with bytes, or copied four bytes at a time. */
export class FixedText {
  readonly length: number;
  readonly words: Uint32Array;
  readonly #bytes: Uint8Array;

  constructor(text: string) {
    const bytes = utf8.encode(text);
    this.#bytes = bytes;
    this.length = bytes.length;
    const padded = new Uint8Array(Math.ceil(bytes.length / wordBytes) * wordBytes);
    padded.set(bytes);
    const view = new DataView(padded.buffer);
    this.words = new Uint32Array(padded.length / wordBytes)
      .map((_, index) => view.getUint32(index * wordBytes, true));
  }

  isAt(at: number, bytes: Uint8Array): boolean {
    const own = this.#bytes;
    for (let i = 0; i < own.length; i++) if (bytes[at + i] !== own[i]) return false;
    return true;
  }
}

const noView = new DataView(new ArrayBuffer(0));

/** Memory of all {@link LineBuffer}s in which there is nothing now. */
const spare: DataView<ArrayBuffer>[] = [];

/**
 * Lines that were written as bytes, and not sent. To write a line as text takes three times as
 * long: text is joined, flattened and encoded. It has memory while there is a line in it.
 *
 * Whoever writes a line looks for {@link hasRoom}, writes from {@link end} on, and moves that.
 */
export class LineBuffer {
  #view: DataView<ArrayBuffer> = noView;
  #start = 0;
  /** Where the next line begins. */
  end = 0;

  /** Bytes that were not taken yet. */
  get length(): number {
    return this.end - this.#start;
  }

  /** The memory that it has. */
  get heldBytes(): number {
    return this.#view.byteLength;
  }

  /** Whether there is room for another line of {@link shortLineBytesMax}. */
  hasRoom(): boolean {
    if (this.#view === noView) {
      this.#view = spare.pop() ?? new DataView(new ArrayBuffer(lineBufferBytes));
    }
    return lineBufferBytes - this.end >= shortLineBytesMax;
  }

  /** The lines, which stay as they are until {@link release}. Later ones go behind them. */
  take(): Uint8Array {
    const taken = new Uint8Array(this.#view.buffer, this.#start, this.length);
    this.#start = this.end;
    return taken;
  }

  /** What was taken is not needed any more. */
  release(): void {
    if (this.#start < this.end || this.#view === noView) return;
    if (spare.length < lineBuffersMax) spare.push(this.#view);
    this.drop();
  }

  /** Drops everything. What was taken may still be needed, so nobody else gets its memory. */
  drop(): void {
    this.#view = noView;
    this.#start = this.end = 0;
  }

  /** Writes a text, and up to three more bytes behind it. Returns where it ends, as the others. */
  copy(at: number, { words, length }: FixedText): number {
    const view = this.#view;
    for (let i = 0; i < words.length; i++) {
      view.setUint32(at + i * wordBytes, words[i] as number, true);
    }
    return at + length;
  }

  byte(at: number, byte: number): number {
    this.#view.setUint8(at, byte);
    return at + 1;
  }

  /** Writes a number that {@link isWritten}. */
  number(at: number, value: number): number {
    const view = this.#view;
    let end = at + 1;
    for (let bound = 10; value >= bound; bound *= 10) end++;
    let left = value | 0;
    for (let i = end - 1; i >= at; i--) {
      const next = (left / 10) | 0;
      view.setUint8(i, zero + left - next * 10);
      left = next;
    }
    return end;
  }

  /** Writes a text as JSON, or returns -1 if something in it has to be escaped or encoded. */
  text(at: number, text: string): number {
    const view = this.#view;
    view.setUint8(at, quote);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (!isPlain(code)) return -1;
      view.setUint8(at + 1 + i, code);
    }
    view.setUint8(at + 1 + text.length, quote);
    return at + 2 + text.length;
  }
}

function isPlain(code: number): boolean {
  return code >= space && code < delete_ && code !== quote && code !== backslash;
}

/** Whether a text is the same in JSON, but for its quotes. */
export function isPlainText(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (!isPlain(text.charCodeAt(i))) return false;
  return true;
}

/** Whether a number is whole and has 31 bits at the most, and no sign: such ones divide fast. */
export function isWritten(value: number): boolean {
  return (value | 0) === value && value >= 0;
}
