import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { askConnectionsAgainMs, askConnectionsMs, shareMax, shareTolerance } from "./limits.ts";
import type { Member } from "./member.ts";

/** What is known of one server. */
interface Known {
  askAtMs: number;
  /** Its number of connections; `undefined`: not told. */
  connections: number | undefined;
}

/**
 * The share of this client's calls that each server of its subset gets.
 *
 * A server that weighs twice as much is in the subsets of twice as many clients. So within a subset
 * all count alike: to count weights once more would give it four times as many calls.
 *
 * Clients choose their servers independently, so by chance some servers have twice as many clients
 * as others of their weight. Each server tells its number of connections, and gets calls in inverse
 * proportion. Then all servers get what they weigh from all their clients together.
 */
export class Shares {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #known = new Map<Member, Known>();
  #isNew = false;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The average weight with shares; 0 while no shares are known. */
  weightOfOne = 0;

  /** Asks the servers that are due. Returns whether shares have changed. */
  tick(endpoints: Iterable<Member>): boolean {
    const nowMs = this.#clock.now();
    for (const endpoint of endpoints) {
      let known = this.#known.get(endpoint);
      if (known === undefined) {
        known = { askAtMs: nowMs, connections: undefined };
        this.#known.set(endpoint, known);
        this.#isNew = true;
      }
      if (nowMs >= known.askAtMs) this.#ask(endpoint, known, nowMs);
    }
    if (!this.#isNew) return false;
    this.#isNew = false;
    this.#apply();
    return true;
  }

  /** Forgets all shares. Only weights count again. */
  forget(): void {
    for (const endpoint of this.#known.keys()) if (!endpoint.isClosed) endpoint.share = 1;
    this.#known.clear();
    this.weightOfOne = 0;
  }

  #ask(endpoint: Member, known: Known, nowMs: number): void {
    const isFirst = known.connections === undefined;
    const pauseMs = isFirst ? askConnectionsAgainMs : askConnectionsMs;
    known.askAtMs = nowMs + pauseMs * (0.5 + this.#random());
    endpoint.askConnections((connections) => {
      known.connections = connections;
      this.#isNew = true;
    });
  }

  #apply(): void {
    let sum = 0;
    let told = 0;
    let weights = 0;
    let weighty = 0;
    for (const [endpoint, { connections }] of this.#known) {
      const { weight } = endpoint.instance;
      if (endpoint.isClosed) this.#known.delete(endpoint);
      else if (weight > 0) {
        weights += weight;
        weighty++;
        if (connections === undefined) continue;
        sum += connections / weight;
        told++;
      }
    }
    const meanWeight = weighty === 0 ? 1 : weights / weighty;
    let shares = 0;
    for (const [endpoint, { connections }] of this.#known) {
      const { weight } = endpoint.instance;
      if (weight <= 0) {
        endpoint.share = 1;
        continue;
      }
      // A server that does not tell counts as an average one of its weight.
      const ratio = connections === undefined ? 1 : sum / told / (connections / weight);
      const bounded = Math.min(Math.max(ratio, 1 / shareMax), shareMax);
      const rounded = Math.abs(bounded - 1) < shareTolerance ? 1 : bounded;
      endpoint.share = rounded * meanWeight / weight;
      shares += rounded;
    }
    this.weightOfOne = weighty === 0 ? 0 : meanWeight * shares / weighty;
  }
}
