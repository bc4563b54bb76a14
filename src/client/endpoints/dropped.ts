import type { Clock } from "../../base/clock.ts";
import { addressOf } from "../../base/names/host_port.ts";
import type { Change } from "../../discovery/discovery.ts";
import type { Endpoint } from "./endpoint.ts";
import { droppedTrustMs } from "./limits.ts";

/**
 * Servers that the registry has dropped from its list.
 *
 * If they are more than those that it lists, the list is doubted, and those that are still
 * connected are called like the others: a registry that was wiped is filled again server by server,
 * and all calls of all clients would go to the first of these. It is doubted for a while only,
 * since servers may have been taken off the list on purpose. Those that stop say so on their
 * connections.
 */
export class Dropped {
  readonly #clock: Clock;
  /** When they were dropped, by address, the first one first. */
  readonly #since = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many were dropped lately, and are not listed again. */
  get size(): number {
    return this.#since.size;
  }

  has({ address }: Endpoint): boolean {
    return this.#since.has(address);
  }

  update({ listed, unlisted }: Change): void {
    const nowMs = this.#clock.now();
    for (const instance of listed) this.#since.delete(addressOf(instance));
    for (const instance of unlisted) this.#since.set(addressOf(instance), nowMs);
  }

  /** Forgets those that were dropped long ago. */
  tick(): void {
    const nowMs = this.#clock.now();
    for (const [address, sinceMs] of this.#since) {
      if (nowMs - sinceMs < droppedTrustMs) return;
      this.#since.delete(address);
    }
  }
}

/** Whether a server that is not listed could take calls like one that is. */
export function isWell({ priority, isDraining, isEjected }: Endpoint): boolean {
  return priority === "fallback" && !isDraining && !isEjected;
}
