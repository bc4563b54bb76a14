/**
 * Jute, ZooKeeper's serialisation: big-endian integers, and byte strings, texts and lists that
 * begin with their length as a 32-bit integer (-1: null).
 */

import { ZooKeeperError } from "./errors.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Length of the prefix that every frame on the wire begins with, in bytes. */
export const framePrefixBytes = 4;

/** Builds one frame with its length prefix. Every method returns the writer itself. */
export class JuteWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = framePrefixBytes;

  int(value: number): this {
    const at = this.#grow(4);
    this.#view.setInt32(at, value);
    return this;
  }

  long(value: bigint): this {
    const at = this.#grow(8);
    this.#view.setBigInt64(at, value);
    return this;
  }

  bool(value: boolean): this {
    const at = this.#grow(1);
    this.#view.setUint8(at, value ? 1 : 0);
    return this;
  }

  buffer(value: Uint8Array): this {
    this.int(value.length);
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  string(value: string): this {
    return this.buffer(encoder.encode(value));
  }

  /** A list: its length, then each item as `write` writes it. */
  list<Item>(items: readonly Item[], write: (writer: this, item: Item) => void): this {
    this.int(items.length);
    for (const item of items) write(this, item);
    return this;
  }

  /** The whole frame. Do not use the writer afterwards. */
  frame(): Uint8Array {
    this.#view.setInt32(0, this.#length - framePrefixBytes);
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room and returns its offset. It may replace the bytes and the view: call it before. */
  #grow(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}

/**
 * Reads one frame's payload. Lengths are checked before anything is allocated for them: every
 * method throws MARSHALLING_ERROR if the payload is too short or a length makes no sense.
 */
export class JuteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(payload: Uint8Array) {
    this.#bytes = payload;
    this.#view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  int(): number {
    return this.#view.getInt32(this.#take(4));
  }

  long(): bigint {
    return this.#view.getBigInt64(this.#take(8));
  }

  bool(): boolean {
    return this.#view.getUint8(this.#take(1)) !== 0;
  }

  /** A copy, which does not keep the payload in memory. Null reads as empty. */
  buffer(): Uint8Array {
    return this.#slice().slice();
  }

  string(): string {
    return decoder.decode(this.#slice());
  }

  strings(): string[] {
    const count = this.int();
    const items: string[] = [];
    for (let i = 0; i < count; i++) items.push(this.string());
    return items;
  }

  #slice(): Uint8Array {
    const length = this.int();
    if (length < -1) throw malformed(`a length of ${length}`, this.remaining);
    const size = Math.max(length, 0);
    const at = this.#take(size);
    return this.#bytes.subarray(at, at + size);
  }

  #take(size: number): number {
    if (size > this.remaining) throw malformed(`${size} bytes`, this.remaining);
    const at = this.#at;
    this.#at += size;
    return at;
  }
}

function malformed(what: string, remaining: number): ZooKeeperError {
  return new ZooKeeperError(
    "MARSHALLING_ERROR",
    `Cannot read ZooKeeper's answer: it announces ${what} where ${remaining} bytes are left`,
  );
}
