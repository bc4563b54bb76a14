/** Whose turn it is among the members of the ensemble. */

import { type Random, shuffled } from "../base/random.ts";
import { addressOf, type HostPort } from "../base/names/host_port.ts";
import { ZooKeeperError } from "./errors.ts";

/**
 * Walks round the members, in an order drawn once so that clients spread, and counts the failures.
 */
export class Rotation {
  readonly #members: readonly HostPort[];
  #turn = 0;
  #reasons = new Map<HostPort, string>();

  constructor(members: readonly HostPort[], random: Random) {
    this.#members = shuffled(random, members);
  }

  get size(): number {
    return this.#members.length;
  }

  next(): HostPort {
    return this.#members[this.#turn++ % this.#members.length] as HostPort;
  }

  /**
   * A member could not be reached. If that ends a pass in which none could, returns what to report.
   */
  failed(member: HostPort, reason: string): ZooKeeperError | undefined {
    this.#reasons.set(member, reason);
    if (this.#reasons.size < this.#members.length) return undefined;
    const list = [...this.#reasons].map(([m, why]) => `${addressOf(m)} (${why})`).join(", ");
    this.#reasons.clear();
    return new ZooKeeperError("CONNECTION_LOSS", `Cannot reach ZooKeeper at ${list}`);
  }

  /** A member was reached: a new pass begins. */
  succeeded(): void {
    this.#reasons.clear();
  }
}
