/** Cuts a byte stream into frames: a 32-bit big-endian length, then that many bytes. */

import { ZooKeeperError } from "./errors.ts";
import { framePrefixBytes } from "./jute.ts";

/** How much of a frame that is too long is kept: the header, which tells the operation. */
const headBytes = 16;

/** Longest frame that is skipped: no ZooKeeper server sends longer ones. */
const skippedBytesMax = 64 * 1024 * 1024;

/** The beginning of a frame that is longer than the bound. */
export class CutFrame {
  readonly head: Uint8Array;
  readonly length: number;

  constructor(head: Uint8Array, length: number) {
    this.head = head;
    this.length = length;
  }
}

/** Cuts bytes into frames, however the bytes are split. */
export class FrameSplitter {
  readonly #frameBytesMax: number;
  readonly #prefix = new Uint8Array(framePrefixBytes);
  #prefixFilled = 0;
  #payload: Uint8Array | undefined;
  #payloadFilled = 0;
  /** Bytes of a cut frame that are still to be skipped. */
  #skipped = 0;

  /** `frameBytesMax` bounds one payload: it is checked before memory is taken for it. */
  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /**
   * Takes the next bytes, which are copied, and yields the payloads that are now complete, without
   * their prefix. Of a frame that is too long it yields the head, and skips the rest. Throws
   * FRAME_TOO_LARGE or MARSHALLING_ERROR at a length that cannot be ZooKeeper's; the stream cannot
   * be read any further then.
   */
  *push(chunk: Uint8Array): Generator<Uint8Array | CutFrame, void> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skipped > 0) {
        const skipped = Math.min(this.#skipped, chunk.length - at);
        this.#skipped -= skipped;
        at += skipped;
        continue;
      }
      if (this.#payload === undefined) {
        const taken = chunk.subarray(at, at + framePrefixBytes - this.#prefixFilled);
        this.#prefix.set(taken, this.#prefixFilled);
        this.#prefixFilled += taken.length;
        at += taken.length;
        if (this.#prefixFilled < framePrefixBytes) return;
        const length = this.#announcedLength();
        this.#payload = new Uint8Array(
          length > this.#frameBytesMax ? Math.min(headBytes, length) : length,
        );
        this.#payloadFilled = 0;
      }
      const payload = this.#payload;
      const taken = chunk.subarray(at, at + payload.length - this.#payloadFilled);
      payload.set(taken, this.#payloadFilled);
      this.#payloadFilled += taken.length;
      at += taken.length;
      if (this.#payloadFilled < payload.length) return;
      this.#payload = undefined;
      this.#prefixFilled = 0;
      const length = this.#announcedLength();
      if (length > this.#frameBytesMax) {
        this.#skipped = length - payload.length;
        yield new CutFrame(payload, length);
      } else yield payload;
    }
  }

  #announcedLength(): number {
    const length = new DataView(this.#prefix.buffer).getInt32(0);
    if (length < 0) {
      throw new ZooKeeperError(
        "MARSHALLING_ERROR",
        `Cannot read from ZooKeeper: a frame announces ${length} bytes. Is it a ZooKeeper server?`,
      );
    }
    if (length > Math.max(this.#frameBytesMax, skippedBytesMax)) {
      throw new ZooKeeperError(
        "FRAME_TOO_LARGE",
        `Cannot read from ZooKeeper: a frame of ${length} bytes, and at most ${this.#frameBytesMax} ` +
          `are taken. Raise frameBytesMax, or keep fewer or smaller nodes`,
      );
    }
    return length;
  }
}
