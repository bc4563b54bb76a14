import type { Clock } from "../../base/clock.ts";
import type { Endpoint } from "./endpoint.ts";
import { droppedTrustMs } from "./limits.ts";

/**
 * Servers that the registry has dropped from its list, and that are still connected.
 *
 * If they are more than those that it lists, the list is doubted, and they are called like the
 * others: a registry that was wiped is filled again server by server, and all calls of all clients
 * would go to the first of these. It is doubted for a while only, since servers may have been taken
 * off the list on purpose. Those that stop say so on their connections.
 */
export class Dropped {
  readonly #clock: Clock;
  /** When they were dropped. */
  readonly #since = new Map<Endpoint, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#since.size;
  }

  has(endpoint: Endpoint): boolean {
    return this.#since.has(endpoint);
  }

  /** The registry has dropped a server. */
  add(endpoint: Endpoint): void {
    this.#since.set(endpoint, this.#clock.now());
  }

  /** Those that still count. Forgets the others: they are listed again, gone, or out too long. */
  current(): Endpoint[] {
    const nowMs = this.#clock.now();
    const current: Endpoint[] = [];
    for (const [endpoint, sinceMs] of this.#since) {
      const { isListed, isClosed } = endpoint;
      if (isListed || isClosed || nowMs - sinceMs >= droppedTrustMs) this.#since.delete(endpoint);
      else if (isWell(endpoint)) current.push(endpoint);
    }
    return current;
  }
}

/** Whether a server that is not listed could take calls like one that is. */
export function isWell({ priority, isDraining, isEjected }: Endpoint): boolean {
  return priority === "fallback" && !isDraining && !isEjected;
}
