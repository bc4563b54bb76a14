import { readBufferBytes, readBufferBytesIdle } from "../base/limits.ts";

/**
 * Reads in a row that would have fitted the small buffer twice, after which the large one is given
 * back.
 */
const shortReadsMax = 16;

/**
 * What one connection reads into: small until a read fills it, then large until little comes again.
 * So a connection that nobody uses costs little, and one in full use still takes a window's worth
 * at a time.
 */
export class ReadBuffer {
  #bytes = new Uint8Array(readBufferBytesIdle);
  #shortReads = 0;

  /** What the next read fills. Another one after each {@link took}, possibly. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /**
   * Returns what a read has filled, which stays as it is until the next read, and prepares for
   * that.
   */
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
