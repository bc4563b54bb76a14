import type { Clock, Timer } from "../../base/clock.ts";
import { siteOf } from "../../base/names/site.ts";
import { hostAttemptsAtOnce, hostAttemptsPerSecond, hostsPacedMax } from "../../base/limits.ts";

/** Called when an attempt at a host may begin. */
type Attempt = () => void;

/** The attempts at one host. */
interface Host {
  /** Attempts that may begin now, as of {@link sinceMs}. */
  left: number;
  sinceMs: number;
  /** First attempts that wait, in order. */
  readonly first: Set<Attempt>;
  /** Repeated attempts that wait; first attempts go before them. */
  readonly further: Set<Attempt>;
  timer: Timer | undefined;
}

/** All hosts given by name count as one: a thousand names may all belong to a single host. */
const names = "names";

/** All loopback addresses count as this one. */
const loopback = "127.0.0.1";

/** The key under which a host's attempts are counted. */
function keyOf(host: string): string {
  const site = siteOf(host) ?? names;
  return site.startsWith("127.") || host === "::1" || host === "localhost" ? loopback : site;
}

/**
 * Bounds a client's attempts to connect to each host. Otherwise somebody who can write to the
 * registry could list a thousand ports of any host, or one port under many names, and every client
 * would flood it. A first attempt that succeeds does not count, so a host with a thousand servers
 * is connected as soon as they answer.
 */
export class HostPace {
  readonly #clock: Clock;
  readonly #hosts = new Map<string, Host>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins an attempt now, or as soon as the host may be tried. */
  enter(name: string, attempt: Attempt, isFirst: boolean): void {
    const host = this.#host(name);
    if (this.#refill(host) >= 1 && host.first.size === 0 && (isFirst || host.further.size === 0)) {
      host.left--;
      attempt();
      return;
    }
    (isFirst ? host.first : host.further).add(attempt);
    this.#wait(host);
  }

  /** Drops an attempt that waits. */
  leave(name: string, attempt: Attempt): void {
    const host = this.#hosts.get(keyOf(name));
    host?.first.delete(attempt);
    host?.further.delete(attempt);
  }

  /** Counts an attempt now, or returns `false` if the host may not be tried. */
  take(name: string): boolean {
    const host = this.#host(name);
    if (this.#refill(host) < 1) return false;
    host.left--;
    return true;
  }

  /** An attempt has succeeded, and does not count. */
  giveBack(name: string): void {
    const host = this.#hosts.get(keyOf(name));
    if (host === undefined) return;
    host.left = Math.min(hostAttemptsAtOnce, this.#refill(host) + 1);
    this.#begin(host);
  }

  /** Begins no more attempts. */
  close(): void {
    for (const host of this.#hosts.values()) host.timer?.cancel();
    this.#hosts.clear();
  }

  #host(name: string): Host {
    const key = keyOf(name);
    const known = this.#hosts.get(key);
    if (known !== undefined) return known;
    if (this.#hosts.size >= hostsPacedMax) this.#forget();
    const host: Host = {
      left: hostAttemptsAtOnce,
      sinceMs: this.#clock.now(),
      first: new Set(),
      further: new Set(),
      timer: undefined,
    };
    this.#hosts.set(key, host);
    return host;
  }

  #refill(host: Host): number {
    const nowMs = this.#clock.now();
    const more = (nowMs - host.sinceMs) * hostAttemptsPerSecond / 1_000;
    host.left = Math.min(hostAttemptsAtOnce, host.left + more);
    host.sinceMs = nowMs;
    return host.left;
  }

  #begin(host: Host): void {
    for (const waiting of [host.first, host.further]) {
      for (const attempt of waiting) {
        if (this.#refill(host) < 1) return this.#wait(host);
        host.left--;
        waiting.delete(attempt);
        attempt();
      }
    }
  }

  #wait(host: Host): void {
    if (host.timer !== undefined) return;
    const waitMs = Math.ceil((1 - this.#refill(host)) * 1_000 / hostAttemptsPerSecond);
    host.timer = this.#clock.after(Math.max(1, waitMs), () => {
      host.timer = undefined;
      this.#begin(host);
    });
  }

  /** Drops hosts whose allowance is full again. */
  #forget(): void {
    for (const [name, host] of this.#hosts) {
      if (host.timer === undefined && this.#refill(host) === hostAttemptsAtOnce) {
        this.#hosts.delete(name);
      }
    }
  }
}
