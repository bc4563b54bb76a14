/** Cuts a byte stream into frames: a 32-bit big-endian length, then that many bytes. */

import { ZooKeeperError } from "./errors.ts";
import { framePrefixBytes } from "./jute.ts";

/** Incremental: bytes may come whole, one by one or split anywhere. Neither sockets nor timers here. */
export class FrameSplitter {
  readonly #frameBytesMax: number;
  readonly #prefix = new Uint8Array(framePrefixBytes);
  #prefixFilled = 0;
  #payload: Uint8Array | undefined;
  #payloadFilled = 0;

  /** `frameBytesMax` bounds one payload: it is checked before memory is taken for it. */
  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /**
   * Takes the next bytes (they are copied) and yields the payloads that are now complete, without their
   * prefix. Throws FRAME_TOO_LARGE or MARSHALLING_ERROR after the payloads before the bad one; the stream
   * cannot be read on after that.
   */
  *push(chunk: Uint8Array): Generator<Uint8Array, void> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#payload === undefined) {
        const taken = chunk.subarray(at, at + framePrefixBytes - this.#prefixFilled);
        this.#prefix.set(taken, this.#prefixFilled);
        this.#prefixFilled += taken.length;
        at += taken.length;
        if (this.#prefixFilled < framePrefixBytes) return;
        this.#payload = new Uint8Array(this.#announcedLength());
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
      yield payload;
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
    if (length > this.#frameBytesMax) {
      throw new ZooKeeperError(
        "FRAME_TOO_LARGE",
        `Cannot read from ZooKeeper: a frame of ${length} bytes, and at most ${this.#frameBytesMax} ` +
          `are taken. Raise frameBytesMax, or keep fewer or smaller nodes`,
      );
    }
    return length;
  }
}
