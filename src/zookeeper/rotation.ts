/** The order in which the members of the ensemble are tried. */

import { type Random, shuffled } from "../base/random.ts";
import { addressOf, type HostPort } from "../base/names/host_port.ts";
import { ZooKeeperError } from "./errors.ts";

/** Goes round the members in an order drawn at random, so that clients spread. */
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

  /** Notes that a member could not be reached. Returns an error if now none of them could. */
  failed(member: HostPort, reason: string): ZooKeeperError | undefined {
    this.#reasons.set(member, reason);
    if (this.#reasons.size < this.#members.length) return undefined;
    const list = [...this.#reasons].map(([m, why]) => `${addressOf(m)} (${why})`).join(", ");
    this.#reasons.clear();
    return new ZooKeeperError("CONNECTION_LOSS", `Cannot reach ZooKeeper at ${list}`);
  }

  /** Notes that a member was reached: a new round begins. */
  succeeded(): void {
    this.#reasons.clear();
  }
}
