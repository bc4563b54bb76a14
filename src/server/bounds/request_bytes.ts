import { shortRequestBytes } from "../../base/limits.ts";

/** What the requests of one caller take that are under way. */
export interface RequestShare {
  /** Of the long ones. */
  bytes: number;
}

/**
 * What the requests under way take together, which is bounded for long ones, and for those of one
 * caller to half of it. Short ones are bounded by their number.
 */
export class RequestBytes {
  readonly #bytesMax: number;
  readonly #shares = new WeakMap<object, RequestShare>();
  #total = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** What a caller has under way; its connections have the same key. */
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

  /** A request has begun, or with less than nothing has ended. */
  add(share: RequestShare, bytes: number): void {
    if (Math.abs(bytes) <= shortRequestBytes) return;
    this.#total += bytes;
    share.bytes += bytes;
  }
}
