import { hostRetriesPerSecondMax, hostsPacedMax } from "../../base/limits.ts";

/**
 * Spreads a client's further attempts to connect over time, host by host: whoever can write to
 * the registry could else list a thousand ports of any host, and have each client flood it.
 */
export class HostPace {
  /** When the last attempt that was let through may begin, by host. */
  readonly #lastAtMs = new Map<string, number>();

  /** Takes the next turn of a host, and returns in how many milliseconds that is. */
  next(host: string, nowMs: number): number {
    const atMs = Math.max(nowMs, this.#lastAtMs.get(host) ?? 0);
    if (this.#lastAtMs.size >= hostsPacedMax) this.#forget(nowMs);
    this.#lastAtMs.set(host, atMs + 1_000 / hostRetriesPerSecondMax);
    return atMs - nowMs;
  }

  /** Hosts whose turns are over need not be remembered. */
  #forget(nowMs: number): void {
    for (const [host, atMs] of this.#lastAtMs) {
      if (atMs <= nowMs) this.#lastAtMs.delete(host);
    }
  }
}
