import { shortRequestBytes } from "../limits.ts";

/** The requests of one caller that are under way. */
export interface RequestShare {
  /** Bytes of the long ones. */
  bytes: number;
}

/**
 * Bounds the bytes of all long requests under way together, and those of one caller to half of
 * that. Short requests are bounded by their number.
 */
export class RequestBytes {
  readonly #bytesMax: number;
  readonly #shares = new WeakMap<object, RequestShare>();
  #total = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The share of a caller. All its connections have the same key. */
  shareOf(key: object): RequestShare {
    let share = this.#shares.get(key);
    if (share === undefined) {
      share = { bytes: 0 };
      this.#shares.set(key, share);
    }
    return share;
  }

  /** Whether one more request may begin. */
  hasRoom(share: RequestShare, bytes: number): boolean {
    return bytes <= shortRequestBytes ||
      (this.#total + bytes <= this.#bytesMax && share.bytes + bytes <= this.#bytesMax / 2);
  }

  /** Adds the bytes of a request that begins, or subtracts those of one that has ended. */
  add(share: RequestShare, bytes: number): void {
    if (Math.abs(bytes) <= shortRequestBytes) return;
    this.#total += bytes;
    share.bytes += bytes;
  }
}
