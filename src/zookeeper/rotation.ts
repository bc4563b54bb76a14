/** The order in which the members of the ensemble are tried. */

import { type Random, shuffled } from "../base/random.ts";
import { addressOf, type HostPort } from "../base/names/host_port.ts";
import { TlsError } from "../base/system/tls_error.ts";
import { ZooKeeperError } from "./errors.ts";

/** Why a member could not be reached: in words, and what was thrown, if anything. */
interface Failure {
  readonly reason: string;
  readonly cause?: unknown;
}

/** Goes round the members in an order drawn at random, so that clients spread. */
export class Rotation {
  readonly #members: readonly HostPort[];
  #turn = 0;
  #isFirstRound = true;
  #failures = new Map<HostPort, Failure>();

  constructor(members: readonly HostPort[], random: Random) {
    this.#members = shuffled(random, members);
  }

  get size(): number {
    return this.#members.length;
  }

  /** Whether no round has failed since a member was reached last. */
  get isFirstRound(): boolean {
    return this.#isFirstRound;
  }

  next(): HostPort {
    return this.#members[this.#turn++ % this.#members.length] as HostPort;
  }

  /** Notes that a member could not be reached. Returns an error if now none of them could. */
  failed(member: HostPort, failure: Failure): ZooKeeperError | undefined {
    this.#failures.set(member, failure);
    if (this.#failures.size < this.#members.length) return undefined;
    const failures = [...this.#failures];
    this.#failures.clear();
    this.#isFirstRound = false;
    const list = failures.map(([m, { reason }]) => `${addressOf(m)} (${reason})`).join(", ");
    const causes = failures.map(([, { cause }]) => cause);
    // What is wrong with TLS says more of what to do than that a member is down.
    const cause = causes.find((one) => one instanceof TlsError) ?? causes[0];
    return new ZooKeeperError("CONNECTION_LOSS", `Cannot reach ZooKeeper at ${list}`, cause);
  }

  /** Notes that a member was reached: a new round begins. */
  succeeded(): void {
    this.#isFirstRound = true;
    this.#failures.clear();
  }
}
