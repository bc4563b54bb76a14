import type { Clock } from "../../base/clock.ts";
import { loadLater } from "../../base/system/load_later.ts";
import type { Caller } from "../../keys/caller.ts";

/** How often a member may ask in a period: who tries out renewals does so every second. */
const askedMax = 30;
const periodMs = 60_000;

const loadRenewal = loadLater(() => import("../../keys/renewal.ts"));

/**
 * Renews callers' certificates, where the cluster was made. Each takes some 16 ms, as hundreds of
 * calls, so a member gets only some, however many connections it has.
 */
export class Renewals {
  readonly #directory: string;
  readonly #clock: Clock;
  /** By name. There are no more than the cluster has members. */
  readonly #asked = new Map<string, { readonly sinceMs: number; count: number }>();

  /** @param directory where the keys are, that of the authority among them */
  constructor(directory: string, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
  }

  /**
   * Makes the certificate that a member asks for. The code is loaded at the first use.
   *
   * @throws {Error} why it gets none
   */
  async renew(caller: Caller, request: string): Promise<string> {
    const { name } = caller;
    const nowMs = this.#clock.now();
    let asked = this.#asked.get(name);
    if (asked === undefined || nowMs - asked.sinceMs >= periodMs) {
      this.#asked.set(name, asked = { sinceMs: nowMs, count: 0 });
    }
    if (++asked.count > askedMax) {
      throw new Error(`${name} has asked ${askedMax} times within a minute: wait for another one`);
    }
    const { renewMember } = await loadRenewal();
    return await renewMember(this.#directory, caller, request, this.#clock.wallTimeMs());
  }
}
