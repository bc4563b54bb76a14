import type { Clock, Timer } from "../../base/clock.ts";
import { siteOf } from "../../base/names/site.ts";
import { hostAttemptsAtOnce, hostAttemptsPerSecond, hostsPacedMax } from "../../base/limits.ts";

/** Who wants to try a host: called when it may. */
type Attempt = () => void;

/** What one host is still to be spared. */
interface Host {
  /** Attempts that may begin at once, as of {@link sinceMs}. */
  left: number;
  sinceMs: number;
  /** In the order of their turns. */
  readonly first: Set<Attempt>;
  /** After the first ones: those were there already, and may be nobody. */
  readonly further: Set<Attempt>;
  timer: Timer | undefined;
}

/**
 * All hosts that are given by name, as one: a thousand names may all mean one host, and which it is
 * would be known only by asking for it a thousand times.
 */
const names = "names";

/** All of this machine's own loopback. */
const loopback = "127.0.0.1";

/** What is tried at one pace. */
function keyOf(host: string): string {
  const site = siteOf(host) ?? names;
  return site.startsWith("127.") || host === "::1" || host === "localhost" ? loopback : site;
}

/**
 * Bounds a client's attempts to connect, host by host: whoever can write to the registry could else
 * list a thousand ports of any host, or one port under ever new names, and have each client flood
 * it. A first attempt that comes to something does not count, so a host with a thousand servers is
 * connected as soon as they answer.
 */
export class HostPace {
  readonly #clock: Clock;
  readonly #hosts = new Map<string, Host>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Has an attempt begin, now or as soon as the host may be tried. */
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

  /** It is not to begin any more. */
  leave(name: string, attempt: Attempt): void {
    const host = this.#hosts.get(keyOf(name));
    host?.first.delete(attempt);
    host?.further.delete(attempt);
  }

  /** Whether the host may be tried now, which then counts. */
  take(name: string): boolean {
    const host = this.#host(name);
    if (this.#refill(host) < 1) return false;
    host.left--;
    return true;
  }

  /** An attempt came to something. */
  giveBack(name: string): void {
    const host = this.#hosts.get(keyOf(name));
    if (host === undefined) return;
    host.left = Math.min(hostAttemptsAtOnce, this.#refill(host) + 1);
    this.#begin(host);
  }

  /** Nobody has a turn any more. */
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

  /** A host that may be tried as one never tried need not be remembered. */
  #forget(): void {
    for (const [name, host] of this.#hosts) {
      if (host.timer === undefined && this.#refill(host) === hostAttemptsAtOnce) {
        this.#hosts.delete(name);
      }
    }
  }
}
