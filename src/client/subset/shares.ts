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
 * Clients choose their servers independently, so by chance some servers have twice as many clients
 * as others. Each server tells its number of connections, and gets calls in inverse proportion.
 * Then all servers get about the same from all their clients together.
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
    let count = 0;
    for (const [endpoint, { connections }] of this.#known) {
      if (endpoint.isClosed) this.#known.delete(endpoint);
      else if (connections !== undefined && endpoint.instance.weight > 0) {
        sum += connections / endpoint.instance.weight;
        count++;
      }
    }
    if (count === 0) return;
    const mean = sum / count;
    let weights = 0;
    for (const [endpoint, { connections }] of this.#known) {
      // A server that does not tell counts as an average one.
      const density = connections === undefined ? mean : connections / endpoint.instance.weight;
      const share = Math.min(Math.max(mean / density, 1 / shareMax), shareMax);
      const rounded = Math.abs(share - 1) < shareTolerance ? 1 : share;
      endpoint.share = rounded;
      weights += endpoint.instance.weight * rounded;
    }
    this.weightOfOne = weights / this.#known.size;
  }
}
