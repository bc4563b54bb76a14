import { readBufferBytes, readBufferBytesIdle } from "../base/limits.ts";

/** After this many reads in a row of at most half a small buffer, the large one is dropped. */
const shortReadsMax = 16;

/**
 * The buffer that a connection reads into: small until a read fills it, then large until reads are
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
      if (length < readBufferBytes) this.#bytes = new Uint8Array(readBufferBytes);
    } else if (length * 2 > readBufferBytesIdle) {
      this.#shortReads = 0;
    } else if (bytes.length > readBufferBytesIdle && ++this.#shortReads >= shortReadsMax) {
      this.#bytes = new Uint8Array(readBufferBytesIdle);
    }
    return bytes.subarray(0, length);
  }
}
